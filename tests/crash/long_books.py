"""The notebooks of tests/notebooks, as books all of whose cells ``%durable all`` makes steps.

They are written as data scientists write them, on data that comes with the libraries; cells begin with ``# %%``. The first line says what a notebook
is about, a second one which names are not there after a resume. What it needs for a trial is put in here: an effect at the head of each cell that works, so that its executions can be counted.
"""

from __future__ import annotations

import re
from pathlib import Path

from crash.equivalence import Book
from durnb.engine.cells import NotebookCell
from durnb.engine.work import does_work, made_by
from durnb.fingerprint import cell_magic

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LOST = "Not there after a resume: "
NEEDS = ("sklearn", "matplotlib", "pandas")


def cells_of(path: Path) -> list[NotebookCell]:
    """The cells of a notebook that is kept as text; their ids are p1, p2 …"""
    parts = re.split(r"^# %%(.*)\n", path.read_text(), flags=re.MULTILINE)
    code = [source.strip("\n") for kind, source in zip(parts[1::2], parts[2::2], strict=True) if "[markdown]" not in kind]
    return [NotebookCell(source=source, id=f"p{number}") for number, source in enumerate(code, start=1)]


def book_of(path: Path) -> Book:
    """The book of a notebook."""
    sentence, _, second = (line.removeprefix("# ") for line in path.read_text().partition("\n# %%")[0].partition("\n"))
    lost = tuple(second.removeprefix(LOST).split(", ")) if second.startswith(LOST) else ()
    text = "\n---\n".join(_counted(str(cell.id), cell.source) for cell in cells_of(path))
    return Book(path.stem, sentence, text, every=True, needs=NEEDS, lost=lost)


def _counted(cell_id: str, source: str) -> str:
    """`source` with an effect of the cell's name, where it is a step of plain Python that is not made again in a new kernel."""
    counts = does_work(source) and cell_magic(source) is None and made_by(source) is None
    return f"effect({cell_id!r})\n{source}" if counts else source


LONG_BOOKS = [book_of(path) for path in sorted(NOTEBOOKS.glob("*.py"))]
