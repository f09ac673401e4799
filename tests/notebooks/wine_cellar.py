# A wine merchant's messy table, cleaned; then orders, a loop of re-stocking, and a forecast.
# %%
import io
import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.linear_model import LinearRegression
%config InlineBackend.figure_format = "png"
# %%
wine = load_wine(as_frame=True)
rng = np.random.default_rng(5)
cellar = wine.frame[["alcohol", "malic_acid", "color_intensity", "hue", "target"]].copy()
cellar["grower"] = np.array(["Rossi", " rossi", "BIANCHI", "Verdi ", None], dtype=object)[rng.integers(0, 5, len(cellar))]
cellar["price"] = [f"{p:.2f} €" if p > 8 else f"EUR {p:.1f}" for p in rng.gamma(4, 3, len(cellar))]
cellar = pd.concat([cellar, cellar.iloc[:7]], ignore_index=True)
cellar.sample(4, random_state=2)
# %%
%%capture report
print(cellar.dtypes.to_string())
print("doubles:", cellar.duplicated().sum())
# %%
report.stdout.splitlines()[-1]
# %%
cellar.drop_duplicates(inplace=True, ignore_index=True)
cellar["grower"] = cellar["grower"].str.strip().str.title()
cellar["grower"].value_counts(dropna=False)
# %%
def euros(text):
    """A price in euros from whatever the merchant typed."""
    return float(re.search(r"\d+(?:\.\d+)?", text)[0])


cellar["price"] = cellar["price"].map(euros)
# %%
cellar["grower"] = cellar["grower"].fillna("unknown").astype("category")
low, high = cellar["price"].quantile([0.02, 0.98])
cellar["price"] = cellar["price"].clip(low, high)
cellar["price"].describe().round(2)
# %%
cellar["bottles"] = rng.poisson(24, len(cellar))
cellar["value"] = cellar.eval("price * bottles")
stock = cellar.groupby(["grower", "target"], observed=True).agg(bottles=("bottles", "sum"), value=("value", "sum"))
stock.unstack(fill_value=0)["value"].round(0)
# %%
orders = []
# %%
def order(frame, number):
    """Takes bottles of some wine off the shelf; what was sold is written down."""
    row = int(rng.integers(len(frame)))
    sold = int(min(frame.at[row, "bottles"], rng.integers(1, 12)))
    frame.at[row, "bottles"] -= sold
    orders.append({"order": number, "wine": row, "bottles": sold, "paid": round(sold * frame.at[row, "price"], 2)})
# %%
for number in range(150):
    order(cellar, number)
print(len(orders), "orders,", sum(o["bottles"] for o in orders), "bottles")
# %%
for number in range(150, 250):
    order(cellar, number)
sales = pd.DataFrame(orders)
sales["week"] = sales["order"] // 25
weekly = sales.groupby("week")["paid"].sum()
weekly
# %%
empty = cellar.index[cellar["bottles"] == 0]
cellar.loc[cellar["bottles"] < 10, "bottles"] += 24
cellar["value"] = cellar["price"] * cellar["bottles"]
len(empty), int((cellar["bottles"] < 10).sum())
# %%
archive = io.StringIO()
json.dump(orders[:3], archive)
archive.seek(0)
json.load(archive)
# %%
weeks = weekly.index.to_numpy().reshape(-1, 1)
trend = LinearRegression().fit(weeks, weekly)
forecast = trend.predict([[10], [11]])
forecast.round(1)
# %%
fig, ax = plt.subplots(figsize=(4, 2.5))
ax.plot(weekly.index, weekly, "o-")
ax.plot([10, 11], forecast, "x--")
plt.show()
# %%
ax.set_title("sales")
fig
# %%
best = sales.merge(cellar[["grower"]], left_on="wine", right_index=True).groupby("grower", observed=True)["paid"].sum()
best.sort_values(ascending=False).round(2)
# %%
del archive, report
print("left in the cellar:", int(cellar["bottles"].sum()), "bottles,", f"{cellar['value'].sum():,.0f} €")
