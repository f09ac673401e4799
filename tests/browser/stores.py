"""Stores as long runs leave them, written by a real journal in a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from durnb.clock import SystemClock
from durnb.engine import overview
from durnb.engine.manifest import Manifest
from durnb.events import Event, RunFinished, StepSucceeded
from durnb.fingerprint import read_cell
from durnb.journal import Journal, RunName, Store
from unit.journal.journal_samples import NO_WAIT, started


def leave_run(notebook: Path, steps: Sequence[str], number: int = 1, *, finished: bool = False) -> None:
    """A run of the notebook in which the cells of `steps`, each ``x = 1``, are finished."""
    store = Store.of(notebook)
    if not store.exists:
        store.create()
    journal = Journal.open(store, RunName("interactive", number), create=True, clock=SystemClock(), wait=NO_WAIT)
    journal.append(*_events(steps))
    if finished:
        journal.append(RunFinished())
    journal.write_status(overview.as_json(journal.history))
    journal.close("exit")


def _events(steps: Sequence[str]) -> list[Event]:
    code = read_cell("x = 1").digest
    events: list[Event] = []
    for step in steps:
        manifest = Manifest(step=step).encode()
        done = StepSucceeded(step=step, execution=1, attempt=1, manifest=manifest, signature="", saved=True, ran=1.0, save=0.1, size=1000)
        events += [replace(started(step), code=code, source="x = 1"), done]
    return events
