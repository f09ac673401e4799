"""The notebook's cells as the saved file has them: what `plan`, `restore` and a rename look at."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from durnb.engine.header import FoundHeader, find_header
from durnb.errors import UsageError
from durnb.records import dataclass

_TIMES: Final = ("%%time", "%%capture")
_TITLE: Final = 48  # characters
_AUTOMATIC: Final = re.compile(r"(?:cell|code)-.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookCell:
    """One cell of the file: its source as typed, its id, type ("code", "markdown", "raw") and tags.

    `unmarked` is the header that ``%durable all`` gives to a cell without one (see `durnb.engine.unmarked.covered`).
    """

    source: str
    id: str | None = None
    type: str = "code"
    tags: tuple[str, ...] = ()
    unmarked: FoundHeader | None = None


def header_of(cell: NotebookCell) -> FoundHeader | None:
    """The cell's header; None for a plain cell and for one whose header can't be read (it will say so when it runs)."""
    return _header_in(cell.source) or cell.unmarked if cell.type == "code" else None


@lru_cache(maxsize=4096)  # a panel looks through the notebook at each change of the run
def _header_in(source: str) -> FoundHeader | None:
    try:
        return find_header(source)
    except UsageError:
        return None


def step_names(cells: Iterable[NotebookCell]) -> list[str]:
    """The names of the durable cells, in notebook order."""
    return [found.header.name for cell in cells if (found := header_of(cell)) is not None]


def plain_cells(cells: Iterable[NotebookCell]) -> list[NotebookCell]:
    """The code cells that are no steps and hold more than magics of durnb."""
    return [c for c in cells if c.type == "code" and header_of(c) is None and _does_something(c.source)]


def _does_something(source: str) -> bool:
    lines = [line.strip() for line in source.splitlines()]
    return any(line and not line.startswith(("#", "%load_ext durnb", "%reload_ext durnb", "%durable")) for line in lines)


def title(source: str) -> str:
    """A cell in a few words: its first line that says something."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    first = next((line for line in lines if not line.startswith("#") and line not in _TIMES), lines[0] if lines else "")
    return first if len(first) <= _TITLE else first[: _TITLE - 1] + "…"


def is_automatic(step: str) -> bool:
    """Whether a step's name was made for a cell without a header (by `durnb.engine.unmarked`)."""
    return _AUTOMATIC.match(step) is not None
