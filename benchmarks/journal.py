"""P11: a journal that holds many small events."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from benchmarks.rows import Row
from durnb.clock import SystemClock
from durnb.events import StepResolved
from durnb.journal import Journal, RunName, Store

EVENTS = 100_000
BATCH = 1000


def measure(folder: Path) -> list[Row]:
    """How long a journal of many small events takes to open, and what each takes on disk."""
    store = Store.of(folder / "many.ipynb")
    store.create()
    run, clock = RunName("interactive", 1), SystemClock()
    journal = Journal.open(store, run, create=True, clock=clock, wait=timedelta(0))
    for start in range(0, EVENTS, BATCH):
        journal.append(*(StepResolved(step=f"step{i % 100}", answer="retry", request=f"{i:020d}") for i in range(start, start + BATCH)))
    journal.close()
    size = sum(file.stat().st_size for file in store.folder.iterdir() if file.is_file())
    began = time.perf_counter()
    journal = Journal.open(store, run, create=False, clock=clock, wait=timedelta(0))
    taken = time.perf_counter() - began
    journal.close()
    note = "once, events without bytes of their own"
    return [
        Row(
            key="P11", what=f"P11 a journal of {EVENTS:,} small events opens in", value=taken, unit="s", samples=1, goal="< 1 s", note=note
        ),
        Row(key="P11b", what="P11 bytes of an event on disk", value=size / EVENTS, unit="B", samples=1, goal="< 200 B", note=note),
    ]
