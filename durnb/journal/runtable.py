"""The table `runs` for those who ask in SQL: every run of a notebook and how it stands, also while a kernel has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from durnb.clock import Clock
from durnb.fold import History
from durnb.journal.journal import read_history
from durnb.journal.names import RunName
from durnb.journal.store import Store

MADE: Final = """
create table runs (
    run varchar, state varchar, started timestamp, updated timestamp, kernels integer, steps integer, finished integer, parameters varchar,
    owner bigint
)
"""


def row_of(store: Store, run: RunName, clock: Clock) -> tuple[Any, ...]:
    """A run as a row: from its journal, or from its owner's status, which knows nothing of `kernels`. Raises DurnbError where that can't be read."""
    owner = store.owner(run)
    if owner is not None:
        return _of_status(run, store.status(run) or {}, owner)
    return _of_history(run, read_history(store, run, clock))


def _of_history(run: RunName, history: History) -> tuple[Any, ...]:
    steps = [step for step in history.steps.values() if step.executions]
    finished = sum(step.status == "succeeded" and not step.rerun for step in steps)
    told = (_utc(history.started), _utc(history.last_step_event), len(history.kernels), len(steps), finished)
    return (str(run), history.state, *told, json.dumps(dict(history.parameters)), None)


def _of_status(run: RunName, status: Mapping[str, Any], owner: int) -> tuple[Any, ...]:
    steps = status.get("steps", ())
    finished = sum(step.get("status") == "finished" for step in steps)
    told = (_moment(status.get("started")), _moment(status.get("updated")), None, len(steps), finished)
    return (str(run), status.get("state", "open"), *told, json.dumps(status.get("parameters", {})), owner)


def _moment(text: str | None) -> datetime | None:
    return _utc(datetime.fromisoformat(text)) if text else None


def _utc(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC).replace(tzinfo=None) if at is not None else None
