"""What a saved notebook tells of its last execution: what its cells show, and how long they took."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from nbformat import NotebookNode

_LONGEST: Final = 200_000  # characters of a cell's output that are looked at


def shown_texts(notebook: NotebookNode) -> dict[int, str]:
    """The text of each code cell's outputs, by the cell's place among those that are not empty, from 1."""
    return {number: "\n".join(_texts(cell))[:_LONGEST] for number, cell in _code(notebook) if cell.outputs}


def durations(notebook: NotebookNode) -> dict[int, float]:
    """How many seconds each code cell took, where the client noted that (nbclient does, JupyterLab if it is told to)."""
    taken = ((number, _seconds(cell.metadata.get("execution", {}))) for number, cell in _code(notebook))
    return {number: seconds for number, seconds in taken if seconds is not None}


def _code(notebook: NotebookNode) -> Iterator[tuple[int, Any]]:
    return enumerate((cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()), start=1)


def _texts(cell: Any) -> Iterator[str]:
    for output in cell.outputs:
        yield from (str(output[key]) for key in ("text", "evalue") if key in output)
        yield from (str(data) for kind, data in output.get("data", {}).items() if kind.startswith("text/"))


def _seconds(times: Any) -> float | None:
    begun, ended = (_moment(times.get(key)) for key in ("iopub.execute_input", "shell.execute_reply"))
    return (ended - begun).total_seconds() if begun is not None and ended is not None else None


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
