"""What is durable inside a step: calls, maps, loops, waits and recorded values.

Each function finds the body that runs now (`durnb.engine.body`) and records what happened in its run's journal. Outside of a durable step they do
what their names say, and nothing is recorded.
"""

from __future__ import annotations

from durnb.inside.function import DurableFunction, call
from durnb.inside.loops import loop
from durnb.inside.mapped import map_async, map_sync
from durnb.inside.recorded import idempotency_key, now, random, uuid
from durnb.inside.timed import sleep, sleep_async, sleep_until, sleep_until_async, wait_for, wait_for_async
from durnb.inside.wrapped import wrap

__all__ = [
    "DurableFunction",
    "call",
    "idempotency_key",
    "loop",
    "map_async",
    "map_sync",
    "now",
    "random",
    "sleep",
    "sleep_async",
    "sleep_until",
    "sleep_until_async",
    "uuid",
    "wait_for",
    "wait_for_async",
    "wrap",
]
