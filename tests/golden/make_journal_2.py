"""Makes ``journal-2.tar.xz``: the golden journal of schema 1, gone on with after a collection dropped a checkpoint of it.

Run once, with the oldest DuckDB that durnb supports: ``python tests/golden/make_journal_2.py``. The archive is committed and never made again.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from durnb.clock import SystemClock
from durnb.events import StepStarted, StepSucceeded
from durnb.journal import Journal, Limits, RunName, Store, collect

HERE = Path(__file__).parent


def run_again(journal: Journal, execution: int, value: bytes) -> None:
    """Another execution of the step ``fetch``, edited."""
    begun = journal.append(
        StepStarted(
            step="fetch",
            execution=execution,
            attempt=1,
            generation=1,
            code=f"c{execution}",
            source="df = load()",
            options="fetch",
            fingerprint=f"f{execution}",
            inputs=(),
            line=(),
            reason="its code was edited",
        )
    )
    with journal.draft("fetch") as draft:
        manifest = json.dumps({"groups": [{"stream": draft.add(value), "buffers": []}]})
        signature = journal.sign((journal.store.id, str(journal.run), str(begun), "checkpoint"), manifest.encode())
        ended = StepSucceeded(
            step="fetch",
            execution=execution,
            attempt=1,
            manifest=manifest,
            signature=signature,
            saved=True,
            ran=1.0,
            save=0.25,
            size=draft.size,
        )
        draft.commit(ended)


def make(folder: Path) -> None:
    os.environ["DURNB_SECRET"] = "the key of the golden journals"
    shutil.unpack_archive(HERE / "journal-1.tar.xz", folder, filter="data")
    store, clock = Store.of(folder / "etl.ipynb"), SystemClock()
    journal = Journal.open(store, RunName("day=2026-11-20", 1), create=False, clock=clock, wait=timedelta(0))
    for execution in (2, 3):
        run_again(journal, execution, bytes([execution]) * 5000)
    collect(store, Limits(checkpoints=1, runs=1), clock=clock, patience=timedelta(0), own=journal)
    journal.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        shutil.make_archive(str(HERE / "journal-2"), "xztar", folder)
