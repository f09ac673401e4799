"""A cell of a run as people are told of it, and what became of it."""

from __future__ import annotations

from typing import Literal

from durnb.records import dataclass

Fate = Literal["ran", "restored", "failed", "asks", "died", "interrupted", "suspended", "paused", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPlace:
    """A code cell: its index in the notebook, its place among `total` code cells from 1, its step's name or None for a plain cell.

    `marked`: a header in the cell gives the step its name.
    """

    index: int
    number: int
    total: int
    step: str | None
    title: str
    marked: bool = True

    def __str__(self) -> str:
        if self.step is None:
            return self.title
        return self.step if self.marked else f"{self.step} ({self.title})"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFailure:
    """What a cell raised: the exception's class name, its message and the traceback as the kernel sent it."""

    name: str
    message: str
    traceback: str = ""


def death_text(cell: CellPlace | None, deaths: int, max_restarts: int) -> str:
    """That a kernel died, where, and what follows."""
    where = f" in {cell}" if cell else " before the first cell"
    then = f"starting it again, {deaths} of at most {max_restarts} times" if deaths <= max_restarts else "giving up"
    return f"the kernel died{where}; {then}"
