"""Events and processes that the tests of the journal share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from durnb.clock import SystemClock
from durnb.events import ErrorInfo, Input, StepFailed, StepStarted, StepSucceeded
from durnb.journal import Journal, RunName, Store

RUN = RunName("interactive", 1)
NO_WAIT = timedelta(0)
CLOCK = SystemClock()


class StoppedClock(SystemClock):
    """A clock whose wall time stands still."""

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)


def opened(store: Store, run: RunName = RUN, *, create: bool = True, attach: bool = True, wait: timedelta = NO_WAIT) -> Journal:
    return Journal.open(store, run, create=create, clock=CLOCK, wait=wait, attach=attach)


def started(step: str, execution: int = 1, attempt: int = 1, *, generation: int = 1, line: tuple[tuple[str, int], ...] = ()) -> StepStarted:
    return StepStarted(
        step=step,
        execution=execution,
        attempt=attempt,
        generation=generation,
        code="c" * 64,
        source="x = 1",
        options=step,
        fingerprint=f"f{execution}",
        inputs=(Input(name="a", kind="plain", digest="d"),),
        line=line,
        reason="new",
    )


def failed(step: str, execution: int = 1, attempt: int = 1, *, message: str = "no", retry_in: float | None = None) -> StepFailed:
    error = ErrorInfo(type="ValueError", message=message)
    return StepFailed(step=step, execution=execution, attempt=attempt, how="exception", error=error, ran=0.5, retry_in=retry_in)


def succeeded(
    step: str, execution: int = 1, attempt: int = 1, *, manifest: str = "{}", signature: str = "", size: int = 0
) -> StepSucceeded:
    return StepSucceeded(
        step=step, execution=execution, attempt=attempt, manifest=manifest, signature=signature, saved=True, ran=1.25, save=0.1, size=size
    )


def run_step(journal: Journal, step: str, values: Sequence[bytes], execution: int = 1) -> list[str]:
    """A whole step whose checkpoint holds `values`; their digests."""
    begun = journal.append(started(step, execution))
    with journal.draft(step) as draft:
        digests = [draft.add(value) for value in values]
        manifest = json.dumps({"groups": [{"stream": digests[0], "buffers": digests[1:]}]})
        signature = journal.sign((journal.history.store, str(journal.run), str(begun), "checkpoint"), manifest.encode())
        draft.commit(succeeded(step, execution, manifest=manifest, signature=signature, size=draft.size))
    return digests


PRELUDE = """
import os, sys
from pathlib import Path
from datetime import timedelta
from durnb.errors import *
from durnb.journal import *
from unit.journal.journal_samples import *
store = Store.of(Path(sys.argv[1]))
def say(*words):
    print(*words, flush=True)
def heard():
    return sys.stdin.readline().strip()
def become_nobody():
    import duckdb
    if os.getuid() == 0:
        os.setgroups([])
        os.setegid(65534)
        os.seteuid(65534)
def quiet_exit():
    # the whole interpreter is torn down; DuckDB's binding then complains about the connection that a child must not destroy
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.exit(0)
"""


def process(store: Store, code: str, **environ: str) -> subprocess.Popen[str]:
    """A Python process that has `store`, ``say`` and ``heard``, and talks by its pipes."""
    tests = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    path = os.pathsep.join(filter(None, (tests, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PRELUDE + code, str(store.notebook)],  # of a fork beside threads
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": path, **environ},
    )


def heard(child: subprocess.Popen[str]) -> str:
    """The next line that `child` says."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


def told(child: subprocess.Popen[str], word: str = "go") -> None:
    assert child.stdin is not None
    child.stdin.write(word + "\n")
    child.stdin.flush()


def ended(child: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit status and the rest of what `child` says."""
    out, _ = child.communicate(timeout=60)
    return child.returncode, out
