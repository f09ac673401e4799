"""What is asked of a run from outside of its kernel, and what of that can not hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from durnb.clock import SystemClock
from durnb.engine.cells import NotebookCell
from durnb.engine.steering import Steer, steer
from durnb.errors import StepAsks, UsageError
from durnb.events import CallStarted, ErrorInfo, RunCancelled, RunFinished, StepFailed, StepStarted, StepSucceeded
from durnb.fingerprint import read_cell
from durnb.journal import Journal, RunName, Store
from durnb.steps import Answer

LOAD = "x = 1"
CELLS = [NotebookCell(source=f"%%durable load\n{LOAD}")]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Of the run default.1, in which `load` was started."""
    store = Store.of(tmp_path / "etl.ipynb")
    journal = Journal.open(store, RunName("default", 1), create=True, clock=SystemClock(), wait=timedelta(0))
    journal.append(
        StepStarted(
            step="load",
            execution=1,
            attempt=1,
            generation=1,
            code=read_cell(LOAD).digest,
            source=LOAD,
            options="load",
            fingerprint="f",
            inputs=(),
            line=(),
            reason="it has not run yet",
        )
    )
    yield journal
    journal.close(None)


def _finish(journal: Journal) -> None:
    manifest = '{"step": "load"}'
    journal.append(StepSucceeded(step="load", execution=1, attempt=1, manifest=manifest, signature="", saved=True, ran=1, save=0.1, size=0))


def _steered(journal: Journal, answer: Answer = "retry", cells: list[NotebookCell] = CELLS, *, asks: bool = False) -> str:
    return steer(journal, Steer(wanted="resolve", step="load", answer=answer), lambda history: cells, asks=asks)


@pytest.mark.parametrize("end", [RunFinished(), RunFinished(status="failed"), RunCancelled()], ids=["finished", "failed", "cancelled"])
def test_nothing_is_asked_of_a_run_that_is_over_and_what_begins_the_next_is_told(journal: Journal, end: RunFinished | RunCancelled) -> None:
    journal.append(end)
    for wish in (Steer(wanted="rerun", step="load"), Steer(wanted="resolve", step="load"), Steer(wanted="resolve", step="load/call")):
        with pytest.raises(UsageError, match=r"run default\.1 is \w+: durnb run etl\.ipynb begins a new one, in which every step runs"):
            steer(journal, wish, lambda history: CELLS)
    with pytest.raises(UsageError, match="there is nothing to pause"):
        steer(journal, Steer(wanted="pause"), lambda history: CELLS)
    assert steer(journal, Steer(wanted="trust"), lambda history: CELLS).startswith("0 checkpoints")


@pytest.mark.parametrize("answer", ["retry", "keep"])
def test_an_answer_to_a_step_that_is_finished_and_stands_is_refused_unless_it_asked(journal: Journal, answer: Answer) -> None:
    _finish(journal)
    with pytest.raises(UsageError, match="step 'load' asks nothing: it is finished, and stands; rerun runs it again"):
        _steered(journal, answer)
    assert journal.history.steps["load"].answer is None
    edited = [NotebookCell(source="%%durable load\nx = 2")]
    assert _steered(journal, answer, edited)
    assert _steered(journal, answer)  # a person may think again


def test_a_step_that_is_known_to_have_asked_is_answered_though_it_stands_as_far_as_can_be_told(journal: Journal) -> None:
    _finish(journal)
    assert _steered(journal, "keep", asks=True) == "load keeps its checkpoint; run its cell"


def test_an_answer_to_the_step_of_a_call_that_asks_is_refused_with_the_answers_to_the_call(journal: Journal) -> None:
    journal.append(CallStarted(step="load", execution=1, call="c", label="send"))
    with pytest.raises(
        UsageError, match=r"a call in load that asks, not the step: its call send .* Answer load/send, not load, with done or retry"
    ):
        _steered(journal)
    commands = ("%durable resolve load/send done", "%durable resolve load/send retry")
    asked = StepAsks(step="load", why="its call send did not finish: did it happen?", commands=commands)
    error = ErrorInfo(type="StepAsks", message=str(asked))
    journal.append(StepFailed(step="load", execution=1, attempt=1, how="exception", error=error, ran=0.5, retry_in=None))
    with pytest.raises(UsageError, match=r"its call send did not finish: did it happen\?\. Answer load/send, not load, with done or retry"):
        _steered(journal)
    steer(journal, Steer(wanted="resolve", step="load/send", answer="done"), lambda history: CELLS)
    assert _steered(journal) == "load runs when its cell is run next"
