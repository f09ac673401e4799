"""Facts of steps, their attempts and their checkpoints."""

from __future__ import annotations

from typing import ClassVar, Literal

from durnb.events.facts import ErrorInfo, Input
from durnb.records import dataclass


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
