# Thirty years of share prices: returns, draw-downs, a portfolio, and a simulation of what might come.
# Not there after a resume: file, writer
# %%
import csv
import os
from pathlib import Path

import matplotlib
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

pd.options.display.float_format = "{:.3f}".format
# %%
source = Path(matplotlib.get_data_path()) / "sample_data" / "Stocks.csv"
os.makedirs("out", exist_ok=True)
print(source.name, "exists:", source.exists())
# %%
prices = pd.read_csv(source, comment="#", parse_dates=["Date"]).set_index("Date").dropna(how="all")
prices = prices.rename(columns={"^GSPC": "SP500", "^IXIC": "NASDAQ"}).loc["1990":"2020"]
prices.tail(3)
# %%
share_known = prices.notna().mean().sort_values()
whole = share_known[share_known > 0.95].index.tolist()
share_known
# %%
monthly = prices[whole].resample("MS").last().ffill()
returns = np.log(monthly).diff().dropna()
returns.describe().T[["mean", "std", "min", "max"]]
# %%
def drawdown(series):
    """How far below its highest value so far a series stands."""
    return series / series.cummax() - 1


def yearly(frame):
    return frame.groupby(frame.index.year).sum().pipe(np.exp) - 1
# %%
worst = monthly.apply(drawdown).min().sort_values()
worst
# %%
plt.figure(figsize=(5, 2.5))
for name in whole[:3]:
    plt.plot(monthly.index, drawdown(monthly[name]), lw=1, label=name)
plt.gca().xaxis.set_major_locator(mdates.YearLocator(10))
plt.legend(fontsize=7)
plt.show()
# %%
years = yearly(returns)
years.idxmax().to_frame("best").assign(worst=years.idxmin())
# %%
rolling = returns.rolling(36).corr(returns["SP500"]).drop(columns="SP500")
rolling.iloc[[-1]].T
# %%
weights = pd.Series(1.0, index=[c for c in whole if c not in ("SP500", "NASDAQ")])
weights /= weights.sum()
portfolio = returns[weights.index] @ weights
print(f"{np.exp(portfolio.sum()):.1f} times the money")
# %%
weights["AAPL"] *= 0.5
weights /= weights.sum()
cautious = returns[weights.index] @ weights
print(f"{np.exp(cautious.sum()):.1f} times the money")
# %%
with open("out/weights.csv", "w", newline="") as file:
    writer = csv.writer(file)
    for name, weight in weights.items():
        writer.writerow([name, f"{weight:.4f}"])
# %%
with open("out/weights.csv") as file:
    again = {name: float(weight) for name, weight in csv.reader(file)}
again
# %%
rng = np.random.default_rng(2026)
paths = rng.choice(cautious.to_numpy(), size=(120, 400)).cumsum(axis=0)
final = np.exp(paths[-1])
np.percentile(final, [5, 50, 95]).round(2)
# %%
plt.plot(np.exp(paths[:, :25]), lw=0.6)
plt.yscale("log")
plt.show()
# %%
bands = np.exp(np.percentile(paths, [5, 50, 95], axis=1))
scenario = pd.DataFrame(bands.T, columns=["bad", "middle", "good"])
scenario.to_csv("out/scenario.csv", index=False)
scenario.iloc[[11, 59, 119]]
# %%
!ls out
# %%
check = pd.read_csv("out/scenario.csv")
print("written as it is:", bool(np.allclose(check, scenario)))
ruin = float((final < 0.5).mean())
f"half of it lost in {ruin:.1%} of the futures"
