"""Which notebook and which cell this is, as far as the front end tells the kernel."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from durnb.engine.cells import NotebookCell


def notebook_path(shell: Any, explicit: str | Path | None = None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The notebook's absolute path, or None where nobody says it; never a guess. The file need not exist.

    In order: ``DURNB_NOTEBOOK``, `explicit` (``%durable notebook PATH``), VS Code's variable, Jupyter's ``JPY_SESSION_NAME`` (which keeps the old name
    after a rename). Relative paths count from the kernel's starting directory.
    """
    start = Path(getattr(shell, "starting_dir", "") or os.getcwd())
    named = environ.get("DURNB_NOTEBOOK") or explicit or shell.user_ns.get("__vsc_ipynb_file__")
    if named:
        return _absolute(start, str(named))
    session = environ.get("JPY_SESSION_NAME")
    if not session:
        return None
    path = _absolute(start, session)
    path = path.with_name(path.name.removeprefix("RTC:")) if path.name.startswith("RTC:") else path
    return path if path.suffix == ".ipynb" or path.is_file() else None  # consoles have sessions too


@lru_cache(maxsize=64)
def _absolute(start: Path, text: str) -> Path:
    return Path(os.path.normpath(start / Path(text).expanduser()))


def cell_identity(info: Any, kernel: Any) -> tuple[str | None, tuple[str, ...]]:
    """The front end's id of the executing cell and its tags; older IPythons do not pass them on, so the request itself is asked."""
    request = (kernel.get_parent("shell").get("metadata") or {}) if kernel is not None else {}
    metadata = getattr(info, "cell_meta", None)
    cell_id = getattr(info, "cell_id", None) or request.get("cellId")
    tags = (metadata if isinstance(metadata, dict) else request).get("tags")
    return (str(cell_id) if cell_id else None), tuple(map(str, tags or ()))


def saved_cells(path: Path) -> list[NotebookCell]:
    """The cells of the notebook file as saved; empty where there is none, or it is not a notebook. Files older than nbformat 4.5 have no ids."""
    try:
        book = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    if not isinstance(book, dict):
        return []
    cells = book.get("cells") or [cell for sheet in book.get("worksheets") or [] for cell in sheet.get("cells", [])]
    return [_saved_cell(cell) for cell in cells if isinstance(cell, dict)]


def _saved_cell(cell: Mapping[str, Any]) -> NotebookCell:
    source = cell.get("source", cell.get("input", ""))
    return NotebookCell(
        id=str(cell["id"]) if cell.get("id") else None,
        source="".join(map(str, source)) if isinstance(source, list) else str(source),
        type=str(cell.get("cell_type", "")),
        tags=_tags(cell),
    )


def _tags(cell: Mapping[str, Any]) -> tuple[str, ...]:
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return tuple(map(str, tags)) if isinstance(tags, list) else ()
