"""``durnb.sleep``, ``sleep_until`` and ``wait_for``, for threads; `durnb.aio` has the same for tasks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from durnb.engine.body import body_now
from durnb.errors import UsageError
from durnb.inside.function import say_outside
from durnb.inside.waits import Wanted, begun, moment, plain_sleep, sleeping, waited, waited_async, wanted_signal

Length = float | str | timedelta


def sleep(length: Length) -> None:
    """See `durnb.sleep`."""
    long, label = sleeping(length)
    progress, _, known = begun(label, f"sleep\0{long.total_seconds()}", Wanted(name="", until=_now() + long))
    if progress is not None:
        waited(progress)
    elif not known:
        plain_sleep("durnb.sleep", long.total_seconds())


def sleep_until(when: datetime) -> None:
    """See `durnb.sleep_until`."""
    until = moment(when)
    progress, _, known = begun(f"sleep until {when}", f"sleep until\0{until.isoformat()}", Wanted(name="", until=until))
    if progress is not None:
        waited(progress)
    elif not known:
        plain_sleep("durnb.sleep_until", max(0.0, (until - _now()).total_seconds()))


def wait_for(name: str, *, timeout: Length | None = None, schema: object = None, prompt: str | None = None, default: Any = None) -> Any:
    """See `durnb.wait_for`."""
    wanted = wanted_signal(name, timeout, schema, prompt, _now())
    progress, value, known = begun(f"wait for {name}", f"wait\0{name}", wanted)
    if progress is not None:
        value = waited(progress)
    elif not known:
        raise UsageError(f"durnb.wait_for({name!r}) has to be called in a durable cell: only a run can be sent a signal")
    return default if value is None else value[0]


async def sleep_async(length: Length) -> None:
    """See `durnb.aio.sleep`."""
    long, label = sleeping(length)
    progress, _, known = begun(label, f"sleep\0{long.total_seconds()}", Wanted(name="", until=_now() + long))
    if progress is not None:
        await waited_async(progress)
    elif not known:
        say_outside("durnb.aio.sleep")
        await asyncio.sleep(long.total_seconds())


async def sleep_until_async(when: datetime) -> None:
    """See `durnb.aio.sleep_until`."""
    until = moment(when)
    progress, _, known = begun(f"sleep until {when}", f"sleep until\0{until.isoformat()}", Wanted(name="", until=until))
    if progress is not None:
        await waited_async(progress)
    elif not known:
        say_outside("durnb.aio.sleep_until")
        await asyncio.sleep(max(0.0, (until - _now()).total_seconds()))


async def wait_for_async(
    name: str, *, timeout: Length | None = None, schema: object = None, prompt: str | None = None, default: Any = None
) -> Any:
    """See `durnb.aio.wait_for`."""
    wanted = wanted_signal(name, timeout, schema, prompt, _now())
    progress, value, known = begun(f"wait for {name}", f"wait\0{name}", wanted)
    if progress is not None:
        value = await waited_async(progress)
    elif not known:
        raise UsageError(f"durnb.aio.wait_for({name!r}) has to be awaited in a durable cell: only a run can be sent a signal")
    return default if value is None else value[0]


def _now() -> datetime:
    body = body_now()
    return body.clock.now() if body is not None else datetime.now(UTC)
