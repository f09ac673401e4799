# Classify tumours: look, clean, compare models, choose a threshold, explain.
# %%
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

%matplotlib inline
warnings.filterwarnings("ignore", category=FutureWarning)
plt.rcParams["figure.figsize"] = (4, 3)
pd.set_option("display.width", 120)
# %% [markdown]
# ## The data
# %%
raw = load_breast_cancer(as_frame=True)
df = raw.frame.rename(columns=lambda c: c.replace(" ", "_"))
df["target"] = df["target"].map({0: "malignant", 1: "benign"}).astype("category")
df.head()
# %%
print(df.shape)
df["target"].value_counts()
# %%
rng = np.random.default_rng(7)
holes = rng.integers(0, len(df), size=40)
df.loc[df.index[holes], "mean_texture"] = np.nan
df.isna().sum()[lambda s: s > 0]
# %%
def fill_by_group(frame, column, group):
    """Fill holes with the median of the row's group."""
    medians = frame.groupby(group, observed=True)[column].transform("median")
    return frame[column].fillna(medians)
# %%
df["mean_texture"] = fill_by_group(df, "mean_texture", "target")
assert not df.isna().any().any()
df.describe().T[["mean", "std", "min", "max"]].round(2).head(8)
# %%
numeric = df.drop(columns="target")
corr = numeric.corr().abs()
upper = corr.where(np.triu(np.ones(corr.shape, dtype=bool), k=1))
redundant = [c for c in upper.columns if (upper[c] > 0.97).any()]
df = df.drop(columns=redundant)
redundant
# %%
def compare(frame, columns):
    figure, axes = plt.subplots(1, len(columns), figsize=(6, 2.5))
    for axis, column in zip(axes, columns):
        for label, part in frame.groupby("target", observed=True):
            axis.hist(part[column], bins=20, alpha=0.5, label=label)
        axis.set_xlabel(column)
    axes[0].legend()
    plt.show()


compare(df, ["mean_radius", "mean_texture"])
# %%
X = df.drop(columns="target")
y = (df["target"] == "malignant").astype(int)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
X_train.shape, X_test.shape
# %%
models = {
    "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
    "tree": DecisionTreeClassifier(max_depth=4, random_state=0),
    "forest": RandomForestClassifier(n_estimators=10, random_state=0),
}
folds = StratifiedKFold(n_splits=3, shuffle=True, random_state=0)
# %%
scores = {}
for name, model in models.items():
    scores[name] = cross_val_score(model, X_train, y_train, cv=folds, scoring="roc_auc")
    print(f"{name:<9} {scores[name].mean():.3f} ± {scores[name].std():.3f}")
# %%
table = pd.DataFrame(scores).agg(["mean", "std"]).T.sort_values("mean", ascending=False)
best = table.index[0]
table.round(3)
# %%
model = models[best].fit(X_train, y_train)
proba = model.predict_proba(X_test)[:, 1]
print(best, round(roc_auc_score(y_test, proba), 4))
# %%
fpr, tpr, thresholds = roc_curve(y_test, proba)
plt.plot(fpr, tpr)
plt.plot([0, 1], [0, 1], "--", color="grey")
plt.title("ROC")
plt.show()
# %%
costs = []
for threshold in np.linspace(0.05, 0.95, 19):
    guess = (proba >= threshold).astype(int)
    tn, fp, fn, tp = confusion_matrix(y_test, guess).ravel()
    costs.append({"threshold": threshold, "cost": fp + 10 * fn, "missed": int(fn)})
costs = pd.DataFrame(costs).set_index("threshold")
chosen = costs["cost"].idxmin()
costs.loc[chosen]
# %%
importance = permutation_importance(model, X_test, y_test, n_repeats=2, random_state=0)
order = importance.importances_mean.argsort()[::-1][:5]
top = pd.Series(importance.importances_mean[order], index=X_test.columns[order])
top.round(4)
# %%
top[::-1].plot.barh()
plt.show()
# %%
report = {"model": best, "threshold": round(float(chosen), 2), "missed": int(costs.loc[chosen, "missed"]), "features": list(top.index)}
print(*(f"{key}: {value}" for key, value in report.items()), sep="\n")
