"""What goes on inside the steps, along the time: stretches in which calls ran, and waits. Read on from where it was read last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, Literal

from durnb.happened import Call, Calls, Wait
from durnb.records import dataclass
from durnb.steps import StepHistory

_MOST: Final = 120  # stretches of one step: beyond that, neighbours become one
_FINEST: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A stretch of a step in which `count` calls ran, of which `failed` failed, or one wait; `open`: it lasts."""

    step: str
    what: Literal["calls", "sleep", "signal"]
    began: datetime
    ended: datetime
    name: str = ""
    count: int = 1
    failed: int = 0
    open: bool = False


@dataclass(slots=True)
class _Stretch:
    began: datetime
    ended: datetime
    count: int = 1
    failed: int = 0


@dataclass(slots=True)
class _Stretches:
    """Stretches of time that do not touch, in order; those nearer than `near` are one, and `near` grows with their number."""

    found: list[_Stretch] = field(default_factory=list)
    near: timedelta = _FINEST

    def add(self, new: _Stretch) -> None:
        after: list[_Stretch] = []
        while self.found and self.found[-1].ended + self.near >= new.began:
            last = self.found.pop()
            if last.began > new.ended + self.near:
                after.append(last)
                continue
            new = _Stretch(min(last.began, new.began), max(last.ended, new.ended), last.count + new.count, last.failed + new.failed)
        self.found += [new, *reversed(after)]
        if len(self.found) > _MOST:
            self.near *= 2
            fine, self.found = self.found, []
            for each in fine:
                self.add(each)


@dataclass(slots=True)
class Lane:
    """What is known of one step. `read` calls of `calls` were taken in; `open` are those of them that had not succeeded, with when that was."""

    calls: Calls
    read: int = 0
    open: Mapping[str, datetime | None] = field(default_factory=dict)
    stretches: _Stretches = field(default_factory=_Stretches)
    waits: list[Call] = field(default_factory=list)

    def take(self) -> None:
        """Take in what is new."""
        made = self.calls.made
        for call in [made[one] for one, at in self.open.items() if made[one].at != at]:
            self._take(call)
        for call in islice(made.values(), self.read, None):
            self._take(call)
        self.read = len(made)
        self.open = {one: call.at for one, call in self.calls.open.items()}

    def _take(self, call: Call) -> None:
        if call.at is None or call.status == "started" or call.carried:
            return
        if call.wait is not None:
            self.waits.append(call)
        elif call.ran or call.code or call.status == "failed":  # what is neither was merely noted: a time, a random number
            self.stretches.add(_Stretch(call.at - timedelta(seconds=call.ran), call.at, failed=int(call.status == "failed")))


@dataclass(slots=True)
class Lanes:
    """The lanes of a run's steps."""

    known: dict[str, Lane] = field(default_factory=dict)

    def of(self, steps: Iterable[tuple[StepHistory, datetime]]) -> tuple[Inner, ...]:
        """What went on inside of steps, each until it is known to have been alive."""
        return tuple(inner for step, until in steps if step.calls.made or step.calls.waits for inner in self._of(step, until))

    def _of(self, step: StepHistory, until: datetime) -> Iterator[Inner]:
        lane = self.known.get(step.name)
        if lane is None or lane.calls is not step.calls:
            lane = self.known[step.name] = Lane(step.calls)
        lane.take()
        for one in lane.stretches.found:
            yield Inner(step=step.name, what="calls", began=one.began, ended=one.ended, count=one.count, failed=one.failed)
        for call in lane.waits[-_MOST:]:
            if call.wait is not None and call.at is not None:
                yield _wait(step.name, call.wait, call.at, open_=False)
        for wait in step.calls.waits.values():
            yield _wait(step.name, wait, until, open_=step.status == "running")


def _wait(step: str, wait: Wait, ended: datetime, *, open_: bool) -> Inner:
    return Inner(step=step, what=wait.what, began=wait.started, ended=max(ended, wait.started), name=wait.name, open=open_)
