"""The state of a run, as a fold over its events.

`History.apply` is the only thing that changes it; the journal applies each event after it is durable, everyone else reads. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Any, Final, Literal, assert_never

from durnb.events import (
    CallFailed,
    CallResolved,
    CallStarted,
    CallSucceeded,
    CheckpointSaved,
    CheckpointsDropped,
    CheckpointTrusted,
    Input,
    KernelAttached,
    KernelDetached,
    LoopSaved,
    Recorded,
    RunAbandoned,
    RunCancelled,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    RunSuspended,
    SignalReceived,
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
from durnb.happened import Signal
from durnb.records import dataclass
from durnb.steps import Attempt, Checkpoint, Execution, Line, StepHistory

RunStatus = Literal["open", "finished", "failed", "abandoned", "cancelled"]
_WORKS: Final = (StepStarted, StepSucceeded, StepFailed)
_OF_KERNELS: Final = (KernelAttached, KernelDetached)


@dataclass(slots=True, kw_only=True)
class KernelLife:
    """A kernel that had the run: from `began` to `ended`, which is None while it has it and where it died; `last` is its last event's time."""

    epoch: int
    pid: int
    host: str
    began: datetime
    last: datetime
    ended: datetime | None = None


@dataclass(slots=True, kw_only=True)
class History:
    """A run's state after `seq` events. `last_step_event` leaves kernels' comings and goings out. `steps` is in order of first start; `line` is the last line that the run knew.

    `signals` (by id) arrived, and no wait took them yet. `paused`: a person wants no step of it to start for now. `suspended`: it waits without a
    kernel, or its next kernel has done nothing yet.

    So that a view need not tell everything anew: `turned` is the last event that was more than a call inside a step, `swept` the last one that
    was about no single step.
    """

    run: str = ""
    notebook: str = ""
    store: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    status: RunStatus = "open"
    seq: int = 0
    epoch: int = 0
    attached: bool = False
    started: datetime | None = None
    updated: datetime | None = None
    last_step_event: datetime | None = None
    steps: dict[str, StepHistory] = field(default_factory=dict)
    kernels: list[KernelLife] = field(default_factory=list)
    line: Line = ()
    requests: set[str] = field(default_factory=set)
    paused: bool = False
    suspended: RunSuspended | None = None
    signals: dict[str, Signal] = field(default_factory=dict)
    turned: int = 0
    swept: int = 0

    @property
    def state(self) -> str:
        """`status`; paused or suspended where the run is open and is that."""
        if self.status != "open":
            return self.status
        if self.paused:
            return "paused"
        return "suspended" if self.suspended is not None and not self.attached else "open"

    def apply(self, recorded: Recorded) -> None:
        """Take the next event in. Raises ValueError for one out of sequence."""
        if recorded.seq != self.seq + 1:
            raise ValueError(f"event {recorded.seq} does not follow event {self.seq}")
        self.seq, self.updated = recorded.seq, recorded.at
        if isinstance(recorded.event, _WORKS):
            self.suspended = None
        if not isinstance(recorded.event, _OF_KERNELS):
            self.last_step_event = recorded.at
        match recorded.event:
            case CallSucceeded() as e:  # first: a run may have a hundred thousand of them
                step = self.steps[e.step]
                step.calls.succeed(e, recorded)
                attempt = step.executions[-1].attempts[-1]
                attempt.kept += 1
                attempt.calls_ran += e.ran
                attempt.seen = recorded.at
                step.touched = recorded.seq
                if e.signal:
                    step.calls.made[e.call].answer = self.signals.pop(e.signal, None)
            case RunStarted() as e:
                self.run, self.notebook, self.store, self.parameters = e.run, e.notebook, e.store, e.parameters
                self.started = recorded.at
            case KernelAttached() as e:
                self._attach()
                self.kernels.append(KernelLife(epoch=self.epoch, pid=e.pid, host=e.host, began=recorded.at, last=recorded.at))
            case KernelDetached():
                self.attached = False
                self.kernels[-1].ended = self.kernels[-1].last = recorded.at
            case StepStarted() as e:
                self._start(e, recorded)
            case StepSucceeded() as e:
                self._succeed(e, recorded)
            case StepFailed() as e:
                self._fail(e, recorded)
            case StepReused() as e:
                self._reuse(e, recorded)
            case CheckpointSaved() as e:
                self._save_again(e, recorded)
            case CheckpointTrusted() as e:
                step = self.steps[e.step]
                step.checkpoints[e.checkpoint] = replace(step.checkpoints[e.checkpoint], signature=e.signature)
            case CheckpointsDropped() as e:
                self._drop(e)
            case StepResolved() as e:
                self._step(e.step).answer = e.answer
                self._requested(e.request)
            case StepRerunRequested() as e:
                step = self._step(e.step)
                step.rerun, step.generation, step.answer = True, step.generation + 1, None
                step.serves_from = recorded.seq
                self._requested(e.request)
            case StepRenamed() as e:
                self._rename(e)
            case CallFailed() as e:
                self.steps[e.step].calls.take(recorded)
                self.signals.pop(e.signal, None)
            case LoopSaved() as e:
                self.steps[e.step].calls.take(recorded)
                attempt = self.steps[e.step].executions[-1].last
                attempt.kept, attempt.seen = attempt.kept + 1, recorded.at
                attempt.calls_ran = max(attempt.calls_ran, (recorded.at - attempt.started).total_seconds())
            case StepWoken() as e:
                self._requested(e.request)
                self.steps[e.step].calls.take(recorded)
            case CallStarted() | CallResolved() | WaitStarted():
                self.steps[recorded.event.step].calls.take(recorded)
            case SignalReceived() as e:
                self.signals[e.request] = Signal(id=e.request, name=e.name, value=e.value, at=recorded.at, by=e.by, via=e.via)
                self._requested(e.request)
            case RunFinished() as e:
                self.status = e.status
            case RunAbandoned():
                self.status = "abandoned"
            case RunSuspended() as e:
                self._suspend(e)
            case RunPaused() | RunResumed() as e:
                self.paused = isinstance(e, RunPaused)
                self._requested(e.request)
            case RunCancelled() as e:
                self.status = "cancelled"
                self._requested(e.request)
            case _ as never:
                assert_never(never)
        if self.attached and not isinstance(recorded.event, RunAbandoned):  # whoever abandons a run is not its last kernel
            self.kernels[-1].last = recorded.at
        if not isinstance(recorded.event, CallSucceeded):
            self._mark(recorded)

    def _mark(self, recorded: Recorded) -> None:
        """What the event was about has changed with it."""
        event = recorded.event
        if not isinstance(event, CallFailed | CallStarted | LoopSaved | WaitStarted | SignalReceived):
            self.turned = recorded.seq
        step = self.steps.get(getattr(event, "step", ""))
        if step is not None:
            step.touched = recorded.seq
        if step is None or isinstance(event, RunSuspended):
            self.swept = recorded.seq

    def _step(self, name: str) -> StepHistory:
        return self.steps.setdefault(name, StepHistory(name=name))

    def _requested(self, request: str) -> None:
        if request:
            self.requests.add(request)

    def _attach(self) -> None:
        self.epoch += 1
        self.attached = True
        for step in self.steps.values():
            for execution in step.executions:
                for attempt in execution.attempts:
                    if attempt.status == "running":
                        attempt.status = "crashed"

    def _suspend(self, e: RunSuspended) -> None:
        self.attached, self.suspended = False, e
        for step in self.steps.values():
            if step.executions and step.executions[-1].last.status == "running":
                step.executions[-1].last.suspended = True

    def _start(self, e: StepStarted, recorded: Recorded) -> None:
        step = self._step(e.step)
        if not step.executions or step.executions[-1].number != e.execution:
            step.executions.append(
                Execution(
                    number=e.execution,
                    generation=e.generation,
                    code=e.code,
                    source=e.source,
                    options=e.options,
                    fingerprint=e.fingerprint,
                    inputs=e.inputs,
                    line=self.line[: e.line_kept] + e.line,
                    reason=e.reason,
                    once=e.once,
                    prestate=e.prestate,
                    prestate_signature=e.prestate_signature,
                    started_seq=recorded.seq,
                )
            )
        if e.generation != step.calls.generation:
            step.calls = step.calls.following(e.generation)
        behind = len(step.calls.made) - len(step.calls.open)
        step.executions[-1].attempts.append(Attempt(number=e.attempt, epoch=recorded.epoch, started=recorded.at, behind=behind))
        step.generation, step.answer, step.cell_id = e.generation, None, e.cell_id or step.cell_id
        step.rerun = step.settled = False
        self.line = self.line[: e.line_kept] + e.line

    def _succeed(self, e: StepSucceeded, recorded: Recorded) -> None:
        step = self.steps[e.step]
        execution = step.executions[-1]
        attempt = execution.last
        attempt.status, attempt.ended, attempt.ran = "succeeded", recorded.at, e.ran
        step.calls.on_change = None
        dropped = set(e.dropped_inputs)
        execution.checkpoint = step.current = recorded.seq
        step.answer, step.rerun, step.serves_from = None, False, 0
        step.checkpoints[recorded.seq] = Checkpoint(
            number=recorded.seq,
            step=e.step,
            execution=execution.number,
            code=execution.code,
            fingerprint=execution.fingerprint,
            inputs=tuple(i for i in execution.inputs if i.name not in dropped),
            line=execution.line,
            manifest=e.manifest,
            signature=e.signature,
            saved=e.saved,
            at=recorded.at,
            ran=e.ran,
            spent=sum(each.spent for each in execution.attempts),
            save=e.save,
            size=e.size,
            beside=e.beside,
            used=recorded.seq,
            written=(recorded.seq,),
        )
        self.line = (*execution.line, (e.step, recorded.seq))

    def _fail(self, e: StepFailed, recorded: Recorded) -> None:
        self.steps[e.step].calls.on_change = None
        attempt = self.steps[e.step].executions[-1].last
        attempt.status, attempt.ended, attempt.ran = e.how, recorded.at, e.ran
        attempt.error, attempt.retry_in, attempt.outputs, attempt.ended_seq = e.error, e.retry_in, e.outputs, recorded.seq

    def _reuse(self, e: StepReused, recorded: Recorded) -> None:
        step = self.steps[e.step]
        step.current, step.answer, step.settled = e.checkpoint, None, True
        step.rerun, step.serves_from = False, 0
        checkpoint = step.checkpoints[e.checkpoint] = replace(step.checkpoints[e.checkpoint], used=recorded.seq)
        if e.code and (e.code, e.inputs) != (checkpoint.code, checkpoint.inputs):
            step.checkpoints[e.checkpoint] = replace(checkpoint, kept=(*checkpoint.kept, (e.code, e.inputs)))
        self.line = (*self.line[: e.line_kept], *e.line, (e.step, e.checkpoint))

    def _save_again(self, e: CheckpointSaved, recorded: Recorded) -> None:
        checkpoints = self.steps[e.step].checkpoints
        held = checkpoints[e.checkpoint]
        checkpoints[e.checkpoint] = replace(
            held, manifest=e.manifest, signature=e.signature, saved=True, save=e.save, size=e.size, written=(*held.written, recorded.seq)
        )

    def _drop(self, e: CheckpointsDropped) -> None:
        step, gone = self.steps[e.step], set(e.events)
        step.calls.superseded = [seq for seq in step.calls.superseded if seq not in gone]
        for number in dict.fromkeys(e.checkpoints):
            step.dropped[number] = replace(step.checkpoints.pop(number), manifest="", signature="", written=())
        for number, checkpoint in step.checkpoints.items():
            if not gone.isdisjoint(checkpoint.written):
                step.checkpoints[number] = replace(checkpoint, written=tuple(seq for seq in checkpoint.written if seq not in gone))
        for execution in step.executions:
            if execution.started_seq in gone:
                execution.prestate = execution.prestate_signature = ""
            for attempt in execution.attempts:
                if attempt.ended_seq in gone:
                    attempt.outputs = ""

    def _rename(self, e: StepRenamed) -> None:
        """The step stands where it stood, and whoever knew it by its old name knows the new one."""
        self.steps = {e.new if name == e.old else name: step for name, step in self.steps.items()}
        self.steps[e.new].name = e.new
        self.line = _renamed_line(self.line, e)
        for step in self.steps.values():
            for execution in step.executions:
                execution.line, execution.inputs = _renamed_line(execution.line, e), _renamed_inputs(execution.inputs, e)
            step.checkpoints = {number: _renamed_checkpoint(checkpoint, e, step.name) for number, checkpoint in step.checkpoints.items()}
            step.dropped = {number: _renamed_checkpoint(checkpoint, e, step.name) for number, checkpoint in step.dropped.items()}


