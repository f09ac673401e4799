"""``%durable all`` in this kernel: which cells without a header are steps, and the saved notebook's cells as it makes them."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from durnb.engine.cells import NotebookCell
from durnb.engine.header import FoundHeader
from durnb.engine.unmarked import (
    Blanket,
    Occurrences,
    code_key,
    covered,
    is_lasting,
    is_step,
    name_by_code,
    name_by_id,
    says_all,
)
from durnb_kernel_ext.identity import cell_identity, saved_cells

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension owns this part of it


class UnmarkedCells:
    """Finds the step that a cell without a header is."""

    def __init__(self, extension: Extension) -> None:
        self._extension = extension
        self._occurrences = Occurrences()
        self._ids = True  # whether the front end tells ids that are those of the file
        self._read: tuple[object, list[NotebookCell]] | None = None
        self._covered: tuple[list[NotebookCell], object, list[NotebookCell]] | None = None

    def find(self, info: Any, blanket: Blanket | None) -> FoundHeader | None:
        """The header that ``%durable all`` gives to the executing cell; None where it stays plain.

        A front end's own requests (``store_history=False``) are no cells, and other threads run none.
        """
        source = str(info.raw_cell or "")
        if blanket is None or not info.store_history or threading.current_thread() is not threading.main_thread():
            return None
        cell_id, tags = cell_identity(info, self._extension.kernel)
        places = self._places(cell_id, source)
        saved = self._saved()
        tags += tuple(tag for place in places for tag in saved[place].tags)
        if not is_step(source, tags) or self._stands_above(places):
            return None
        self._ids = is_lasting(cell_id)
        if cell_id is not None and self._ids:
            return blanket.over(name_by_id(cell_id), source)
        key = code_key(source)
        return blanket.over(name_by_code(key, self._occurrences.number(key, cell_id)), source)

    def ended_well(self, found: FoundHeader) -> None:
        """The step of the cell `found` is finished."""
        if not self._ids:
            self._occurrences.ended_well(code_key(found.body))

    def cells(self, blanket: Blanket | None, everywhere: bool) -> Sequence[NotebookCell]:
        """The cells of the saved file, as ``%durable all`` makes them; the same list until something changes.

        `everywhere`: it holds from the first cell on, by a setting; else from where the file says it, or everywhere where it was typed by hand.
        """
        read = self._saved()
        start = Blanket() if everywhere else None if says_all(read) else blanket
        known = self._covered
        if (
            known is None or known[0] is not read or known[1] != (start, self._ids)
        ):  # by the list, which is kept: another may come to its address
            known = self._covered = read, (start, self._ids), covered(read, start, ids=self._ids)
        return known[2]

    def _saved(self) -> list[NotebookCell]:
        """The cells of the file as they are there, read again where it changed."""
        path = self._extension.path
        mark = _mark(path)
        if path is None or mark is None:
            return []
        if self._read is None or self._read[0] != mark:
            self._read = mark, saved_cells(path)
        return self._read[1]

    def _places(self, cell_id: str | None, source: str) -> list[int]:
        """Where the cell stands in the file: by its id, else wherever its text does."""
        cells = self._saved()
        by_id = [n for n, cell in enumerate(cells) if cell_id is not None and cell.id == cell_id]
        return by_id or [n for n, cell in enumerate(cells) if cell.type == "code" and cell.source.strip() == source.strip()]

    def _stands_above(self, places: list[int]) -> bool:
        """Whether the cell stands above the one that switches ``all`` on: Run All has it plain, so it is plain in a kernel's second pass, too."""
        cells = self._saved()
        first = next((n for n, cell in enumerate(cells) if says_all([cell])), None)
        return bool(places) and first is not None and not self._extension.all_by_setting and max(places) < first


def _mark(path: Path | None) -> object | None:
    if path is None:
        return None
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # it is not there, or its name is no name of a file
        return None
    return (path, found.st_mtime_ns, found.st_size) if stat.S_ISREG(found.st_mode) else None
