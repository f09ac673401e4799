"""Makes ``journal-3.tar.xz``: the golden journal of schema 2, gone on with by a step that has durable calls, a wait, a signal and a loop.

Run once, with the oldest DuckDB that durnb supports: ``python tests/golden/make_journal_3.py``. The archive is committed and never made again.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from durnb.clock import SystemClock
from durnb.engine.signatures import result_facts, result_payload, signed_facts
from durnb.events import CallFailed, CallStarted, CallSucceeded, ErrorInfo, LoopSaved, SignalReceived, StepFailed, StepStarted, WaitStarted
from durnb.journal import Journal, RunName, Store, digest_of_bytes

HERE = Path(__file__).parent


def begin(journal: Journal) -> None:
    """A step whose body has calls begins."""
    journal.append(
        StepStarted(
            step="calls",
            execution=1,
            attempt=1,
            generation=1,
            code="ca11",
            source="durnb.call(fetch)(1)",
            options="calls",
            fingerprint="fc",
            inputs=(),
            line=(),
            reason="it has not run yet",
        )
    )


def succeed(
    journal: Journal, call: str, value: str = "", stored: str = "", blobs: dict[str, bytes] | None = None, signal: str = ""
) -> None:
    """A call returned."""
    facts = result_facts(journal, journal.history.steps["calls"], 1)
    signature = journal.sign(facts, result_payload(call, value, stored))
    event = CallSucceeded(
        step="calls",
        execution=1,
        call=call,
        label=call[:3],
        code="c0de",
        ran=0.5,
        value=value,
        stored=stored,
        signature=signature,
        signal=signal,
    )
    journal.append(event, blobs=blobs or {})


def call(journal: Journal) -> None:
    """All kinds of what happens inside a step."""
    error = ErrorInfo(type="OSError", message="no")
    data = b"the pickle of a value"
    succeed(journal, "a" * 32, value='{"x":1}')
    succeed(journal, "b" * 32, stored=json.dumps({"plain_stream": digest_of_bytes(data).hex()}), blobs={digest_of_bytes(data).hex(): data})
    journal.append(CallStarted(step="calls", execution=1, call="c" * 32, label="pay"))
    journal.append(CallFailed(step="calls", execution=1, call="d" * 32, label="flaky", error=error, ran=0.1, retry_in=1.0))
    journal.append(WaitStarted(step="calls", execution=1, call="e" * 32, what="signal", name="go", prompt="go?"))
    journal.append(SignalReceived(request="r3", name="go", value="7"), SignalReceived(request="r4", name="go", value="8"))
    succeed(journal, "e" * 32, value="7", signal="r3")
    journal.append(
        WaitStarted(step="calls", execution=1, call="f" * 32, what="sleep", until="2026-11-22T00:00:00+00:00"),
    )
    manifest = json.dumps({"groups": []})
    started = journal.history.steps["calls"].executions[-1].started_seq
    signature = journal.sign(signed_facts(journal, started, "loop"), manifest.encode())
    journal.append(LoopSaved(step="calls", execution=1, call="0" * 32, position=5, manifest=manifest, signature=signature))
    journal.append(
        StepFailed(step="calls", execution=1, attempt=1, how="interrupt", error=ErrorInfo(type="KeyboardInterrupt", message=""), ran=1.0)
    )


def make(folder: Path) -> None:
    os.environ["DURNB_SECRET"] = "the key of the golden journals"
    shutil.unpack_archive(HERE / "journal-2.tar.xz", folder, filter="data")
    store, clock = Store.of(folder / "etl.ipynb"), SystemClock()
    journal = Journal.open(store, RunName("day=2026-11-20", 1), create=False, clock=clock, wait=timedelta(0))
    begin(journal)
    call(journal)
    journal.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder))
        shutil.make_archive(str(HERE / "journal-3"), "xztar", folder)
