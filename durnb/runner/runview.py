"""A run as one looks at it from outside: from its journal, or, while a kernel owns that, from the status that the owner keeps."""

from __future__ import annotations

from typing import Any

from durnb.clock import Clock
from durnb.engine import overview
from durnb.journal import RunName, Store, read_history


def run_facts(store: Store, run: RunName, clock: Clock) -> dict[str, Any]:
    """The run as JSON values, as ``%durable status --json`` has them, and `owner`: the process whose kernel has the run, or None.

    Raises JournalError for a journal that can't be read.
    """
    owner = store.owner(run)
    if owner is not None:
        status = store.status(run) or {}
        return {"run": str(run), "state": "open", "notebook": str(store.notebook), "steps": [], **status, "owner": owner}
    history = read_history(store, run, clock)
    steps = [overview.json_row(overview.unowned(row)) for row in overview.rows(history)]
    return {**overview.as_json(history), "steps": steps, "owner": None}


def status_of_step(store: Store, run: RunName, name: str) -> str | None:
    """The status of one step as the owner last told it; None where it told of no such step. For those who watch a run that is owned."""
    steps = (store.status(run) or {}).get("steps", ())
    return next((str(step["status"]) for step in steps if step.get("step") == name), None)
