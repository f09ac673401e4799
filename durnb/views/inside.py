"""What goes on inside a step: how many durable calls it made, what it waits for, and which calls failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from durnb.fold import StepHistory
from durnb.views.forms import Form, form_of


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
    """The durable calls of the step's present generation."""

    done: int = 0
    failed: int = 0
    under_way: int = 0

    def __str__(self) -> str:
        """``12 calls done, 1 failed``; empty where it made none."""
        parts = [f"{self.done} call{'s' * (self.done != 1)} done"] if self.done else []
        parts += [f"{count} {what}" for count, what in ((self.failed, "failed"), (self.under_way, "under way")) if count]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLine:
    """One failed call, and its error in one line."""

    label: str
    error: str


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


def counts_of(step: StepHistory) -> CallCounts:
    """How many calls it made."""
    counted = Counter(call.status for call in step.calls.made.values())
    return CallCounts(done=counted["succeeded"], failed=counted["failed"], under_way=counted["started"])


def failed_calls(step: StepHistory) -> tuple[CallLine, ...]:
    """The calls that failed last, and were not made good since."""
    failed = [call for call in step.calls.made.values() if call.status == "failed"]
    return tuple(CallLine(label=call.label, error=call.error.line if call.error else "") for call in failed)
