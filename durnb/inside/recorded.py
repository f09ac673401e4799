"""Values that are the same again when a step goes on after a crash: the time, randomness, ids."""

from __future__ import annotations

import random as randomness
import uuid as uuids
from datetime import UTC, datetime

from durnb.digests import digest_of
from durnb.engine.body import Scope, scope_now
from durnb.inside.identity import occurring
from durnb.inside.invocation import Invocation
from durnb.inside.options import CallOptions

_PLAIN = CallOptions()


def now() -> datetime:
    """See `durnb.now`."""
    scope = scope_now("now")
    if scope is None:
        return datetime.now(UTC)
    made = Invocation(scope=scope, identity=occurring(scope, "now", "now"), options=_PLAIN)
    found, value = made.recorded()
    if not found:
        value = scope.body.clock.now().isoformat()
        made.record(value, 0.0)
    return datetime.fromisoformat(value)


def random() -> randomness.Random:
    """See `durnb.random`."""
    scope = scope_now("random")
    return randomness.Random() if scope is None else randomness.Random(int(_drawn(scope, "random"), 16))


def uuid() -> uuids.UUID:
    """See `durnb.uuid`."""
    scope = scope_now("uuid")
    return uuids.uuid4() if scope is None else uuids.UUID(hex=_drawn(scope, "uuid")[:32], version=4)


def idempotency_key(label: str = "") -> str:
    """See `durnb.idempotency_key`."""
    scope = scope_now("idempotency_key")
    return uuids.uuid4().hex if scope is None else _drawn(scope, f"idempotency_key\0{label}")[:32]


def _drawn(scope: Scope, what: str) -> str:
    """Hex digits that follow from where they are asked for: this run, step and generation, the enclosing call, and how often before.

    Nothing has to be recorded for them to be the same again.
    """
    body = scope.body
    history = body.journal.history
    began = history.started.isoformat() if history.started is not None else ""
    place = occurring(scope, what, what)
    return digest_of("drawn", history.store, history.run, began, body.step, str(body.calls.generation), place.digest)
