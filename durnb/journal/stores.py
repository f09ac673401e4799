"""The stores of many notebooks, found by looking through folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from durnb.errors import JournalError
from durnb.journal.store import Store, store_in

_PASSED_OVER: Final = frozenset({"node_modules", "__pycache__", "site-packages"})  # and hidden folders


def stores_under(folder: Path, root: Path | None = None) -> Iterator[Store]:
    """The stores of the notebooks in `folder` and the folders below it, in order; those under `root`, where the setting `store` names one.

    Hidden folders, and links to folders, are not entered. What can't be read is passed over.
    """
    if root is not None:
        inside = folder.resolve()
        yield from (store for store in stores_in(root.expanduser()) if store.notebook.is_relative_to(inside))
        return
    for path, folders, _ in os.walk(folder.resolve()):
        if ".durnb" in folders:
            yield from stores_in(Path(path, ".durnb"))
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _PASSED_OVER)


def stores_in(parent: Path) -> Iterator[Store]:
    """The stores that lie side by side in one ``.durnb`` folder, or in one that the setting `store` names."""
    try:
        folders = sorted(entry.path for entry in os.scandir(parent) if entry.is_dir(follow_symlinks=False))
    except OSError:
        return
    for folder in folders:
        try:
            store = store_in(Path(folder))
        except JournalError:
            continue  # whose it is can't be read; `durnb status` of its notebook says so
        if store is not None:
            yield store
