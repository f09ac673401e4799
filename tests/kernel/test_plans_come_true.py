"""What a plan says without a kernel, against what a new kernel then does: a definite word is never wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from durnb.clock import SystemClock
from durnb.engine.cells import NotebookCell
from durnb.engine.plan import plan
from durnb.journal import RunName, Store, read_history
from kernel.conftest import Notebook

RAN = "def ran(name):\n    with open('tally.txt', 'a') as lines:\n        lines.write(name + '\\n')"
IMPORTS = "import json as js\nfrom math import sqrt\nimport os"
SETTINGS = "N_TREES = 100\nCOLS = ['a', 'b']\nOPTIONS = {'depth': -1, 'sizes': (1, 2.5)}"
FIT = "def fit(rows, k: int = 2):\n    return len(rows) * N_TREES + sqrt(k)\n\nclass Model:\n    size = 3\n    def run(self): return fit([self.size])"
LOAD = "%%durable load --depends sales.csv\nran('load')\nrows = [len(COLS), open('sales.csv').read()]"
TRAIN = "%%durable train\nran('train')\nmodel = fit(rows), Model().run(), OPTIONS['depth']"
WRITE = "%%durable write --creates o.csv\nran('write')\nopen('o.csv', 'w').write(js.dumps(rows))"
BACK = "%%durable back --depends o.csv\nran('back')\nback = open('o.csv').read()"
SEEN = "%%durable seen --depends 'other/*.csv'\nran('seen')\nprint(COLS)"
CELLS = (RAN, IMPORTS, SETTINGS, FIT, LOAD, TRAIN, WRITE, BACK, SEEN)
STEPS = ("load", "train", "write", "back", "seen")


@pytest.fixture
def done(nb: Notebook) -> Notebook:
    """A notebook that ran to its end; its kernel is gone."""
    nb.place.folder.joinpath("sales.csv").write_text("1,2")
    write(nb, CELLS)
    nb.ok(*CELLS)
    nb.kill()
    return nb


def write(nb: Notebook, cells: Sequence[str]) -> None:
    nb.place.write([("x", "%load_ext durnb"), *((f"c{at}", cell) for at, cell in enumerate(cells))])


def tally(nb: Notebook) -> Counter[str]:
    return Counter(nb.place.folder.joinpath("tally.txt").read_text().split())


def edited(old: str, new: str) -> list[str]:
    """The cells with that edit."""
    assert sum(old in cell for cell in CELLS) == 1, old
    return [cell.replace(old, new) for cell in CELLS]


def with_cell(cell: str, before: str) -> list[str]:
    at = CELLS.index(before)
    return [*CELLS[:at], cell, *CELLS[at:]]


def planned(nb: Notebook, cells: Sequence[str]) -> dict[str, str]:
    """What is planned from the file alone."""
    history = read_history(Store.of(nb.place.notebook), RunName("interactive", 1), SystemClock())
    found = plan(history, [NotebookCell(source=source) for source in ("%load_ext durnb", *cells)], folder=nb.place.folder)
    return {step.step: f"{step.action}: {step.reason}" for step in found.steps}


def comes_true(nb: Notebook, cells: Sequence[str]) -> dict[str, str]:
    """The plan, after a new kernel has run all cells and did what that said. Where a step ran, the notebook's own cells are run again then."""
    write(nb, cells)
    said, before = planned(nb, cells), tally(nb)
    nb.open()
    for cell in cells:
        nb.run(cell)
    really = {step: "run" if tally(nb)[step] > before[step] else "reuse" for step in said}
    nb.kill()
    if "run" in really.values():
        nb.place.folder.joinpath("sales.csv").write_text("1,2")
        nb.open().ok(*CELLS)
        nb.kill()
    definite = {step: words.partition(":")[0] for step, words in said.items() if not words.startswith("maybe")}
    assert definite == {step: really[step] for step in definite}, (said, really)
    return said


ALL_REUSED = dict.fromkeys(STEPS, "reuse: finished")


def test_what_did_not_change_is_definitely_reused(done: Notebook) -> None:
    for cells in (
        edited("N_TREES = 100", "# the forest\nN_TREES = 10 * 10"),
        with_cell("import sys\nUNUSED, OTHER = -3, [1]\nopen('elsewhere.txt', 'w').write('x')\nrows[:1]", TRAIN),
    ):
        assert comes_true(done, cells) == ALL_REUSED, cells


def test_what_the_text_of_a_plain_cell_changes_is_definitely_run(done: Notebook) -> None:
    for old, new, why in (
        ("N_TREES = 100", "N_TREES = 200", "its input `N_TREES` changed"),
        ("'depth': -1", "'depth': -2", "its input `OPTIONS` changed"),
        ("k: int = 2", "k: int = 3", "its input `fit` changed"),
        ("[self.size]", "[self.size, 1]", "its input `Model` changed"),
    ):
        assert comes_true(done, edited(old, new)) == {**ALL_REUSED, "train": f"run: {why}"}, new


def test_files_are_looked_at_and_what_a_step_that_runs_writes_is_left_open(done: Notebook) -> None:
    done.place.folder.joinpath("sales.csv").write_text("3,4")
    said = comes_true(done, CELLS)
    assert said["load"] == "run: the file sales.csv changed"
    assert said["back"] == "maybe: it depends on what 'write' writes to o.csv"
    assert said["seen"] == "reuse: finished"
    done.place.folder.joinpath("other").mkdir()
    done.place.folder.joinpath("other", "new.csv").write_text("1")
    assert planned(done, CELLS)["seen"].startswith("run: the file other/")


def test_nothing_definite_is_said_where_a_cell_may_change_what_a_step_reads(done: Notebook) -> None:
    for cell, before, step, why in (
        ("os.makedirs('d', exist_ok=True)\nos.chdir('d')\nopen('sales.csv', 'w').write('9')", LOAD, "load", "the file sales.csv, which"),
        ("rows.append(3)", TRAIN, "train", "`rows`, which a plain cell defines"),
        ("COLS.append('c')", SEEN, "seen", "`COLS`, which a plain cell defines"),
    ):
        said = comes_true(done, with_cell(cell, before))
        assert said[step].startswith(f"maybe: it depends on {why}"), (cell, said)


def test_a_step_that_runs_may_give_other_values_to_what_it_changes(done: Notebook) -> None:
    said = comes_true(done, edited("rows = [len(COLS),", "N_TREES = 7\nCOLS.append('c')\nrows = [len(COLS),"))
    assert said["load"] == "run: its code was edited"
    assert said["seen"] == "maybe: runs if 'load' gives another `COLS`"
    assert said["train"].startswith("maybe: runs if 'load' gives another")
