"""The facts of a run: what the journal holds, and nothing else does.

An event is a frozen, past-tense fact. The journal stamps it with a sequence number, an epoch (the how-manieth kernel of the run) and a time.
Text is JSON; bytes that belong to an event are named by their BLAKE3 digest (hex) and stored beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, Final, Literal

EMPTY: Final[Mapping[str, Any]] = {}

_LINE: Final = 200  # characters of an error in one line
InputKind = Literal["durable", "plain", "opaque", "absent", "ambient", "file", "package"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One thing that a step read, as its place saw it.

    `digest` is the version's recorded digest; `maker` is the step that made a durable one. An input `by_everything` was reached only
    because the cell can read everything (``globals()``, ``exec`` …).
    """

    name: str
    kind: InputKind
    digest: str
    maker: str | None = None
    by_everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorInfo:
    """An exception as it was shown: its class name, message and the traceback's plain text."""

    type: str
    message: str
    traceback: str = ""

    @property
    def line(self) -> str:
        """Class and message in one line, a long one cut between words; a question stays whole, for it ends with the commands that answer it."""
        words = f"{self.type}: {self.message}".partition("\n")[0] if self.message else self.type
        if len(words) <= _LINE or self.type == "StepAsks":
            return words
        kept = words[:_LINE]
        return (kept.rpartition(" ")[0] if " " in kept[_LINE // 2 :] else kept) + " …"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The run's first event. `store` is the id of the store (notebook.json), bound into every signature."""

    kind: ClassVar = "run_started"
    run: str
    notebook: str
    store: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelAttached:
    """A process took the lease; a new epoch begins with it."""

    kind: ClassVar = "kernel_attached"
    pid: int
    host: str
    python: str
    durnb: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelDetached:
    """The owner gave the run up in good order: `why` is exit, takeover, new or finish."""

    kind: ClassVar = "kernel_detached"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """An attempt begins; its inputs are clean and nothing of the body has run.

    `options` is the header as typed; `fingerprint` digests code and inputs. The (step, checkpoint) pairs that the step's place sees are the first
    `line_kept` of the run's last line, and `line` after them. `prestate` is a signed manifest (JSON) of the plain values kept for a retry, or empty where none were kept.
    """

    kind: ClassVar = "step_started"
    step: str
    execution: int
    attempt: int
    generation: int
    code: str
    source: str
    options: str
    fingerprint: str
    inputs: tuple[Input, ...]
    line: tuple[tuple[str, int], ...]
    reason: str
    once: bool = False
    cell_id: str | None = None
    prestate: str = ""
    prestate_signature: str = ""
    line_kept: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSucceeded:
    """The step is finished and its checkpoint is durable. The checkpoint's number is this event's sequence number.

    `manifest` (JSON) is what is signed. `saved` is False where the save was interrupted: done, not saved. `dropped_inputs` names inputs of
    StepStarted that turned out not to be read (randomness that was not drawn from); `beside` are names that the checkpoint holds because they
    share state with what was read, as they were before the body. Times in seconds, size in bytes written.
    """

    kind: ClassVar = "step_succeeded"
    step: str
    execution: int
    attempt: int
    manifest: str
    signature: str
    saved: bool
    ran: float
    save: float
    size: int
    dropped_inputs: tuple[str, ...] = ()
    beside: tuple[Input, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed:
    """An attempt ended without a result: by an exception, a timeout or an interrupt. `retry_in` seconds, None for no retry.

    `outputs` is the digest of the attempt's outputs (JSON list), kept for the history.
    """

    kind: ClassVar = "step_failed"
    step: str
    execution: int
    attempt: int
    how: Literal["exception", "timeout", "interrupt"]
    error: ErrorInfo
    ran: float
    retry_in: float | None = None
    outputs: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReused:
    """A reuse made `checkpoint` the step's current one; with `code` and `inputs`, those for which it was kept.

    `line_kept` and `line` are what its place sees, as in StepStarted.
    """

    kind: ClassVar = "step_reused"
    step: str
    checkpoint: int
    fingerprint: str
    inputs: tuple[Input, ...]
    code: str = ""
    line: tuple[tuple[str, int], ...] = ()
    line_kept: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSaved:
    """``%durable save``: the checkpoint of a finished step was taken again, without running the body."""

    kind: ClassVar = "checkpoint_saved"
    step: str
    checkpoint: int
    manifest: str
    signature: str
    save: float
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointTrusted:
    """``%durable trust``: this user vouches for a checkpoint and signed it anew."""

    kind: ClassVar = "checkpoint_trusted"
    step: str
    checkpoint: int
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointsDropped:
    """Retention let go of what old executions of the step left: its checkpoints numbered `checkpoints` serve no more.

    `events` are the sequence numbers of the events whose stored bytes nothing refers to any more: checkpoints, what was kept for a retry, outputs of
    failed attempts.
    """

    kind: ClassVar = "checkpoints_dropped"
    step: str
    checkpoints: tuple[int, ...]
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResolved:
    """A person answered what the step asked. `done` takes the interrupted attempt as finished, without a checkpoint."""

    kind: ClassVar = "step_resolved"
    step: str
    answer: Literal["retry", "keep", "done", "abort"]
    request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRerunRequested:
    """``%durable rerun``: the step is to run again, in a new generation."""

    kind: ClassVar = "step_rerun_requested"
    step: str
    request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRenamed:
    """The step `old` is called `new` from here on; its history goes with it."""

    kind: ClassVar = "step_renamed"
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    """A call with ``once`` begins: nothing of it has run. `call` is its identity (hex), `label` what people call it."""

    kind: ClassVar = "call_started"
    step: str
    execution: int
    call: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSucceeded:
    """A durable call inside a step returned; it is not run again in its generation.

    `code` digests its function and what that reaches ("" for recorded values and waits). `value` is the result as JSON, where JSON has it; else `stored` (JSON) names
    the bytes of a snapshot. Both are signed. `lost` is the path to what could not be stored. `signal` is the id of the signal that it consumed.
    """

    kind: ClassVar = "call_succeeded"
    step: str
    execution: int
    call: str
    label: str
    code: str = ""
    ran: float = 0.0
    value: str = ""
    stored: str = ""
    signature: str = ""
    lost: str = ""
    signal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailed:
    """A try of a call ended with an exception. `retry_in` seconds, None for no more tries. `signal` is the id of one that did not fit, and is dropped."""

    kind: ClassVar = "call_failed"
    step: str
    execution: int
    call: str
    label: str
    error: ErrorInfo
    ran: float
    retry_in: float | None = None
    signal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResolved:
    """A person's answer to what a call asked: retry runs it again, done takes `value` (JSON) as its result.

    With an empty `call` it is the answer for all stale calls of the step: retry or keep.
    """

    kind: ClassVar = "call_resolved"
    step: str
    call: str
    answer: Literal["retry", "keep", "done"]
    value: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStarted:
    """A durable wait begins: for the time `until` (ISO, UTC; "" for none), and with what "signal" for the signal `name`.

    `prompt` and `schema` (JSON) are for whoever is to send it.
    """

    kind: ClassVar = "wait_started"
    step: str
    execution: int
    call: str
    what: Literal["sleep", "signal"]
    name: str = ""
    until: str = ""
    prompt: str = ""
    schema: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWoken:
    """``%durable wake``: the sleeps in which the step is end now."""

    kind: ClassVar = "step_woken"
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReceived:
    """A signal arrived; it is kept until a wait of that name takes it. `request` is its id, `value` JSON.

    `by` is who sent it (``ann@laptop``), and `via` from where in words, both empty where that is not known.
    """

    kind: ClassVar = "signal_received"
    request: str
    name: str
    value: str
    by: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSaved:
    """A durable loop of a step reached `position`: that many items are done, and the named variables are kept as they are then.

    The last one of a loop replaces those before it, and those of the loops `behind` it: they were begun in items that are done.
    """

    kind: ClassVar = "loop_saved"
    step: str
    execution: int
    call: str
    position: int
    manifest: str
    signature: str
    size: int = 0
    behind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The run is over, by the runner or ``%durable finish``."""

    kind: ClassVar = "run_finished"
    status: Literal["finished", "failed"] = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAbandoned:
    """The run is over because another was begun in its place."""

    kind: ClassVar = "run_abandoned"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPaused:
    """A person paused the run: no step of it starts until RunResumed."""

    kind: ClassVar = "run_paused"
    request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed:
    """A person let a paused run go on."""

    kind: ClassVar = "run_resumed"
    request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCancelled:
    """A person ended the run before its last step; it is never gone on with."""

    kind: ClassVar = "run_cancelled"
    request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSuspended:
    """The step that runs does nothing but wait, so its kernel is ended, as if it had been killed; the next one goes on.

    It waits until `until` (UTC, ISO 8601; None where no time ends it) or for one of `signals`.
    """

    kind: ClassVar = "run_suspended"
    step: str
    until: str | None
    signals: tuple[str, ...] = ()


Event = (
    RunStarted
    | KernelAttached
    | KernelDetached
    | StepStarted
    | StepSucceeded
    | StepFailed
    | StepReused
    | CheckpointSaved
    | CheckpointTrusted
    | CheckpointsDropped
    | StepResolved
    | StepRerunRequested
    | StepRenamed
    | CallStarted
    | CallSucceeded
    | CallFailed
    | CallResolved
    | WaitStarted
    | StepWoken
    | SignalReceived
    | LoopSaved
    | RunFinished
    | RunAbandoned
    | RunPaused
    | RunResumed
    | RunCancelled
    | RunSuspended
)

KINDS: Final[Mapping[str, type[Event]]] = {
    cls.kind: cls
    for cls in (
        RunStarted,
        KernelAttached,
        KernelDetached,
        StepStarted,
        StepSucceeded,
        StepFailed,
        StepReused,
        CheckpointSaved,
        CheckpointTrusted,
        CheckpointsDropped,
        StepResolved,
        StepRerunRequested,
        StepRenamed,
        CallStarted,
        CallSucceeded,
        CallFailed,
        CallResolved,
        WaitStarted,
        StepWoken,
        SignalReceived,
        LoopSaved,
        RunFinished,
        RunAbandoned,
        RunPaused,
        RunResumed,
        RunCancelled,
        RunSuspended,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as the journal holds it: `seq` counts from 1 within a run, `epoch` counts its kernels from 1, `at` is UTC."""

    seq: int
    epoch: int
    at: datetime
    event: Event


def encode(event: Event | Input | ErrorInfo) -> dict[str, Any]:
    """The event's fields as JSON values, those equal to their default left out."""
    found: dict[str, Any] = {}
    for name, default in _DEFAULTS[type(event)]:
        value = getattr(event, name)
        if default is MISSING or value != default:
            found[name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    match value:
        case Input() | ErrorInfo():
            return encode(value)
        case tuple() if value and isinstance(value[0], Input):
            return [encode(each) for each in value]
        case _:
            return value


_DEFAULTS: Final[Mapping[type, tuple[tuple[str, Any], ...]]] = {
    cls: tuple((f.name, f.default) for f in fields(cls)) for cls in (*KINDS.values(), Input, ErrorInfo)
}


def decode(kind: str, detail: Mapping[str, Any]) -> Event:
    """The inverse of `encode`; unknown fields of a later minor version are left out.

    Raises KeyError for an unknown kind and TypeError for a missing field.
    """
    cls = KINDS[kind]
    known = {f.name for f in fields(cls)}
    return cls(**{name: _revive(name, value) for name, value in detail.items() if name in known})


def _known(cls: type[Input | ErrorInfo], value: Mapping[str, Any]) -> dict[str, Any]:
    names = {f.name for f in fields(cls)}
    return {name: item for name, item in value.items() if name in names}


def _revive(name: str, value: Any) -> Any:
    match name, value:
        case "inputs" | "beside", list():
            return tuple(Input(**_known(Input, item)) for item in value)
        case "error", dict():
            return ErrorInfo(**_known(ErrorInfo, value))
        case "line", list():
            return tuple((str(step), int(checkpoint)) for step, checkpoint in value)
        case _, list():
            return tuple(value)
        case _:
            return value
