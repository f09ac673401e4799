"""The main job: kill the kernel anywhere, restart, Run All, and go on at the first unfinished cell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from browser.lab import OpenNotebook

pytestmark = pytest.mark.xdist_group("browser")

CELLS = [
    "%load_ext durnb\nimport time\nfrom pathlib import Path\nimport matplotlib.pyplot as plt\nimport pandas as pd",
    """%%durable load
with Path("load.txt").open("a") as effect:
    print("ran", file=effect)
print("reading")
df = pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [2.0, 4.5, 5.5]})
fig, ax = plt.subplots(figsize=(3, 2))
ax.plot(df["x"], df["y"])
plt.show()
df""",
    """%%durable train --retries 3 --timeout 30m
with Path("train.txt").open("a") as effect:
    print("ran", file=effect)
while not Path("go").exists():
    time.sleep(0.05)
slope = float((df["x"] * df["y"]).sum() / (df["x"] ** 2).sum())
print("trained")""",
    'print(f"slope {slope:.3f} from {len(df)} rows")',
]


def runs(effect: Path) -> int:
    """How often the step wrote its line."""
    return len(effect.read_text().splitlines()) if effect.exists() else 0


def test_a_step_that_finished_before_kill_9_is_not_run_again_and_shows_its_outputs_under_a_badge(
    open_notebook: Callable[[str, list[str]], OpenNotebook],
) -> None:
    notebook = open_notebook("etl", CELLS)
    folder = notebook.path.parent

    notebook.start_run_all()
    notebook.wait_for(lambda: runs(folder / "train.txt") == 1, "train has begun")
    notebook.wait_for(lambda: "image/png" in notebook.cells[1].kinds, "load's outputs are there")
    notebook.screenshot("main-job-1-train-runs")
    dead = notebook.kill_kernel()
    notebook.dismiss_dialog("restart")
    notebook.wait_for_new_kernel(dead)

    (folder / "go").touch()
    notebook.run_all()
    notebook.show(1)
    notebook.screenshot("main-job-2-resumed")
    _, load, train, last = notebook.cells

    assert runs(folder / "load.txt") == 1
    assert {"stream", "image/png", "text/html"} <= load.kinds
    assert "reading" in load.text
    assert "<table" in load.text
    assert "from checkpoint" in load.shown
    assert "rerun load" in load.shown

    assert runs(folder / "train.txt") == 2
    assert "trained" in train.text
    assert "attempt 2" in train.shown
    assert "died with the kernel" in train.shown

    assert "slope 1.964 from 3 rows" in last.text
    assert notebook.errors == []


def test_run_all_on_a_finished_notebook_runs_no_step_and_shows_the_same(
    open_notebook: Callable[[str, list[str]], OpenNotebook],
) -> None:
    notebook = open_notebook("finished", CELLS)
    folder = notebook.path.parent
    (folder / "go").touch()

    notebook.run_all()
    first = notebook.cells
    notebook.run_all()
    second = notebook.cells

    assert runs(folder / "load.txt") == runs(folder / "train.txt") == 1
    assert "from checkpoint" in second[2].shown
    assert second[3].text == first[3].text
    assert "image/png" in second[1].kinds


WITHOUT_HEADERS = [f"{CELLS[0]}\n%durable all", *(cell.partition("\n")[2] if cell.startswith("%%") else cell for cell in CELLS[1:])]


def test_a_notebook_without_headers_goes_on_where_it_was_by_one_line(open_notebook: Callable[[str, list[str]], OpenNotebook]) -> None:
    notebook = open_notebook("all", WITHOUT_HEADERS)
    folder = notebook.path.parent

    notebook.start_run_all()
    notebook.wait_for(lambda: runs(folder / "train.txt") == 1, "train has begun")
    dead = notebook.kill_kernel()
    notebook.dismiss_dialog("restart")
    notebook.wait_for_new_kernel(dead)

    (folder / "go").touch()
    notebook.run_all()
    notebook.show(1)
    notebook.screenshot("every-cell-resumed")
    _, load, train, last = notebook.cells

    assert (runs(folder / "load.txt"), runs(folder / "train.txt")) == (1, 2)
    assert "from checkpoint" in load.shown
    assert "rerun cell-" in load.shown
    assert "image/png" in load.kinds
    assert "attempt 2" in train.shown
    assert "slope 1.964 from 3 rows" in last.text
    assert notebook.errors == []
