"""The cells of a notebook's file for those who only look at it: nbformat, which takes a second to import, reads it only where it has to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from durnb.engine.cells import NotebookCell
from durnb.runner.cells import notebook_cells


def cells_of(path: Path) -> list[NotebookCell]:
    """The cells of the notebook or script in the file. Raises UsageError where there is none that can be read."""
    cells = _of_present_form(path)
    if cells is not None:
        return cells
    from durnb.runner.executed import read_notebook  # noqa: PLC0415  # it imports nbformat, see above

    return notebook_cells(read_notebook(path))


def _of_present_form(path: Path) -> list[NotebookCell] | None:
    """The cells of a file that is plainly nbformat 4; None for any other, of which nbformat says what it is."""
    try:
        book = json.loads(path.read_bytes()) if path.suffix == ".ipynb" else None
    except (OSError, ValueError):
        return None
    if not isinstance(book, dict) or book.get("nbformat") != 4 or not isinstance(book.get("cells"), list):
        return None
    if not all(map(_is_plain, book["cells"])):
        return None
    known = all(cell.get("id") for cell in book["cells"])  # ids of some cells only name nothing
    return [_cell(cell, known) for cell in book["cells"]]


def _is_plain(cell: Any) -> bool:
    if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str) or not isinstance(cell.get("metadata"), dict):
        return False
    source, tags = cell.get("source"), cell["metadata"].get("tags", [])
    return (isinstance(source, str) or _are_texts(source)) and _are_texts(tags) and isinstance(cell.get("id", ""), str)


def _are_texts(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(one, str) for one in found)


def _cell(cell: Mapping[str, Any], known: bool) -> NotebookCell:
    return NotebookCell(
        source="".join(cell["source"]),
        id=cell["id"] if known else None,
        type=cell["cell_type"],
        tags=tuple(cell["metadata"].get("tags", ())),
    )
