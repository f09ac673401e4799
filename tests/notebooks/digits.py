# Handwritten digits without their labels: components, clusters, and how good they are.
# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.neighbors import KNeighborsClassifier

rng = np.random.default_rng(3)
# %%
digits = load_digits()
images = digits.images[:600].copy()
labels = digits.target[:600]
images.dtype, images.shape, images.nbytes
# %%
def show(pictures, titles=(), columns=8):
    figure, axes = plt.subplots(1, columns, figsize=(columns * 0.8, 1))
    for n, axis in enumerate(axes):
        axis.imshow(pictures[n], cmap="gray_r")
        axis.axis("off")
        if len(titles):
            axis.set_title(titles[n], fontsize=8)
    plt.show()
# %%
show(images, labels)
# %%
flat = images.reshape(len(images), -1)
flat /= flat.max()
np.shares_memory(flat, images), images.max()
# %%
damaged = rng.choice(len(images), size=30, replace=False)
images[damaged, 3:5, 3:5] = 0
print("damaged:", sorted(damaged.tolist())[:10])
# %%
pca = PCA(n_components=20, random_state=0)
coords = pca.fit_transform(flat)
print(f"{pca.explained_variance_ratio_.sum():.3f} of the variance in {coords.shape[1]} components")
# %%
plt.bar(range(20), pca.explained_variance_ratio_)
plt.title("variance by component")
plt.show()
# %%
plt.scatter(coords[:, 0], coords[:, 1], c=labels, s=6, cmap="tab10")
plt.colorbar()
plt.show()
# %%
history = {}
for k in (6, 10, 14):
    km = KMeans(n_clusters=k, n_init=1, random_state=0).fit(coords)
    history[k] = (km.inertia_, silhouette_score(coords, km.labels_, sample_size=150, random_state=0))
pd.DataFrame(history, index=["inertia", "silhouette"]).T.round(3)
# %%
km = KMeans(n_clusters=10, n_init=2, random_state=0).fit(coords)
clusters = km.labels_
print("adjusted Rand index", round(adjusted_rand_score(labels, clusters), 3))
# %%
cross = pd.crosstab(pd.Series(labels, name="digit"), pd.Series(clusters, name="cluster"))
names = cross.idxmax()
cross
# %%
centres = pca.inverse_transform(km.cluster_centers_).reshape(-1, 8, 8)
show(centres, [f"≈{names[c]}" for c in range(10)])
# %%
translated = names.to_numpy()[clusters]
wrong = np.flatnonzero(translated != labels)
accuracy = 1 - len(wrong) / len(labels)
accuracy
# %%
known = rng.permutation(len(labels))[:50]
knn = KNeighborsClassifier(3).fit(coords[known], labels[known])
rest = np.setdiff1d(np.arange(len(labels)), known)
knn_accuracy = knn.score(coords[rest], labels[rest])
print(f"50 labels give {knn_accuracy:.2f}, clusters alone {accuracy:.2f}")
# %%
healed = pca.inverse_transform(pca.transform(flat[damaged])).reshape(-1, 8, 8)
show(healed, labels[damaged])
# %%
ledger = []
ledger.append({"clusters": 10, "accuracy": accuracy})
ledger.append({"labels": 50, "accuracy": knn_accuracy})
# %%
for entry in ledger:
    entry["accuracy"] = round(float(entry["accuracy"]), 3)
pd.DataFrame(ledger)
