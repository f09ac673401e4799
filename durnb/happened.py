"""What happened inside a step, as a fold: its durable calls, waits and loops of the present generation."""

from __future__ import annotations

import sys
from dataclasses import field, replace
from datetime import datetime
from typing import Literal, assert_never

from durnb.events import CallFailed, CallResolved, CallStarted, CallSucceeded, ErrorInfo, LoopSaved, Recorded, StepWoken, WaitStarted
from durnb.records import dataclass

CallStatus = Literal["started", "succeeded", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A signal that arrived; `value` is JSON. `by` and `via` say who sent it, and from where."""

    id: str
    name: str
    value: str
    at: datetime
    by: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A durable wait; `until` is aware, None where no time ends it."""

    what: Literal["sleep", "signal"]
    name: str
    until: datetime | None
    prompt: str
    schema: str
    started: datetime
    woken: bool = False


@dataclass(slots=True, kw_only=True)
class Call:
    """One durable call. `execution` is the one in which it returned; `failures` are those that count against its retries.

    `allowed`: a person said that it may run again. `seq` is the event that its bytes were stored with. `once`: its start was recorded, for it may
    happen once only; `carried`: in an earlier generation. `wait` is the one that ended with it, by the signal `answer`.
    """

    label: str
    status: CallStatus
    execution: int
    code: str = ""
    at: datetime | None = None
    ran: float = 0.0
    value: str = ""
    stored: str = ""
    signature: str = ""
    lost: str = ""
    failures: int = 0
    error: ErrorInfo | None = None
    allowed: bool = False
    seq: int = 0
    once: bool = False
    carried: bool = False
    wait: Wait | None = None
    answer: Signal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopPoint:
    """Where a durable loop can go on: `position` items are done, by a cell of that `text` down to the loop's end. `seq` is its event."""

    seq: int
    execution: int
    position: int
    manifest: str
    signature: str
    at: datetime
    text: str = ""


@dataclass(slots=True, kw_only=True)
class Calls:
    """The calls of one generation of a step by identity; its waits that go on, and its loops' last points.

    `on_change` is a person's answer for its stale calls. `superseded` are the events whose stored bytes nothing needs any more. `open` are those of
    `made` that did not succeed, in the order in which that came about.
    """

    generation: int = 1
    made: dict[str, Call] = field(default_factory=dict)
    waits: dict[str, Wait] = field(default_factory=dict)
    loops: dict[str, LoopPoint] = field(default_factory=dict)
    on_change: Literal["retry", "keep"] | None = None
    superseded: list[int] = field(default_factory=list)
    open: dict[str, Call] = field(default_factory=dict)

    def following(self, generation: int) -> Calls:
        """The calls of the next generation: none but those that may happen once only."""
        stored = [call.seq for call in self.made.values() if call.stored and not call.once]
        carried = {call: replace(made, carried=True) for call, made in self.made.items() if made.once}
        return Calls(
            generation=generation,
            made=carried,
            open={call: made for call, made in carried.items() if made.status != "succeeded"},
            superseded=[*self.superseded, *stored, *(point.seq for point in self.loops.values())],
        )

    def succeed(self, e: CallSucceeded, recorded: Recorded) -> None:
        """The call returned."""
        wait = self.waits.pop(e.call, None) if self.waits else None
        before = self.made.get(e.call)
        if before is not None:
            self.open.pop(e.call, None)
            if before.stored:
                self.superseded.append(before.seq)
        self.made[e.call] = Call(
            label=sys.intern(e.label) if len(e.label) < 40 else e.label,
            status="succeeded",
            execution=e.execution,
            code=sys.intern(e.code),
            at=recorded.at,
            seq=recorded.seq,
            once=before is not None and before.once,
            ran=e.ran,
            value=e.value,
            stored=e.stored,
            signature=e.signature,
            lost=e.lost,
            wait=wait,
        )

    def take(self, recorded: Recorded) -> None:
        """Take in any other event of a call, wait or loop."""
        match recorded.event:
            case CallStarted() as e:
                self._open(e.call, Call(label=e.label, status="started", execution=e.execution, at=recorded.at, once=True))
            case CallFailed() as e:
                known = self.made.get(e.call)
                failures = (known.failures if known is not None and known.status == "failed" else 0) + 1
                failed = Call(
                    label=e.label,
                    status="started" if known is not None and known.status == "started" else "failed",
                    execution=e.execution,
                    at=recorded.at,
                    ran=e.ran,
                    once=known is not None and known.once,
                    failures=failures if e.retry_in is not None else 0,
                    error=e.error,
                )
                self._open(e.call, failed)
            case CallResolved() as e if not e.call:
                self.on_change = "keep" if e.answer == "keep" else "retry"
            case CallResolved() as e:
                self._resolve(e, recorded.at)
            case WaitStarted() as e:
                until = datetime.fromisoformat(e.until) if e.until else None
                self.waits[e.call] = Wait(what=e.what, name=e.name, until=until, prompt=e.prompt, schema=e.schema, started=recorded.at)
            case StepWoken():
                self.waits = {call: replace(wait, woken=True) if wait.what == "sleep" else wait for call, wait in self.waits.items()}
            case LoopSaved() as e:
                self.superseded += [self.loops.pop(each).seq for each in (e.call, *e.behind) if each in self.loops]
                self.loops[e.call] = LoopPoint(
                    seq=recorded.seq,
                    execution=e.execution,
                    position=e.position,
                    manifest=e.manifest,
                    signature=e.signature,
                    at=recorded.at,
                    text=e.text,
                )
            case CallSucceeded() as e:
                self.succeed(e, recorded)
            case other:
                raise ValueError(f"{other.kind} is no event of a call")

    def _open(self, call: str, made: Call) -> None:
        self.made[call] = self.open[call] = made

    def _resolve(self, e: CallResolved, at: datetime) -> None:
        known = self.made.get(e.call)
        if known is None:
            return
        match e.answer:
            case "done":
                self.open.pop(e.call, None)
                self.made[e.call] = Call(
                    label=known.label,
                    status="succeeded",
                    execution=known.execution,
                    code=known.code,
                    at=at,
                    value=e.value,
                    signature=e.signature,
                    once=known.once,
                )
            case "retry":
                known.allowed = True
            case "keep":
                pass
            case _ as never:
                assert_never(never)
