"""Resume equivalence over all books: killed anywhere and run again, a notebook ends as if it had never been killed.

By default each book has a trial with a chain of kills at every second place, the ends of cells among them, and one without a kill; every second one
has a trial of one kill, too (inside a step or at its end, by turns). ``DURNB_TRIALS=all`` gives every place a trial of its own, and chains them all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from crash.equivalence import Book, Kill, Reference, Trial, chain, kills, live, single
from crash.notebooks import BOOKS
from kernel.driver import Nursery

Pair = tuple[Nursery, Nursery]


def in_question(number: int, book: Book) -> list[Kill]:
    every = kills(book)
    if os.environ.get("DURNB_TRIALS") == "all":
        return every
    if number % 2:
        return []  # its chain of kills is all
    inner, boundaries = ([kill for kill in every if (kill.how == "boundary") == boundary] for boundary in (False, True))
    return [boundaries[-1] if number % 3 == 2 else inner[number * 7 % len(inner)]]


def chained(number: int, book: Book) -> list[Kill]:
    every = [replace(kill, nth=1) for kill in kills(book)]  # each kernel of a chain comes to its place for the first time
    return every if os.environ.get("DURNB_TRIALS") == "all" else every[number % 2 :: 2]


def needs(book: Book) -> list[pytest.MarkDecorator]:
    absent = [module for module in book.needs if not find_spec(module)]
    return [pytest.mark.xdist_group(book.name), *([pytest.mark.skip(f"needs {absent[0]}")] if absent else [])]


def everywhere(number: int, book: Book) -> list[Kill]:
    """The kills for a book all of whose cells are steps: one by turns for every sixth book, or every place."""
    every = kills(replace(book, every=True))
    if os.environ.get("DURNB_TRIALS") == "all":
        return every
    return [every[number * 5 % len(every)]] if number % 6 == 0 else []


EACH_BOOK = pytest.mark.parametrize("book", [pytest.param(book, id=book.name, marks=needs(book)) for book in BOOKS])
EACH_KILL = pytest.mark.parametrize(
    ("book", "kill"),
    [
        pytest.param(book, kill, id=f"{book.name}: {kill}", marks=needs(book))
        for n, book in enumerate(BOOKS)
        for kill in in_question(n, book)
    ],
)


@pytest.fixture
def pair(book: Book, request: pytest.FixtureRequest) -> Pair:
    """Nurseries with what the book needs; the others know no numpy, as a kernel that never imported it."""
    found: Pair = request.getfixturevalue("heavy" if book.needs else "light")
    return found


@pytest.fixture(scope="session")
def reference_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Book, Pair], Reference]:
    """The plain runs of a book, made once."""

    @cache
    def run(name: str, pair: Pair) -> Reference:
        book = next(book for book in BOOKS if book.name == name)
        return Reference(*(Trial(book, tmp_path_factory.mktemp("plain"), order).plainly() for order in (pair, pair[::-1])))

    return lambda book, pair: run(book.name, pair)


@EACH_KILL
def test_a_notebook_killed_once_ends_as_one_that_never_was(
    book: Book, kill: Kill, pair: Pair, tmp_path: Path, reference_of: Callable[[Book, Pair], Reference]
) -> None:
    problems = single(book, kill, tmp_path, pair, reference_of(book, pair))
    assert not problems, f"{book.sentence}\nkilled {kill}\n" + "\n".join(problems)


@EACH_BOOK
def test_a_notebook_killed_everywhere_in_turn_ends_as_one_that_never_was(
    book: Book, pair: Pair, tmp_path: Path, reference_of: Callable[[Book, Pair], Reference]
) -> None:
    problems = chain(book, chained(BOOKS.index(book), book), tmp_path, pair, reference_of(book, pair))
    assert not problems, f"{book.sentence}\n" + "\n".join(problems)


@pytest.mark.parametrize("book", [pytest.param(book, id=book.name, marks=needs(book)) for book in BOOKS if not book.edited_files])
def test_a_notebook_run_again_in_the_same_kernel_ends_as_one_run_once(
    book: Book, pair: Pair, tmp_path: Path, reference_of: Callable[[Book, Pair], Reference]
) -> None:
    problems = live(book, tmp_path, pair, reference_of(book, pair))
    assert not problems, f"{book.sentence}\n" + "\n".join(problems)


@pytest.mark.parametrize(
    ("book", "kill"),
    [
        pytest.param(book, kill, id=f"{book.name}: {kill}", marks=needs(book))
        for n, book in enumerate(BOOKS)
        if not book.marked
        for kill in everywhere(n, book)
    ],
)
def test_a_notebook_all_of_whose_cells_are_steps_ends_as_one_that_never_was_killed(
    book: Book, kill: Kill, pair: Pair, tmp_path: Path, reference_of: Callable[[Book, Pair], Reference]
) -> None:
    problems = single(replace(book, every=True), kill, tmp_path, pair, reference_of(book, pair))
    assert not problems, f"{book.sentence}\nkilled {kill}\n" + "\n".join(problems)
