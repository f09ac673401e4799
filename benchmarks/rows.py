"""A measured row, timing, and the table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


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


def median_ms(work: Callable[[int], object], samples: int) -> float:
    """The median duration of ``work(i)`` in milliseconds."""
    taken: list[float] = []
    for i in range(samples):
        began = time.perf_counter()
        work(i)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| what | measured | goal | how |", "| --- | --- | --- | --- |"]
    lines += [f"| {row.what} | {row.value:.3g} {row.unit} | {row.goal or '-'} | {row.note or f'median of {row.samples}'} |" for row in rows]
    return "\n".join(lines)
