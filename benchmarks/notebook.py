"""P10: a notebook of a data scientist's day, of ten seconds and more, every cell of it durable, beside the same cells plain. Both in a real kernel, by turns."""

from __future__ import annotations

import importlib.util
import statistics
from pathlib import Path

import nbformat

from benchmarks.kernel import Kernel
from benchmarks.rows import Row

SAMPLES = 3
IMPORTS = """
import numpy as np, pandas as pd
from matplotlib import pyplot as plt
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.model_selection import train_test_split
%matplotlib inline
"""
CELLS = {
    "load": """
rng = np.random.default_rng(7)
orders = pd.DataFrame({'customer': rng.integers(0, 50_000, 2_000_000), 'day': rng.integers(0, 365, 2_000_000),
                       'amount': rng.gamma(2.0, 30.0, 2_000_000), 'items': rng.integers(1, 9, 2_000_000)})
orders.head()
""",
    "clean": "orders = orders[orders['amount'] < 500].reset_index(drop=True)\norders['each'] = orders['amount'] / orders['items']",
    "features": """
grouped = orders.groupby('customer')
features = pd.DataFrame({'total': grouped['amount'].sum(), 'count': grouped.size(), 'mean': grouped['each'].mean(), 'last': grouped['day'].max()})
features.describe()
""",
    "label": "features['loyal'] = (features['last'] > 350) & (features['count'] > 38)",
    "split": "sample = features.sample(20_000, random_state=1)\ntrain, test = train_test_split(sample, test_size=0.25, random_state=2)",
    "forest": """
inputs = ['total', 'count', 'mean', 'last']
forest = RandomForestClassifier(300, random_state=3).fit(train[inputs], train['loyal'])
forest.score(test[inputs], test['loyal'])
""",
    "boosting": "boosting = GradientBoostingRegressor(n_estimators=300, random_state=4).fit(train[inputs], train['total'])",
    "importance": "importance = pd.Series(forest.feature_importances_, inputs).sort_values()\nimportance",
    "records": "records = [{'customer': int(c), 'total': float(t), 'tags': ['loyal'] if l else []} for c, t, l in zip(features.index, features['total'], features['loyal'])]",
    "simulate": """
def walk(steps):
    place = 0.0
    for step in range(steps):
        place += 0.1 * ((step * 7919) % 13 - 6)
    return place
walks = [walk(40_000 + i) for i in range(500)]
""",
    "decompose": "matrix = rng.normal(size=(2000, 2000))\nvalues = np.linalg.svd(matrix, compute_uv=False)",
    "plot": "figure, axes = plt.subplots()\naxes.plot(values)\naxes.set_title('singular values')\nplt.show()",
    "report": "report = {'loyal': int(features['loyal'].sum()), 'walks': len(walks), 'largest': float(values[0])}\nreport",
}


def measure(folder: Path) -> list[Row]:
    """The rows of P10."""
    plain, durable, resumed = [], [], []
    for number in range(SAMPLES):
        notebook = folder / f"day{number}" / "day.ipynb"
        notebook.parent.mkdir()
        kernel = Kernel(notebook)
        plain.append(kernel.run(IMPORTS) + sum(kernel.run(source) for source in CELLS.values()))
        kernel.close()
        kernel = Kernel(notebook)
        durable.append(_durably(kernel))
        kernel.kill()
        kernel = Kernel(notebook)
        resumed.append(_durably(kernel))
        kernel.close()
    alone, together = statistics.median(plain) / 1000, statistics.median(durable) / 1000
    return [
        Row(key="P10f", what=f"a notebook of {len(CELLS)} cells without durnb", value=alone, unit="s", samples=SAMPLES),
        Row(key="P10", what="P10 the same, every cell durable", value=together, unit="s", samples=SAMPLES),
        Row(key="P10r", what="P10 more than without durnb", value=(together / alone - 1) * 100, unit="%", samples=SAMPLES, goal="< 5 %"),
        Row(key="P10k", what="P10 killed at its end and run again", value=statistics.median(resumed) / 1000, unit="s", samples=SAMPLES),
        _with_kishu(folder / "kishu"),
    ]


def _with_kishu(folder: Path) -> Row:
    """The same cells under Kishu, which commits after each; it is told the notebook as its own tests tell it, for there is no server here."""
    what = "the same notebook under Kishu, attached beforehand"
    if importlib.util.find_spec("kishu") is None:
        return Row(key="kishu", what=what, value=float("nan"), unit="", samples=0, note="not measured: Kishu is not installed")
    folder.mkdir()
    notebook = folder / "day.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS.values()]
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}), notebook
    )
    kernel = Kernel(notebook, TEST_NOTEBOOK_PATH=str(notebook), KISHU_PATH_ROOT=str(folder / "store"))
    loaded = kernel.run(IMPORTS)
    kernel.run(f"from kishu import init_kishu\ninit_kishu({str(notebook)!r})")
    taken = loaded + sum(kernel.run(source) for source in CELLS.values())
    kernel.close()
    return Row(key="kishu", what=what, value=taken / 1000, unit="s", samples=1)


def _durably(kernel: Kernel) -> float:
    loaded = kernel.run(f"%load_ext durnb\n{IMPORTS}")
    return loaded + sum(kernel.run(f"%%durable {name}\n{source}") for name, source in CELLS.items())
