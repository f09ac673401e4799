"""Ctrl-C and SIGTERM: the first has the running cell end, a second one, or a grace run out, ends the kernel."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import field
from datetime import timedelta
from typing import Final

from durnb.records import dataclass

GRACE: Final = 30.0  # seconds for a cell to leave after an interrupt: a commit on its way is let finish
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class Stop:
    """What was asked so far, and how to pass it on to the kernel of the moment.

    After SIGTERM the running cell has `drain` to end by itself, before it is interrupted; after Ctrl-C, with which a person means now, no time.
    """

    signal: int | None = None
    drain: timedelta = timedelta(0)
    leave: Callable[[], Awaitable[None]] | None = None
    kill: Callable[[], Awaitable[None]] | None = None
    _tasks: set[asyncio.Future[None]] = field(default_factory=set)

    def ask(self, number: int) -> None:
        """Take a signal in."""
        again, self.signal = self.signal is not None, self.signal or number
        self._pass_on(self.kill if again else self.leave)
        if not again:
            asyncio.get_running_loop().call_later(self.patience + GRACE, lambda: self._pass_on(self.kill))

    @property
    def patience(self) -> float:
        """How many seconds the running cell has to end by itself."""
        return self.drain.total_seconds() if self.signal == signal.SIGTERM else 0.0

    def _pass_on(self, action: Callable[[], Awaitable[None]] | None) -> None:
        if action is not None:
            task = asyncio.ensure_future(action())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    @contextlib.contextmanager
    def heeded(self) -> Iterator[None]:
        """While this lasts the signals come here; outside the main thread, where none can be caught, they go where they went."""
        loop = asyncio.get_running_loop()
        try:
            for number in _SIGNALS:
                loop.add_signal_handler(number, self.ask, number)
        except (RuntimeError, ValueError):
            yield
            return
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
