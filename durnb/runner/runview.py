"""A run as one looks at it from outside: from its journal, or, while a kernel owns that, from the status that the owner keeps."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from durnb.clock import Clock
from durnb.engine import overview
from durnb.errors import JournalError, RunHeld, UsageError
from durnb.journal import Journal, RunName, Store, read_history

_OVER: Final = frozenset({"finished", "cancelled", "abandoned"})  # states after which nothing is told


def run_facts(store: Store, run: RunName, clock: Clock) -> dict[str, Any]:
    """The run as JSON values, as ``%durable status --json`` has them, and `owner`: the process whose kernel has the run, or None.

    Raises JournalError for a journal that can't be read.
    """
    owner = store.owner(run)
    if owner is not None:
        status = store.status(run) or {}
        steps = [step for step in status.get("steps", ()) if isinstance(step, dict)]  # names alone, right after its start
        return {"run": str(run), "state": "open", **status, "notebook": str(store.notebook), "steps": steps, "owner": owner}
    history = read_history(store, run, clock)
    steps = [overview.json_row(overview.unowned(row)) for row in overview.rows(history)]
    return {**overview.as_json(history), "notebook": str(store.notebook), "steps": steps, "owner": None}


def fresh_status(store: Store, run: RunName, clock: Clock) -> dict[str, Any]:
    """The run's status file. Where the process that wrote it is gone and the journal is younger, it is read from that, once: it is written anew.

    A journal that can't be read, or that somebody takes meanwhile, leaves what was written.
    """
    status = store.status(run) or {}
    if status.get("state") in _OVER or store.owner(run) is not None or not _is_behind(store, run):
        return status
    with suppress(JournalError, RunHeld, UsageError), Journal.reading(store, run, clock=clock) as journal:
        history = journal.history
        steps = [overview.json_row(overview.unowned(row)) for row in overview.rows(history)]
        at = history.last_step_event or history.started  # who only looks has not used the run
        status = {"at": at.isoformat() if at else None, **status, **overview.as_json(history), "steps": steps}
        store.write_status(run, status)
    return status


def _is_behind(store: Store, run: RunName) -> bool:
    """Whether the journal was written to after the status file; its last commits may lie in a file beside it."""
    journal = max(_time_of(store.file(run, suffix)) for suffix in ("duckdb", "duckdb.wal"))
    return journal >= _time_of(store.file(run, "status.json"))


def _time_of(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def status_of_step(store: Store, run: RunName, name: str) -> str | None:
    """The status of one step as the owner last told it; None where it told of no such step. For those who watch a run that is owned."""
    steps = (store.status(run) or {}).get("steps", ())
    return next((str(step["status"]) for step in steps if step.get("step") == name), None)
