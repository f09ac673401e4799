"""Writes a run's status file a moment after it changed, so that no step waits for it; several changes in that moment are one write."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from durnb.errors import JournalError
from durnb.journal.names import RunName
from durnb.journal.store import Store

_MOMENT: Final = 0.03  # seconds


class StatusFile:
    """The status file of a run that this process owns. Facts that were posted must not change afterwards."""

    def __init__(self, store: Store, run: RunName) -> None:
        self._store, self._run = store, run
        self._facts: Mapping[str, Any] | None = None
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def post(self, facts: Mapping[str, Any]) -> None:
        """Have `facts` written soon, in place of those posted before."""
        with self._condition:
            self._facts = facts
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._serve, name="durnb-status", daemon=True)
                self._thread.start()
            self._condition.notify()

    def _serve(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._facts is not None or self._closed)
                if self._closed:
                    return
            time.sleep(_MOMENT)
            try:
                self.flush()
            except JournalError:
                continue  # the file is for onlookers; a full disk stops the step itself, at its commit

    def flush(self) -> None:
        """Write what was posted, now. Raises JournalReadOnly, DiskFull."""
        with self._condition:
            facts, self._facts = self._facts, None
            if facts is not None:
                self._store.write_status(self._run, facts)

    def close(self) -> None:
        """Write what was posted, and end. Raises JournalReadOnly, DiskFull."""
        try:
            self.flush()
        finally:
            with self._condition:
                self._closed = True
                self._condition.notify()
