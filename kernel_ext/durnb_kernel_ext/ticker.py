"""Shows the badge of what lasts anew while it lasts, from a thread of its own: the kernel's own may be busy with the cell."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

_STEPS: Final = ((60.0, 1.0), (600.0, 5.0), (float("inf"), 30.0))  # seconds since the beginning, and between two showings until then


class Ticker:
    """One for a kernel. What is watched is shown a second after it began, and again and again until it is replaced or dropped."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._show: Callable[[], None] | None = None
        self._began = self._next = 0.0
        self._thread: threading.Thread | None = None
        self._closed = False

    def watch(self, show: Callable[[], None]) -> None:
        """Call `show` as time goes on, in place of what was watched. It is called under a lock: what `drop` was called for is not shown after it."""
        with self._condition:
            self._show, self._began = show, time.monotonic()
            self._next = self._began + pause(0.0)
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._serve, name="durnb-ticker", daemon=True)
                self._thread.start()
            self._condition.notify()

    def drop(self) -> None:
        """Nothing lasts any more."""
        with self._condition:
            self._show = None

    def close(self) -> None:
        """Ends the thread."""
        with self._condition:
            self._show, self._closed = None, True
            self._condition.notify()

    def _serve(self) -> None:
        with self._condition:
            while not self._closed:
                if self._show is None:
                    self._condition.wait()
                elif (left := self._next - time.monotonic()) > 0:
                    self._condition.wait(left)
                else:
                    self._show()
                    now = time.monotonic()
                    self._next = now + pause(now - self._began)


def pause(elapsed: float) -> float:
    """Seconds until the next showing of what has lasted for `elapsed` seconds."""
    return next(between for until, between in _STEPS if elapsed < until)
