"""A measured row, timing, and the table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure: `value` in `unit`, over `samples` samples; `goal` in words, empty for the floor; `note` says how."""

    key: str
    what: str
    value: float
    unit: str
    samples: int
    goal: str = ""
    note: str = ""


def median_ms(work: Callable[[int], object], samples: int, *, between: Callable[[], object] = lambda: None) -> float:
    """The median duration of ``work(i)`` in milliseconds; `between` comes before each and does not count."""
    taken: list[float] = []
    for i in range(samples):
        between()
        began = time.perf_counter()
        work(i)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown."""
    return "\n".join(["| what | measured | goal | how |", "| --- | --- | --- | --- |", *map(_line, rows)])


def _line(row: Row) -> str:
    return f"| {row.what} | {row.value:.3g} {row.unit} | {row.goal or '-'} | {row.note or f'median of {row.samples}'} |"


def replaced(text: str, rows: Iterable[Row], note: str) -> str:
    """A page with a table in which these rows stand for those of the same words; new ones come after the one before them. `note` is added to each."""
    lines, place = text.splitlines(), len(text.splitlines()) - 1
    for row in rows:
        line = _line(replace(row, note=f"{row.note or f'median of {row.samples}'}; {note}"))
        known = [n for n, each in enumerate(lines) if each.startswith(f"| {row.what} |")]
        place = known[0] if known else place + 1
        lines[place : place + len(known)] = [line]
    return "\n".join([*lines, ""])
