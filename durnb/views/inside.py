"""What goes on inside a step: how many durable calls it made, what it waits for, and which calls failed."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Final, Literal

from durnb.happened import Call, CallStatus
from durnb.records import dataclass
from durnb.steps import StepHistory
from durnb.views.forms import Form, form_of

_RECENT: Final = 50  # calls of which the rate is told
_FEW: Final = 3
_LONGEST: Final = 200  # characters of a result


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitCard:
    """A wait that goes on; `form` is how a person answers it, where it is for a signal."""

    call: str
    what: Literal["sleep", "signal"]
    name: str
    until: datetime | None
    prompt: str
    form: Form | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCounts:
    """The durable calls of the step's present generation. `before` of those done were recorded by earlier attempts of the one that runs, which are
    not made again; `tried` failed and are tried again; `rate` is how many were done a second lately; `items` those that a loop has behind it.
    """

    done: int = 0
    before: int = 0
    failed: int = 0
    tried: int = 0
    under_way: int = 0
    rate: float | None = None
    items: int = 0

    def __str__(self) -> str:
        """``1,212 calls done (200 by earlier attempts), 12 failed, 3.1/s``; empty where it made none."""
        before = f" ({self.before:,} by earlier attempts)" if self.before else ""
        parts = [f"{self.done:,} call{'s' * (self.done != 1)} done{before}"] if self.done else []
        told = ((self.failed, "failed"), (self.tried, "tried again"), (self.under_way, "under way"))
        parts += [f"{count:,} {what}" for count, what in told if count]
        if self.rate is not None:
            parts.append(f"{self.rate:.1f}/s" if self.rate >= 1 else f"{60 * self.rate:.1f}/min")
        if self.items:
            parts.append(f"its loop is kept up to item {self.items:,}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """One call: when it ended, after how many seconds, and in one line its result where that is short, or its error."""

    label: str
    status: CallStatus
    at: datetime | None
    ran: float
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """A wait for a signal that is over: what was answered (JSON, empty where no answer came in time), by whom, from where and when."""

    name: str
    prompt: str
    value: str
    by: str
    via: str
    at: datetime | None

    def __str__(self) -> str:
        """``approve: true, by ann@laptop from the command line``."""
        if not self.value:
            return f"{self.name}: no answer in time"
        return f"{self.name}: {self.value}" + (f", by {self.by} from {self.via}" if self.by else "")


def answers_of(step: StepHistory) -> tuple[AnswerLine, ...]:
    """What the step waited for and got, in the order in which that came."""
    over = [call for call in list(step.calls.made.values()) if call.wait is not None and call.wait.what == "signal"]
    return tuple(answer_of(call) for call in over)


def answer_of(call: Call) -> AnswerLine:
    """What came of one wait that is over."""
    sent = call.answer
    return AnswerLine(
        name=call.wait.name if call.wait is not None else call.label,
        prompt=call.wait.prompt if call.wait is not None else "",
        value=call.value,
        by=sent.by if sent is not None else "",
        via=sent.via if sent is not None else "",
        at=sent.at if sent is not None else call.at,
    )


def waits_of(step: StepHistory) -> tuple[WaitCard, ...]:
    """What the step waits for."""
    return tuple(
        WaitCard(
            call=call,
            what=wait.what,
            name=wait.name,
            until=wait.until,
            prompt=wait.prompt,
            form=form_of(wait.schema) if wait.what == "signal" else None,
        )
        for call, wait in step.calls.waits.items()
        if not wait.woken
    )


def counts_of(step: StepHistory, now: datetime | None = None) -> CallCounts:
    """How many calls it made; with `now`, and while the step runs, at which rate."""
    calls = step.calls
    failed = sum(call.status == "failed" and not call.failures for call in calls.open.values())
    tried = sum(call.status == "failed" for call in calls.open.values()) - failed
    done = len(calls.made) - len(calls.open)
    running = step.status == "running"
    return CallCounts(
        done=done,
        before=min(done, step.executions[-1].last.behind) if running else 0,
        failed=failed,
        tried=tried,
        under_way=len(calls.open) - failed - tried,
        rate=_rate(step, now) if running and now is not None else None,
        items=max((point.position for point in calls.loops.values()), default=0),
    )


def _rate(step: StepHistory, now: datetime) -> float | None:
    """Calls a second, from the last ones of this attempt; None where too few were made lately to say."""
    began = step.executions[-1].last.started
    recent = [
        call.at for call in islice(reversed(step.calls.made.values()), _RECENT) if call.at is not None and call.at > began and call.code
    ]
    if len(recent) < _FEW:
        return None
    spent = (now - (min(recent) if len(recent) == _RECENT else began)).total_seconds()
    return len(recent) / spent if spent > 0 else None


def failed_calls(step: StepHistory) -> tuple[CallLine, ...]:
    """The calls that failed last, and were not made good since."""
    return tuple(_line(call) for call in list(step.calls.open.values()) if call.status == "failed")


def recent_calls(step: StepHistory) -> tuple[CallLine, ...]:
    """The calls that came last, newest first; a few of many."""
    return tuple(_line(call) for call in list(islice(reversed(step.calls.made.values()), _RECENT)))


def _line(call: Call) -> CallLine:
    told = call.error.line if call.error is not None else call.value[:_LONGEST]
    return CallLine(label=call.label, status=call.status, at=call.at, ran=call.ran, told=told)
