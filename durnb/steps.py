"""What a run knows of its steps: their executions, attempts and checkpoints. `durnb.fold` keeps it in step with the events."""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import Literal

from durnb.events import ErrorInfo, Input
from durnb.happened import Calls
from durnb.records import dataclass

AttemptStatus = Literal["running", "succeeded", "exception", "timeout", "interrupt", "crashed"]
Answer = Literal["retry", "keep", "done", "abort"]
Line = tuple[tuple[str, int], ...]


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One try of an execution; `ended` and `ran` (seconds) are None while it runs and where it died with its kernel.

    `kept` counts the durable calls, waits and loop points recorded in it: what the next try need not do again.
    `calls_ran` are the seconds of those calls, `seen` is when the last of it was recorded.
    `behind` counts the durable calls that were recorded before it. `suspended`: that was planned, for it only waited. `ended_seq` is the event that `outputs` of a failed one were stored with.
    """

    number: int
    epoch: int
    started: datetime
    status: AttemptStatus = "running"
    ended: datetime | None = None
    ran: float | None = None
    error: ErrorInfo | None = None
    retry_in: float | None = None
    outputs: str = ""
    kept: int = 0
    calls_ran: float = 0.0
    seen: datetime | None = None
    behind: int = 0
    ended_seq: int = 0
    suspended: bool = False

    @property
    def spent(self) -> float:
        """Seconds of work; of one that died with its kernel, those of which something was recorded, without the waits between calls."""
        if self.ran is not None or self.seen is None:
            return self.ran or 0.0
        return min(self.calls_ran, (self.seen - self.started).total_seconds())


@dataclass(slots=True, kw_only=True)
class Execution:
    """A decision to run a step, and its attempts."""

    number: int
    generation: int
    code: str
    source: str
    options: str
    fingerprint: str
    inputs: tuple[Input, ...]
    line: Line
    reason: str
    once: bool
    prestate: str
    prestate_signature: str
    started_seq: int
    attempts: list[Attempt] = field(default_factory=list)
    checkpoint: int | None = None

    @property
    def last(self) -> Attempt:
        return self.attempts[-1]

    @property
    def crashes(self) -> int:
        """The attempts that died with their kernel, without a plan, and got nowhere."""
        return sum(attempt.status == "crashed" and not attempt.suspended and not attempt.kept for attempt in self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a finished step left. `number` is the sequence number of its StepSucceeded; `inputs` are those that were read.

    `ran` are the seconds of the attempt that finished, `spent` those of all attempts of its execution. `beside` are names that it holds because they share state with what was read. `kept` are other codes and inputs for which a person had it kept.
    `used` is the event that last made it the step's current one; `written` are those that stored bytes for it, of which the last one's `manifest` holds.
    """

    number: int
    step: str
    execution: int
    code: str
    fingerprint: str
    inputs: tuple[Input, ...]
    line: Line
    manifest: str
    signature: str
    saved: bool
    at: datetime
    ran: float
    spent: float
    save: float
    size: int
    kept: tuple[tuple[str, tuple[Input, ...]], ...] = ()
    beside: tuple[Input, ...] = ()
    used: int = 0
    written: tuple[int, ...] = ()


@dataclass(slots=True, kw_only=True)
class StepHistory:
    """A step's past in this run.

    `checkpoints` are those that can serve, `dropped` those whose bytes retention let go of.
    `current` is the checkpoint that stands for it; `answer` is a person's, not yet acted upon. `rerun` says that one was asked for and has not begun;
    until it succeeds, checkpoints numbered
    below `serves_from` do not serve. `settled`: an unfinished last execution no longer matters, a checkpoint was
    reused since. `touched` is the last event that was about it.
    """

    name: str
    executions: list[Execution] = field(default_factory=list)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)
    dropped: dict[int, Checkpoint] = field(default_factory=dict)
    current: int | None = None
    generation: int = 1
    rerun: bool = False
    serves_from: int = 0
    settled: bool = False
    answer: Answer | None = None
    cell_id: str | None = None
    calls: Calls = field(default_factory=Calls)
    touched: int = 0

    @property
    def last(self) -> Execution | None:
        return self.executions[-1] if self.executions else None

    @property
    def checkpoint(self) -> Checkpoint | None:
        return self.checkpoints[self.current] if self.current is not None else None

    @property
    def unfinished(self) -> bool:
        """Whether the last execution was started, did not finish, and still matters."""
        return bool(self.executions) and self.executions[-1].checkpoint is None and not self.settled

    @property
    def asking(self) -> bool:
        """Whether its last attempt stopped to ask something that nobody has answered."""
        error = self.executions[-1].last.error if self.unfinished else None
        return error is not None and error.type == "StepAsks" and self.touched <= self.executions[-1].last.ended_seq

    @property
    def status(self) -> AttemptStatus | Literal["new"]:
        """The status of the last attempt; "new" before the first."""
        return self.executions[-1].last.status if self.executions else "new"
