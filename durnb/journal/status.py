"""Writes a run's status file a moment after it changed, so that no step waits for it; several changes in that moment are one write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from durnb.errors import JournalError
from durnb.journal.names import RunName
from durnb.journal.store import Store

_MOMENT: Final = 0.1  # seconds


class StatusFile:
    """The status file of a run that this process owns. What is posted tells the facts when they are written."""

    def __init__(self, store: Store, run: RunName) -> None:
        self._store, self._run = store, run
        self._tell: Callable[[], Mapping[str, Any]] | None = None
        self._condition = threading.Condition()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def post(self, tell: Callable[[], Mapping[str, Any]]) -> None:
        """Have what `tell` returns written soon, in place of what was posted before; it is called on another thread."""
        with self._condition:
            self._tell = tell
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._serve, name="durnb-status", daemon=True)
                self._thread.start()
            self._condition.notify()

    def _serve(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._tell is not None or self._closed)
                if self._closed:
                    return
            time.sleep(_MOMENT)
            try:
                self.flush()
            except JournalError:
                continue  # the file is for onlookers; a full disk stops the step itself, at its commit

    def flush(self) -> None:
        """Write what was posted, now. Raises JournalReadOnly, DiskFull."""
        with self._writing:  # so that no older facts come last
            with self._condition:
                tell, self._tell = self._tell, None
            if tell is not None:
                self._store.write_status(self._run, tell())

    def close(self) -> None:
        """Write what was posted, and end. Raises JournalReadOnly, DiskFull."""
        try:
            self.flush()
        finally:
            with self._condition:
                self._closed = True
                self._condition.notify()
