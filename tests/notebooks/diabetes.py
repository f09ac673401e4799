# How diabetes progresses: regression, a path of penalties, and what the bootstrap says.
# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats
from sklearn import linear_model
from sklearn.datasets import load_diabetes
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import KFold, train_test_split
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

SEED = 11
np.random.seed(SEED)
# %%
class Split:
    """Train and test parts that travel together."""

    def __init__(self, frame, target, share=0.25):
        self.train, self.test = train_test_split(frame, test_size=share, random_state=SEED)
        self.target = target

    def parts(self):
        drop = [self.target]
        return self.train.drop(columns=drop), self.test.drop(columns=drop), self.train[self.target], self.test[self.target]


def rmse(truth, guess):
    return float(np.sqrt(mean_squared_error(truth, guess)))
# %%
data = load_diabetes(as_frame=True, scaled=False)
patients = data.frame.rename(columns={"s1": "tc", "s2": "ldl", "s3": "hdl", "s4": "tch", "s5": "ltg", "s6": "glu"})
patients["sex"] = patients["sex"].astype(int).map({1: "f", 2: "m"})
patients.sample(3, random_state=1)
# %%
patients.groupby("sex")["target"].agg(["count", "mean", "std"]).round(1)
# %%
t, p = stats.ttest_ind(patients.query("sex == 'f'")["target"], patients.query("sex == 'm'")["target"])
print(f"t = {t:.3f}, p = {p:.3f}")
# %%
patients["bmi_class"] = pd.cut(patients["bmi"], [0, 18.5, 25, 30, 100], labels=["under", "normal", "over", "obese"])
by_class = patients.pivot_table(index="bmi_class", columns="sex", values="target", aggfunc="mean", observed=False)
by_class.round(1)
# %%
patients["is_male"] = (patients.pop("sex") == "m").astype(float)
frame = patients.drop(columns="bmi_class")
split = Split(frame, "target")
X_train, X_test, y_train, y_test = split.parts()
split.train.shape
# %%
scaler = StandardScaler().fit(X_train)
Z_train = pd.DataFrame(scaler.transform(X_train), columns=X_train.columns, index=X_train.index)
Z_test = pd.DataFrame(scaler.transform(X_test), columns=X_test.columns, index=X_test.index)
Z_train.mean().abs().max() < 1e-12
# %%
ols = linear_model.LinearRegression().fit(Z_train, y_train)
results = [("ols", rmse(y_test, ols.predict(Z_test)), r2_score(y_test, ols.predict(Z_test)))]
results
# %%
alphas = np.logspace(-2, 3, 12)
path = np.array([linear_model.Ridge(alpha=a).fit(Z_train, y_train).coef_ for a in alphas])
plt.plot(alphas, path)
plt.xscale("log")
plt.xlabel("penalty")
plt.show()
# %%
cv = KFold(4, shuffle=True, random_state=SEED)
errors = np.zeros((len(alphas), cv.get_n_splits()))
for f, (fit, held) in enumerate(cv.split(Z_train)):
    for a, alpha in enumerate(alphas):
        model = linear_model.Ridge(alpha=alpha).fit(Z_train.iloc[fit], y_train.iloc[fit])
        errors[a, f] = rmse(y_train.iloc[held], model.predict(Z_train.iloc[held]))
best_alpha = alphas[errors.mean(axis=1).argmin()]
round(best_alpha, 3)
# %%
ridge = linear_model.Ridge(alpha=best_alpha).fit(Z_train, y_train)
results.append(("ridge", rmse(y_test, ridge.predict(Z_test)), r2_score(y_test, ridge.predict(Z_test))))
# %%
poly = PolynomialFeatures(degree=2, include_bias=False)
P_train, P_test = poly.fit_transform(Z_train), poly.transform(Z_test)
lasso = linear_model.Lasso(alpha=1.0, max_iter=5000).fit(P_train, y_train)
kept = [name for name, w in zip(poly.get_feature_names_out(Z_train.columns), lasso.coef_) if abs(w) > 1e-6]
results.append(("lasso²", rmse(y_test, lasso.predict(P_test)), r2_score(y_test, lasso.predict(P_test))))
print(len(kept), "of", P_train.shape[1], "features kept:", ", ".join(kept[:6]), "…")
# %%
draws = np.empty((60, Z_train.shape[1]))
for b in range(len(draws)):
    rows = np.random.randint(0, len(Z_train), len(Z_train))
    draws[b] = linear_model.Ridge(alpha=best_alpha).fit(Z_train.to_numpy()[rows], y_train.to_numpy()[rows]).coef_
low, high = np.percentile(draws, [5, 95], axis=0)
sure = pd.DataFrame({"low": low, "high": high}, index=Z_train.columns)
sure["sign"] = np.sign(sure["low"]).where(np.sign(sure["low"]) == np.sign(sure["high"]), 0).astype(int)
sure.round(1)
# %%
sure.sort_values("low", inplace=True)
fig, ax = plt.subplots()
ax.hlines(range(len(sure)), sure["low"], sure["high"])
ax.axvline(0, color="grey", lw=1)
ax.set_yticks(range(len(sure)), sure.index)
plt.show()
# %%
noise = np.random.normal(0, 5, len(Z_test))
jittered = ridge.predict(Z_test + noise[:, None] * 0.01)
print("moved by at most", round(float(np.abs(jittered - ridge.predict(Z_test)).max()), 3))
# %%
summary = pd.DataFrame(results, columns=["model", "rmse", "r2"]).set_index("model")
summary.style.format(precision=2).to_string()
summary.round(3)
