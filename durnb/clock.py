"""The clock that engine and journal are given, so that tests can move it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final, Protocol

SLICE: Final = 0.2  # seconds; an interrupt is felt within one slice of a wait


class Clock(Protocol):
    """Wall time for records, monotonic time for durations, and waiting."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...
    async def pause(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clock. `sleep` waits in slices, so that an interrupt ends it at once."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, SLICE))

    async def pause(self, seconds: float) -> None:
        """As `sleep`, for a task."""
        import asyncio  # noqa: PLC0415  # it takes as long to import as all that a command that only looks does with it, which is nothing

        await asyncio.sleep(seconds)
