"""The cells of a notebook as the runner tells people of them: which step each is, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from nbformat import NotebookNode

from durnb.engine.header import find_header
from durnb.errors import UsageError

Fate = Literal["ran", "restored", "failed", "died", "interrupted"]
_TITLE: Final = 48  # characters
_LOADS: Final = re.compile(r"^\s*%?(?:re)?load_ext\s+durnb\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPlace:
    """A code cell: its index in the notebook, its place among `total` code cells from 1, its step's name or None for a plain cell."""

    index: int
    number: int
    total: int
    step: str | None
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFailure:
    """What a cell raised: the exception's class name, its message and the traceback as the kernel sent it."""

    name: str
    message: str
    traceback: str = ""


def code_cells(notebook: NotebookNode) -> tuple[CellPlace, ...]:
    """The notebook's cells that a kernel executes, in order."""
    found = [(index, cell.source) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]
    return tuple(
        CellPlace(index=index, number=number, total=len(found), step=step_name(source), title=title(source))
        for number, (index, source) in enumerate(found, start=1)
    )


def step_name(source: str) -> str | None:
    """The name of the step that the cell is; None for a plain cell, and for a header that the kernel will refuse."""
    try:
        header = find_header(source)
        return header.header.name if header else None
    except UsageError:
        return None


def loads_durnb(notebook: NotebookNode) -> bool:
    """Whether a cell of the notebook loads durnb by itself; loading it a second time would leave IPython's remark in the output."""
    return any(cell.cell_type == "code" and _LOADS.search(cell.source) for cell in notebook.cells)


def title(source: str) -> str:
    """A plain cell in a few words: its first line that says something."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    first = next((line for line in lines if not line.startswith("#")), lines[0] if lines else "")
    return first if len(first) <= _TITLE else first[: _TITLE - 1] + "…"


def is_badge(output: Mapping[str, Any]) -> bool:
    """Whether an output is durnb's own word on the cell, and not the cell's."""
    return bool(_mark(output).get("badge"))


def was_restored(outputs: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the outputs are a replay of a finished step, by its badge and by the mark that replayed displays carry."""
    return any(_mark(output).get("replayed") or (is_badge(output) and _is_of_reuse(output)) for output in outputs)


def _mark(output: Mapping[str, Any]) -> Mapping[str, Any]:
    mark = output.get("metadata", {}).get("durnb", {})
    return mark if isinstance(mark, Mapping) else {}


def _is_of_reuse(badge: Mapping[str, Any]) -> bool:
    return _mark(badge).get("state") == "reused" or "durnb-reused" in str(badge.get("data", {}).get("text/html", ""))
