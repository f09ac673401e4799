"""Attends a kernel while it runs cells: writes the notebook as outputs come, and ends a kernel that is hung."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from durnb.runner.client import KernelLife
from durnb.runner.vitals import Sign, Vitals, cpu_of

_TICK: Final = 1.0  # seconds
_LOOKS: Final = 5  # at least so many looks at a kernel before it is taken for hung
_EVERY: Final = 2.0  # seconds between two writes of the notebook in the course of a cell
_SHARE: Final = 20  # and at least so many times what the last write took


@dataclass(slots=True, kw_only=True)
class Attendance:
    """`journal_mark` changes whenever the run's status does; `write` puts the notebook on the disk. `hung` tells that the kernel was ended for it."""

    client: KernelLife
    hung_after: timedelta
    journal_mark: Callable[[], int]
    write: Callable[[], None]
    hung: bool = False
    _vitals: Vitals = field(default_factory=Vitals)
    _written: int = 0
    _next_write: float = 0.0

    @contextlib.asynccontextmanager
    async def present(self) -> AsyncIterator[None]:
        """While this lasts the kernel is attended."""
        task = asyncio.create_task(self._attend())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _attend(self) -> None:
        tick = min(_TICK, self.hung_after.total_seconds() / _LOOKS)
        while True:
            await asyncio.sleep(tick)
            self._write_outputs()
            if self._vitals.take(await self._sign()) >= self.hung_after:
                self.hung = True
                await self.client.kill()
                return

    async def _sign(self) -> Sign:
        answered = await self.client.answers()
        return Sign(
            at=time.monotonic(),
            cpu=cpu_of(self.client.pid),
            messages=self.client.messages,
            journal=self.journal_mark(),
            answered=answered,
        )

    def _write_outputs(self) -> None:
        began = time.monotonic()
        if self.client.messages == self._written or began < self._next_write:
            return
        self._written = self.client.messages
        self.write()
        ended = time.monotonic()
        self._next_write = ended + max(_EVERY, _SHARE * (ended - began))