def shortened(line: Line, last: Line) -> tuple[int, Line]:
    """`line` as what it has in common with the beginning of `last`, and the rest: lines of a thousand steps are not written a thousand times."""
    kept = (
        len(last)
        if line[: len(last)] == last
        else next((at for at, (a, b) in enumerate(zip(line, last, strict=False)) if a != b), len(line))
    )
    return kept, line[kept:]


def _renamed_line(line: Line, e: StepRenamed) -> Line:
    return tuple((e.new if name == e.old else name, checkpoint) for name, checkpoint in line)


def _renamed_inputs(inputs: tuple[Input, ...], e: StepRenamed) -> tuple[Input, ...]:
    return tuple(replace(i, maker=e.new) if i.maker == e.old else i for i in inputs)


def _renamed_checkpoint(checkpoint: Checkpoint, e: StepRenamed, step: str) -> Checkpoint:
    kept = tuple((code, _renamed_inputs(inputs, e)) for code, inputs in checkpoint.kept)
    return replace(
        checkpoint,
        step=step,
        line=_renamed_line(checkpoint.line, e),
        inputs=_renamed_inputs(checkpoint.inputs, e),
        kept=kept,
        beside=_renamed_inputs(checkpoint.beside, e),
    )


def fold(events: Iterable[Recorded]) -> History:
    """The state after `events`, which begin with the run's first."""
    history = History()
    for recorded in events:
        history.apply(recorded)
    return history
