"""Whether a history can take an event, asked before the event is durable: one that it can't would make the run unreadable for ever."""

from __future__ import annotations

from collections.abc import Iterable

from durnb.events import (
    CallFailed,
    CallResolved,
    CallStarted,
    CallSucceeded,
    CheckpointSaved,
    CheckpointsDropped,
    CheckpointTrusted,
    Event,
    LoopSaved,
    RunStarted,
    StepFailed,
    StepRenamed,
    StepRerunRequested,
    StepResolved,
    StepReused,
    StepStarted,
    StepSucceeded,
    StepWoken,
    WaitStarted,
)
from durnb.fold import History
from durnb.steps import StepHistory


class Order:
    """A history and events that are about to follow it. Only the steps and checkpoints that such events name are kept."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._steps: dict[str, _Known | None] = {}
        self._taken: set[str] = set()
        self._seq = history.seq

    def take(self, events: Iterable[Event]) -> None:
        """Let `events` follow, all or none. Raises ValueError naming the first that can't."""
        steps, seq = {name: known.copy() if known else None for name, known in self._steps.items()}, self._seq
        try:
            for event in events:
                self._seq += 1
                self._take(event)
        except ValueError:
            self._steps, self._seq = steps, seq
            raise

    def _take(self, event: Event) -> None:
        match event:
            case RunStarted():
                _require(self._seq == 1, event, "the run has begun")
            case StepStarted():
                self._steps[event.step] = known = self._step(event.step) or _Known(
                    started=True, running=True, checkpoints=set(), current=None
                )
                known.started = known.running = True
            case CallSucceeded() | CallStarted() | CallFailed() | WaitStarted() | LoopSaved():
                _require(self._started(event.step, event).running, event, f"step {event.step!r} is not running")
                if isinstance(event, CallSucceeded | CallFailed) and event.signal:
                    there = event.signal in self._history.signals and event.signal not in self._taken
                    _require(there, event, f"signal {event.signal} is not there")
                    self._taken.add(event.signal)
            case StepSucceeded():
                known = self._started(event.step, event)
                known.checkpoints.add(self._seq)
                known.running, known.current = False, self._seq
            case StepFailed():
                self._started(event.step, event).running = False
            case CallResolved() | StepWoken():
                self._started(event.step, event)
            case StepReused() | CheckpointSaved() | CheckpointTrusted():
                known = self._started(event.step, event)
                _require(event.checkpoint in known.checkpoints, event, f"step {event.step!r} has no checkpoint {event.checkpoint}")
                known.current = event.checkpoint if isinstance(event, StepReused) else known.current
            case CheckpointsDropped():
                known = self._started(event.step, event)
                _require(known.checkpoints.issuperset(event.checkpoints), event, f"step {event.step!r} has not all of these checkpoints")
                _require(
                    known.current not in event.checkpoints, event, f"checkpoint {known.current} is the current one of step {event.step!r}"
                )
                known.checkpoints.difference_update(event.checkpoints)
            case StepRenamed():
                known_old = self._step(event.old)
                _require(known_old is not None, event, f"there is no step {event.old!r}")
                _require(event.old == event.new or self._step(event.new) is None, event, f"there is a step {event.new!r} already")
                self._steps[event.old] = None
                self._steps[event.new] = known_old
            case StepResolved() | StepRerunRequested():
                self._steps[event.step] = self._step(event.step) or _Known(started=False, running=False, checkpoints=set(), current=None)
            case _:
                pass

    def _started(self, step: str, event: Event) -> _Known:
        known = self._step(step)
        if known is None or not known.started:
            raise ValueError(f"{event.kind} can't follow: step {step!r} has not started")
        return known

    def _step(self, name: str) -> _Known | None:
        if name not in self._steps:
            step = self._history.steps.get(name)
            self._steps[name] = _known(step) if step else None
        return self._steps[name]


class _Known:
    """What matters of a step here."""

    def __init__(self, *, started: bool, running: bool, checkpoints: set[int], current: int | None) -> None:
        self.started, self.running, self.checkpoints, self.current = started, running, checkpoints, current

    def copy(self) -> _Known:
        return _Known(started=self.started, running=self.running, checkpoints=set(self.checkpoints), current=self.current)


def _known(step: StepHistory) -> _Known:
    running = step.status == "running"
    return _Known(started=bool(step.executions), running=running, checkpoints=set(step.checkpoints), current=step.current)


def _require(holds: bool, event: Event, why: str) -> None:
    if not holds:
        raise ValueError(f"{event.kind} can't follow: {why}")
