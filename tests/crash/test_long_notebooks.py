"""Longer notebooks, as data scientists write them, all of whose cells are steps: killed at every cell in one chain, each ends as if it never was.

By default one kernel is killed at each cell, at places inside and around it by turns. ``DURNB_TRIALS=all`` has it killed at every place.
"""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from crash.equivalence import Book, Kill, Reference, Trial, chain, kills
from crash.long_books import LONG_BOOKS, NEEDS
from kernel.driver import Nursery

pytestmark = [pytest.mark.skipif(any(find_spec(module) is None for module in NEEDS), reason=f"needs {', '.join(NEEDS)}")]


def at_every_cell(book: Book) -> list[Kill]:
    """One kill for each cell, of another kind from cell to cell."""
    every = [replace(kill, nth=1) for kill in kills(book)]
    if os.environ.get("DURNB_TRIALS") == "all":
        return every
    by_cell = [[kill for kill in every if kill.at == at] for at in range(len(book.cells))]
    return [found[at % len(found)] for at, found in enumerate(by_cell)]


@pytest.mark.parametrize("book", [pytest.param(book, id=book.name) for book in LONG_BOOKS])
def test_a_long_notebook_killed_at_every_cell_ends_as_one_that_never_was(
    book: Book, science: tuple[Nursery, Nursery], tmp_path: Path
) -> None:
    plain = [Trial(book, tmp_path / f"plain{n}", order).plainly() for n, order in enumerate((science, science[::-1]))]
    problems = chain(book, at_every_cell(book), tmp_path / "killed", science, Reference(*plain, lost=book.lost))
    assert not problems, f"{book.sentence}\n" + "\n".join(problems)
