"""The progress of a map, counted as its items end, and told in the badge of the cell now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Sized
from operator import length_hint
from typing import Final

from durnb.engine.body import Body, Scope
from durnb.engine.progress import Pace, Progress

_FIRST: Final = 0.5  # seconds after which a map is worth a line: what is over sooner flickers
_EVERY: Final = 0.3  # seconds between two changes of it, at first
_SELDOM: Final = 2.0  # and in a map that takes hours


class Bar:
    """Counts what is done. A map inside of another call counts too, and tells nobody. Only the main thread tells anything."""

    def __init__(self, scope: Scope | None, name: str, items: object) -> None:
        self._body: Body | None = scope.body if scope is not None and not scope.call else None
        self._name, self.total = name, length_of(items)
        self.done = self.restored = self.failed = 0
        self._pace = Pace()
        self._began = time.monotonic()
        self._next = self._began + _FIRST
        self._told = False

    def count(self, *, restored: bool, failed: bool) -> None:
        self.done += 1
        self.restored += restored
        self.failed += failed
        self.show()

    def progress(self) -> Progress:
        """Where it stands now."""
        spent = time.monotonic() - self._began
        return Progress(
            name=self._name,
            total=self.total,
            done=self.done,
            restored=self.restored,
            failed=self.failed,
            spent=spent,
            rate=self._pace.rate(spent, self.done - self.restored),
        )

    def show(self) -> None:
        """Tell where it stands, a few times a second at most."""
        now = time.monotonic()
        if self._body is None or now < self._next or threading.current_thread() is not threading.main_thread():
            return
        self._next = now + min(_SELDOM, max(_EVERY, (now - self._began) / 100))
        self._told = True
        self._body.maps[self] = progress = self.progress()
        self._body.tell(self, str(progress))

    def end(self) -> None:
        """The map is over: the last line of one that told anything says how it ended, and goes."""
        if self._body is not None and self._told:
            self._body.tell(self, str(self.progress()))
            self._body.tell(self, "")
            self._body.maps.pop(self, None)


def length_of(items: object) -> int | None:
    """How many items there are to come, where they say so."""
    try:
        return len(items) if isinstance(items, Sized) else length_hint(items, 0) or None
    except Exception:  # it is the user's, may have none although it has the method, and only a line depends on it
        return None
