"""Makes ``journal-1.tar.xz``: a notebook's folder with a store of schema 1, as the first released durnb wrote it.

Run once, with the oldest DuckDB that durnb supports: ``python tests/golden/make_journal_1.py``. The archive is committed and never made again.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from durnb.clock import SystemClock
from durnb.events import (
    ErrorInfo,
    Input,
    StepFailed,
    StepRenamed,
    StepRerunRequested,
    StepResolved,
    StepReused,
    StepStarted,
    StepSucceeded,
)
from durnb.journal import Journal, RunName, Store

HERE = Path(__file__).parent
SECRET = "the key of the golden journals"
BIG = bytes(range(256)) * 300


class _Clock(SystemClock):
    def now(self) -> datetime:
        return datetime(2026, 11, 21, 2, 30, tzinfo=UTC)


def _started(step: str, execution: int, attempt: int, line: tuple[tuple[str, int], ...] = ()) -> StepStarted:
    return StepStarted(
        step=step,
        execution=execution,
        attempt=attempt,
        generation=1,
        code="c0de",
        source="df = load()",
        options=step,
        fingerprint="f1",
        inputs=(Input(name="load", kind="plain", digest="d1"), Input(name="raw", kind="durable", digest="d2", maker="fetch")),
        line=line,
        reason="it has not run yet",
        cell_id="0a1b",
    )


def make(folder: Path) -> None:
    os.environ["DURNB_SECRET"] = SECRET
    store = Store.of(folder / "etl.ipynb")
    journal = Journal.open(
        store, RunName("day=2026-11-20", 1), create=True, clock=_Clock(), wait=timedelta(0), parameters={"day": "2026-11-20"}
    )
    error = ErrorInfo(type="ValueError", message="no “such” file", traceback="Traceback …")
    journal.append(_started("fetch", 1, 1))
    journal.append(StepFailed(step="fetch", execution=1, attempt=1, how="exception", error=error, ran=0.5, retry_in=1.0))
    begun = journal.append(_started("fetch", 1, 2)) - 2
    with journal.draft("fetch") as draft:
        manifest = json.dumps({"groups": [{"stream": draft.add(b"small"), "buffers": [draft.add(BIG)]}]})
        signature = journal.sign((store.id, str(journal.run), str(begun), "checkpoint"), manifest.encode())
        ended = StepSucceeded(
            step="fetch", execution=1, attempt=2, manifest=manifest, signature=signature, saved=True, ran=1.0, save=0.25, size=draft.size
        )
        checkpoint = draft.commit(ended)
    journal.append(StepReused(step="fetch", checkpoint=checkpoint, fingerprint="f2", inputs=()))
    journal.append(_started("train", 1, 1, (("fetch", checkpoint),)))
    journal.append(StepRerunRequested(step="report", request="r1"), StepResolved(step="train", answer="retry", request="r2"))
    journal.append(StepRenamed(old="train", new="fit"))
    journal.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        shutil.make_archive(str(HERE / "journal-1"), "xztar", folder)
