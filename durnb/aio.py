"""The waits and maps of durnb for tasks: ``await durnb.aio.sleep("2h")``. A durable call of a coroutine function is awaitable as it is."""

from __future__ import annotations

from durnb.inside import map_async as map  # its name is that of `durnb.map`
from durnb.inside import sleep_async as sleep
from durnb.inside import sleep_until_async as sleep_until
from durnb.inside import wait_for_async as wait_for

__all__ = ["map", "sleep", "sleep_until", "wait_for"]
