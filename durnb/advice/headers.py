"""Headers that stop a run: those that can't be read, names given twice, files with two makers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from durnb.advice.findings import Finding
from durnb.advice.reading import ReadCell
from durnb.engine.header import find_header
from durnb.engine.unmarked import parse_blanket, said_in
from durnb.errors import UsageError


def find(cells: Sequence[ReadCell]) -> Iterator[Finding]:
    """Errors, but for files that two steps make."""
    for cell in cells:
        yield from _unreadable(cell)
    yield from _named_twice(cells)
    yield from _made_twice(cells)


def _unreadable(cell: ReadCell) -> Iterator[Finding]:
    try:
        find_header(cell.cell.source)
        for text in said_in(cell.cell.source):
            parse_blanket(text)
    except UsageError as error:
        yield cell.finding("error", "header", str(error), "mend the line: the cell fails before anything of it runs")


def _named_twice(cells: Sequence[ReadCell]) -> Iterator[Finding]:
    first: dict[str, ReadCell] = {}
    for cell in cells:
        if cell.header is None:
            continue
        name = cell.header.header.name
        if name in first:
            what = f"cell {first[name].number} is called {name!r}, too"
            yield cell.finding("error", "name-given-twice", what, "give one of the two another name")
        first.setdefault(name, cell)


def _made_twice(cells: Sequence[ReadCell]) -> Iterator[Finding]:
    first: dict[str, ReadCell] = {}
    for cell in cells:
        for pattern in cell.header.header.creates if cell.header is not None else ():
            if pattern in first:
                what = f"{first[pattern].where} makes {pattern}, too: each finds it changed by the other, and runs again every time"
                yield cell.finding("warning", "file-made-twice", what, "let each step make files of its own")
            first.setdefault(pattern, cell)
