"""What the first durable cell needs is imported while the kernel waits for its next cell, or its cell for a disk: a tenth of a second less to wait.

The modules change nothing that a cell may set at the same time, such as filters of warnings. A process that forks waits for their end: a child
would find them half imported, with nobody who goes on.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FrameType
from typing import Any, Final

_EVENT: Final = "post_execute"  # after silent cells too: `durnb run` loads the extension with one
_MODULES: Final = ("durnb_kernel_ext.attachment",)
_PATIENCE: Final = 10.0  # seconds that a fork waits: should a module of ours ever fork as it is imported, it would wait for itself
_DRIVER: Final = "duckdb"  # before 2.0 it looks for ipywidgets as it is imported, and that is for the first open to arrange


class ImportsAhead:
    """Begins when the cell that loaded the extension has ended, on a thread of its own. `finish` waits for it."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._thread: threading.Thread | None = None
        self._registered = True
        shell.events.register(_EVENT, self._begin)

    def _begin(self) -> None:
        self._step_back()
        self._thread = threading.Thread(target=_import, args=(_MODULES,), name="durnb-imports", daemon=True)
        _importing.append(self._thread)
        self._thread.start()

    def finish(self) -> None:
        """Waits for what has begun; what has not is left to whoever needs it."""
        self._step_back()
        if self._thread is not None:
            self._thread.join()

    def _step_back(self) -> None:
        if self._registered:
            self._registered = False
            self._shell.events.unregister(_EVENT, self._begin)


def will_be_needed(notebook: Path | None) -> bool:
    """Whether a durable cell is likely to come: a cell asks for the extension just now, or the notebook's folder has runs.

    Kernels that load it by their configuration may never see one.
    """
    return _loaded_by_a_cell() or (notebook is not None and (notebook.parent / ".durnb").is_dir())


def _loaded_by_a_cell() -> bool:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "run_cell_async" and str(frame.f_globals.get("__name__", "")).startswith("IPython."):
            return True
        frame = frame.f_back
    return False


_importing: list[threading.Thread] = []


def _before_fork() -> None:
    while _importing:
        _importing.pop().join(_PATIENCE)


os.register_at_fork(before=_before_fork)


def _import(modules: Sequence[str]) -> None:
    wanted = [*modules, *([_DRIVER] if _is_quiet(_DRIVER) else [])]
    for name in wanted:
        try:
            importlib.import_module(name)
        except Exception:  # the first durable cell imports it again, and says what is wrong where people see it
            return


def _is_quiet(package: str) -> bool:
    """Whether DuckDB is one that looks for nothing as it is imported."""
    try:
        return int(version(package).partition(".")[0]) >= 2
    except (PackageNotFoundError, ValueError):
        return False
