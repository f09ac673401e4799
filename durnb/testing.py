"""For tests of code that calls durnb: durable steps without a kernel, a clock that skips waits, notebooks that are killed where one says.

::

    from durnb.testing import Crash, FakeClock, step

    def test_orders_are_shipped_once(tmp_path):
        with pytest.raises(Crash), step(tmp_path, clock=FakeClock()):
            ship(order)             # durnb.call, durnb.sleep and the others do what they do in a durable cell
            raise Crash             # as if the kernel died here
        with step(tmp_path, clock=FakeClock()):
            ship(order)             # the recorded calls are not made again

`run_notebook` runs cells in real kernels and kills them at named points; the points are those of `POINTS`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from durnb.clock import Clock, SystemClock
from durnb.config import Settings
from durnb.engine.body import Body, running
from durnb.engine.mail import take_signals
from durnb.engine.manifest import Manifest
from durnb.engine.saving import sign
from durnb.events import ErrorInfo, StepFailed, StepRerunRequested, StepStarted, StepSucceeded
from durnb.faults import POINTS
from durnb.journal import Journal, RunName, Store
from durnb.records import dataclass

if TYPE_CHECKING:  # nbclient comes with it
    from durnb.runner.places import CellPlace, Fate

__all__ = ["POINTS", "Crash", "Executed", "FakeClock", "run_notebook", "step"]

_RUN: Final = RunName("interactive", 1)


class Crash(BaseException):
    """Raised in a `step`, it ends the step as the death of a kernel would: nothing more is recorded. No ``except Exception`` stops it."""


@dataclass(slots=True)
class FakeClock:
    """A clock of which waits take no time: they move it. It begins at `start` (aware)."""

    start: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    passed: float = 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += max(0.0, seconds)

    async def pause(self, seconds: float) -> None:
        self.sleep(seconds)


@contextmanager
def step(
    folder: Path,
    name: str = "step",
    *,
    clock: Clock | None = None,
    namespace: MutableMapping[str, object] | None = None,
    settings: Settings | None = None,
) -> Iterator[Body]:
    """Run a block as the body of the durable step `name`, whose calls are recorded in a store in `folder`; only one at a time.

    A block that left with an exception, or `Crash`, is gone on with by the next one; after one that ended well the next begins anew. Variables
    are not stored: a block is no cell. `said` of what it gives are the lines that people would see.
    """
    clock = clock or SystemClock()
    store = Store.of(folder / "test.ipynb")
    journal = Journal.open(store, _RUN, create=True, clock=clock, wait=timedelta(seconds=1))
    crashed = False
    try:
        started = _start(journal, name)
        body = _body(journal, name, started, clock, {} if namespace is None else namespace, settings or Settings())
        began = time.monotonic()
        try:
            with running(body):
                yield body
            question = body.question()
            if question is not None:
                raise question
        except Crash:
            crashed = True
            raise
        except BaseException as error:
            how = "exception" if isinstance(error, Exception) else "interrupt"
            info = ErrorInfo(type=type(error).__name__, message=str(error))
            execution, attempt = started.execution, started.attempt
            journal.append(StepFailed(step=name, execution=execution, attempt=attempt, how=how, error=info, ran=time.monotonic() - began))  # type: ignore[arg-type]  # one of the two
            raise
        text, signature = sign(journal, Manifest(step=name), body.started_seq, "checkpoint")
        journal.append(
            StepSucceeded(
                step=name,
                execution=started.execution,
                attempt=started.attempt,
                manifest=text,
                signature=signature,
                saved=True,
                ran=time.monotonic() - began,
                save=0.0,
                size=0,
            )
        )
    finally:
        journal.close(None if crashed else "exit")


def _start(journal: Journal, name: str) -> StepStarted:
    past = journal.history.steps.get(name)
    if past is not None and not past.unfinished:
        journal.append(StepRerunRequested(step=name))
    last = past.last if past is not None else None
    started = StepStarted(
        step=name,
        execution=last.number + 1 if last is not None else 1,
        attempt=1,
        generation=past.generation if past is not None else 1,
        code="",
        source="",
        options=name,
        fingerprint="",
        inputs=(),
        line=(),
        reason="a test",
    )
    journal.append(started)
    return started


def _body(
    journal: Journal, name: str, started: StepStarted, clock: Clock, namespace: MutableMapping[str, object], settings: Settings
) -> Body:
    return Body(
        step=name,
        execution=started.execution,
        started_seq=journal.history.steps[name].executions[-1].started_seq,
        journal=journal,
        clock=clock,
        settings=settings,
        namespace=namespace,
        show=_nobody,
        say=_nobody,
        serve=lambda: take_signals(journal),
        changed=lambda: None,
    )


def _nobody(text: str) -> None:
    """Where nobody reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """A notebook that was run: how each kernel ended ("died" or the runner's word), and the plain text that each cell shows at the end."""

    ends: tuple[str, ...]
    texts: tuple[str, ...]


def run_notebook(cells: Sequence[str], folder: Path, *, crash_at: Sequence[str] = (), **environ: str) -> Executed:
    """Run cells as a notebook in `folder`, in real kernels: one that is killed at each of the `crash_at` points, then one that is not.

    A point is one of `POINTS`, with a step where only that one is meant, and a count: "call-recorded:train@3".
    """
    import nbformat  # noqa: PLC0415  # heavy, and only needed here

    from durnb.runner.request import RunRequest  # noqa: PLC0415  # beside the next
    from durnb.runner.supervise import run_notebook  # noqa: PLC0415  # nbclient comes with it

    notebook, output = folder / "test.ipynb", folder / "test.out.ipynb"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.write_text(nbformat.writes(book))
    ends: list[str] = []
    for point in (*crash_at, ""):
        faults = {"DURNB_FAULTS": f"{point.partition('@')[0]}=kill@{point.partition('@')[2] or 1}"} if point else {}
        request = RunRequest(notebook=notebook, output=output, key="default", mode="resume" if ends else "auto", max_restarts=0)
        outcome = run_notebook(request, _Silent(), {**os.environ, **environ, **faults})
        ends.append("died" if outcome.deaths else outcome.exit.name.lower())
    return Executed(ends=tuple(ends), texts=tuple(map(_text, nbformat.read(output, 4).cells)))


def _text(cell: Any) -> str:
    shown = (output for output in cell.get("outputs", ()) if not (output.get("metadata", {}).get("durnb") or {}).get("badge"))
    return "".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in shown)


class _Silent:
    """Hears of all, and shows nothing."""

    def kernel_starts(self, life: int) -> None: ...
    def kernel_ready(self, pid: int | None) -> None: ...
    def run_known(self, run: str, resumed: bool) -> None: ...
    def cell_starts(self, cell: CellPlace) -> None: ...
    def cell_says(self, text: str) -> None: ...
    def cell_ended(self, cell: CellPlace, fate: Fate, seconds: float) -> None: ...
    def kernel_died(self, cell: CellPlace | None, deaths: int, max_restarts: int) -> None: ...
    def note(self, text: str) -> None: ...
