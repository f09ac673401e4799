"""Attends a kernel while it runs cells: writes the notebook as outputs come, ends a kernel that is hung, and one that only waits."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from durnb.records import dataclass
from durnb.runner.cells import says_waiting
from durnb.runner.client import KernelLife
from durnb.runner.vitals import Sign, Vitals, cpu_of

_TICK: Final = 1.0  # seconds
_LOOKS: Final = 5  # at least so many looks at a kernel before it is taken for hung
_EVERY: Final = 2.0  # seconds between two writes of the notebook in the course of a cell
_LONG: Final = (
    0.5  # seconds that a write of the notebook has to take for quick cells to be written together; at its kernel's end it is always written
)
_BOUNDARY: Final = 20.0  # seconds for the durable calls in flight to return, when the run is told to stop
_WORD: Final = 2.0  # seconds for what the kernel said last to arrive
_GAP: Final = 0.1  # seconds between two looks whether they did
_SHARE: Final = 20  # and at least so many times what the last write took


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """What a suspended run waits for: the moment `until` (None where no time ends it), or one of `signals`."""

    step: str
    until: datetime | None
    signals: tuple[str, ...]


def suspension_of(told: Mapping[str, Any]) -> Suspension:
    """As the kernel tells it."""
    until = told["until"]
    return Suspension(step=told["step"], until=datetime.fromisoformat(until) if until else None, signals=tuple(told["names"]))


def _left(waiting: Mapping[str, Any]) -> timedelta:
    until = suspension_of(waiting).until
    return timedelta.max if until is None else until - datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Attendance:
    """`journal_mark` changes whenever the run's status does; `write` puts the notebook on the disk.

    A step that does nothing but wait, since `suspend_after` and for as long to come, has the kernel ended; None for never. `hung` and `suspended` tell
    why the kernel was ended.
    """

    client: KernelLife
    hung_after: timedelta
    suspend_after: timedelta | None
    journal_mark: Callable[[], int]
    write: Callable[[], None]
    hung: bool = False
    suspended: Suspension | None = None
    _waits_since: tuple[object, float] = (None, 0.0)
    _vitals: Vitals = field(default_factory=Vitals)
    _written: int = 0
    _ended: bool = False  # a cell, since the notebook was written last
    _took: float = 0.0  # seconds, to write it
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
            if self.suspend_after is not None and await self._is_suspended(self.suspend_after):
                await self._written_as_waiting()
                await self.client.kill()
                return

    async def leave(self, patience: Callable[[], float]) -> None:
        """Have the running cell end: without loss where its step only waits, or soon does, between two durable calls; by itself, where it does so in
        `patience` seconds, which may become less meanwhile; else by an interrupt.
        """
        recorded = await self._suspended_soon() if self.client.durable else None
        if recorded is None:
            began = time.monotonic()
            while self.client.at_work and time.monotonic() - began < patience():
                await asyncio.sleep(_GAP)
            if self.client.at_work:
                await self.client.interrupt()
            return
        self.suspended = suspension_of(recorded)
        await self._written_as_waiting()
        await self.client.kill()

    async def _written_as_waiting(self) -> None:
        """The notebook on the disk says what its step waits for, for as long as that lasts; the kernel's word for it may still be on its way."""
        end = time.monotonic() + _WORD
        while self.suspended is not None and not says_waiting(self.client.nb, self.suspended.step) and time.monotonic() < end:
            await asyncio.sleep(_GAP)
        self.write()

    async def _suspended_soon(self) -> Mapping[str, Any] | None:
        end = time.monotonic() + (_BOUNDARY if await self.client.ask("leave") else 0.0)
        recorded: Mapping[str, Any] | None = await self.client.ask("suspend")
        while recorded is None and time.monotonic() < end:
            await asyncio.sleep(_GAP)
            recorded = await self.client.ask("suspend")
        return recorded

    async def _is_suspended(self, after: timedelta) -> bool:
        """Whether the kernel only waited, long enough, and has recorded that it goes on without a kernel."""
        waiting = await self.client.ask("waiting") if self.client.durable else None
        now = time.monotonic()
        if waiting is None or waiting != self._waits_since[0] or self._vitals.busy:  # it may work beside its waits
            self._waits_since = waiting, now
        if waiting is None or now - self._waits_since[1] < after.total_seconds() or _left(waiting) < after:
            return False
        recorded = await self.client.ask("suspend")
        self.suspended = suspension_of(recorded) if recorded is not None else None
        return self.suspended is not None

    async def _sign(self) -> Sign:
        answered = await self.client.answers()
        return Sign(
            at=time.monotonic(),
            cpu=cpu_of(self.client.pid),
            messages=self.client.messages,
            journal=self.journal_mark(),
            answered=answered,
        )

    def cell_ended(self) -> None:
        """Have the notebook written: at once, or, where that takes long, when its time has come."""
        self._ended = True
        if self._took < _LONG:
            self._write_now()
        else:
            self._write_outputs()

    def all_ended(self) -> None:
        """Have the notebook written as it is: when the kernel has told that the run is over, nobody may be left to write it."""
        if self._is_behind():
            self._write_now()

    def _write_outputs(self) -> None:
        if self._is_behind() and time.monotonic() >= self._next_write:
            self._write_now()

    def _is_behind(self) -> bool:
        return self.client.messages != self._written or self._ended

    def _write_now(self) -> None:
        began = time.monotonic()
        self._written, self._ended = self.client.messages, False
        self.write()
        self._took = time.monotonic() - began
        self._next_write = began + self._took + max(_EVERY, _SHARE * self._took)
