"""What a run and a notebook keep of their past: pure functions of what happened. Nothing here does I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final, Literal

from durnb.events import CheckpointsDropped
from durnb.fold import History, RunStatus
from durnb.journal.names import RunName
from durnb.records import dataclass
from durnb.steps import Checkpoint, StepHistory

ENDED: Final[frozenset[RunStatus]] = frozenset({"finished", "failed", "abandoned", "cancelled"})


def superfluous(history: History, keep: int, needed: Collection[int] = ()) -> list[CheckpointsDropped]:
    """The events by which the run lets go of what it need not keep; none where that has been done.

    Kept are the `keep` checkpoints of each step that were used last (its current one is the first of them), those of the run's last line and of
    the lines of unfinished executions; the executions that made them, and each step's last one, with all that they stored. `needed` are
    checkpoints, and first events of executions, that somebody else still uses.
    """
    kept = {*needed, *needed_by(history)}
    return [dropped for step in history.steps.values() if (dropped := of_step(step, keep, kept)) is not None]


def needed_by(history: History) -> Iterator[int]:
    """The checkpoints that the run's last line and its unfinished executions refer to."""
    yield from (number for _, number in history.line)
    for step in history.steps.values():
        if step.unfinished:
            yield from (number for _, number in step.executions[-1].line)


def of_step(step: StepHistory, keep: int, needed: Collection[int]) -> CheckpointsDropped | None:
    """What one step lets go of; None for nothing."""
    kept = _kept(step, keep, needed)
    checkpoints = tuple(number for number in step.checkpoints if number not in kept)
    events = tuple(sorted(_events(step, kept, needed)))
    return CheckpointsDropped(step=step.name, checkpoints=checkpoints, events=events) if checkpoints or events else None


def _kept(step: StepHistory, keep: int, needed: Collection[int]) -> set[int]:
    by_use = sorted(step.checkpoints.values(), key=_last_use, reverse=True)
    return {c.number for c in by_use[: max(keep, 1)]} | {c.number for c in by_use if c.number in needed or c.number == step.current}


def _last_use(checkpoint: Checkpoint) -> int:
    return checkpoint.used


def _events(step: StepHistory, kept: Collection[int], needed: Collection[int]) -> Iterator[int]:
    """The events of the step whose stored bytes nothing that is kept refers to."""
    yield from step.calls.superseded
    for number, checkpoint in step.checkpoints.items():
        yield from checkpoint.written if number not in kept else checkpoint.written[:-1]
    for execution in step.executions:
        if execution is step.last or execution.checkpoint in kept or execution.started_seq in needed:
            continue
        if execution.prestate:
            yield execution.started_seq
        yield from (attempt.ended_seq for attempt in execution.attempts if attempt.outputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many checkpoints of each step, and how many runs that are over, are kept; at least one of either."""

    checkpoints: int
    runs: int


State = RunStatus | Literal["owned", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """How a run of a notebook stands, and when its last event was."""

    run: RunName
    state: State
    at: datetime


def runs_to_delete(runs: Sequence[RunState], keep: int) -> list[RunName]:
    """Those of the runs that are over and not among the `keep` that ended last; never one that is open, owned or can't be read."""
    over = sorted((each for each in runs if each.state in ENDED), key=lambda each: (each.at, each.run), reverse=True)
    return [each.run for each in over[max(keep, 1) :]]
