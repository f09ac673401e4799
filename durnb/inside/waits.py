"""Durable waits: for a time, and for a signal. What a wait waits for is recorded when it begins; a restart waits the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from durnb import faults
from durnb.clock import SLICE, SystemClock
from durnb.config import duration
from durnb.engine.body import Body, Scope, WaitNow, scope_now
from durnb.engine.mail import arrived, check_is_schema, check_schema
from durnb.engine.overview import spell
from durnb.errors import CallTooLate, SignalRefused, UsageError
from durnb.events import CallFailed, CallSucceeded, ErrorInfo, WaitStarted
from durnb.happened import Wait
from durnb.inside import results
from durnb.inside.function import say_outside
from durnb.inside.identity import Identity, occurring
from durnb.records import dataclass

_SERVE: Final = 1.0  # seconds between two looks at what others sent, and at most one change of the badge
_JUMP: Final = timedelta(seconds=5)  # by which wall and monotonic time may differ in a wait before it is said


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a wait waits for. `model` is a pydantic model; `schema` a JSON schema (JSON), "" for none."""

    name: str
    until: datetime | None
    prompt: str = ""
    schema: str = ""
    model: Any = None
    signal: bool = False


@dataclass(slots=True)
class _Progress:
    """A wait as it goes, for tasks and threads alike: `pause` says how long to wait until the next look."""

    scope: Scope
    identity: Identity
    wanted: Wanted
    wait: Wait
    _began: tuple[datetime, float] = field(init=False)
    _next: float = 0.0

    def __post_init__(self) -> None:
        self._began = self._body.clock.now(), self._body.clock.monotonic()

    @property
    def _body(self) -> Body:
        return self.scope.body

    def ended(self) -> tuple[bool, Any]:
        """Whether it is over, and what it gives."""
        if self._body.over:
            raise CallTooLate(step=self._body.step, call=self.identity.label)
        clock = self._body.clock
        if clock.monotonic() >= self._next:
            self._next = clock.monotonic() + _SERVE
            self._look_around()
        if self.wanted.signal and (taken := self._take()) is not None:
            return True, taken
        known = self._body.calls.waits.get(self.identity.digest)
        if (known is not None and known.woken) or (self.wait.until is not None and clock.now() >= self.wait.until):
            self._record("" if self.wanted.signal else "null")
            return True, None
        return False, None

    def pause(self) -> float:
        """Seconds until the next look; a clock that only pretends to wait goes to the end at once."""
        left = max(0.0, (self.wait.until - self._body.clock.now()).total_seconds()) if self.wait.until is not None else SLICE
        return left if not self.wanted.signal and not isinstance(self._body.clock, SystemClock) else min(left, SLICE)

    def _take(self) -> tuple[Any] | None:
        """Take the oldest signal that fits, in the transaction that records the call."""
        signal = arrived(self._body.journal.history, self.wanted.name)
        if signal is None:
            return None
        try:
            value = fitted(self.wanted, signal.value)
        except SignalRefused as error:  # it was sent before anybody knew what it has to be
            self._body.say(f"{error}: it was dropped")
            self._drop(signal.id, error)
            return None
        return (value,) if self._record(signal.value, signal.id) else None

    def _record(self, value: str, signal: str = "") -> bool:
        """Record the end; False where another wait took the signal first. Raises CallTooLate."""
        event = CallSucceeded(
            step=self._body.step,
            execution=self._body.execution,
            call=self.identity.digest,
            label=self.identity.label,
            value=value,
            signal=signal,
        )
        try:
            self._body.journal.append(results.with_signature(self._body, event))
        except ValueError as error:
            if signal and self._body.journal.history.steps[self._body.step].status == "running":
                return False
            raise CallTooLate(step=self._body.step, call=self.identity.label) from error
        faults.point("call-recorded", self._body.step)
        return True

    def _drop(self, signal: str, error: SignalRefused) -> None:
        info = ErrorInfo(type="SignalRefused", message=error.why[:500])
        self._body.journal.append(
            CallFailed(
                step=self._body.step,
                execution=self._body.execution,
                call=self.identity.digest,
                label=self.identity.label,
                error=info,
                ran=0.0,
                signal=signal,
            )
        )

    def _look_around(self) -> None:
        self._body.serve()
        now, monotonic = self._body.clock.now(), self._body.clock.monotonic()
        jump = (now - self._began[0]) - timedelta(seconds=monotonic - self._began[1])
        if abs(jump) > _JUMP:
            self._began = now, monotonic
            self._body.say(
                f"the clock was set {'forward' if jump > timedelta(0) else 'back'} by {spell(abs(jump))}; {self.identity.label} goes by it"
            )
        self._body.tell(self.identity.digest, self._told(now))

    def _told(self, now: datetime) -> str:
        until = self.wait.until
        left = f"{spell(max(until - now, timedelta(0)))} left, until {until.astimezone():%Y-%m-%d %H:%M:%S}" if until is not None else ""
        if self.wanted.signal:
            asked = f" ({self.wanted.prompt})" if self.wanted.prompt else ""
            how = f"%durable signal {self.wanted.name} VALUE from another kernel, or durnb signal"
            return f"waits for the signal {self.wanted.name}{asked}: {how}" + (f"; {left}" if left else "")
        return f"sleeps: {left}. To go on now: interrupt, %durable wake {self._body.step}, and run the cell again"


def begun(label: str, what: str, wanted: Wanted) -> tuple[_Progress | None, Any, bool]:
    """The wait that goes on; or (None, its recorded result, whether it is recorded). A wait outside of a step is none of ours."""
    scope = scope_now(label)
    if scope is None:
        return None, None, False
    body = scope.body
    identity = occurring(scope, what, label)
    known = body.calls.made.get(identity.digest)
    if known is not None and known.status == "succeeded":
        value = results.load(body, identity.digest, known)
        given = (fitted(wanted, known.value),) if wanted.signal and known.value else None
        return None, given if wanted.signal else value, True
    wait = body.calls.waits.get(identity.digest)
    if wait is None:
        wait = _start(body, identity, wanted)
    return _Progress(scope, identity, wanted, wait), None, False


def _start(body: Body, identity: Identity, wanted: Wanted) -> Wait:
    body.journal.append(
        WaitStarted(
            step=body.step,
            execution=body.execution,
            call=identity.digest,
            what="signal" if wanted.signal else "sleep",
            name=wanted.name,
            until=wanted.until.astimezone(UTC).isoformat() if wanted.until is not None else "",
            prompt=wanted.prompt,
            schema=wanted.schema,
        )
    )
    faults.point("wait-started", body.step)
    return body.calls.waits[identity.digest]


@contextmanager
def registered(progress: _Progress) -> Iterator[None]:
    """While it waits, its scope is known to do nothing else."""
    scope, key = progress.scope, progress.identity.digest
    what = "signal" if progress.wanted.signal else "sleep"
    with scope.body.lock:
        scope.waits[key] = WaitNow(what=what, name=progress.wanted.name, until=progress.wait.until)  # type: ignore[arg-type]  # one of the two
    scope.body.changed()
    try:
        yield
    finally:
        with scope.body.lock:
            scope.waits.pop(key, None)
        scope.body.tell(key, "")


def waited(progress: _Progress) -> Any:
    """Wait, in this thread; an interrupt is felt within a slice."""
    with registered(progress):
        while not (end := progress.ended())[0]:
            progress.scope.body.clock.sleep(progress.pause())
    return end[1]


async def waited_async(progress: _Progress) -> Any:
    """Wait, in this task."""
    with registered(progress):
        while not (end := progress.ended())[0]:
            await progress.scope.body.clock.pause(progress.pause())
    return end[1]


def fitted(wanted: Wanted, value: str) -> Any:
    """The value of a signal (JSON) as the wait gives it. Raises SignalRefused."""
    plain = json.loads(value)
    if wanted.model is not None:
        try:
            return wanted.model.model_validate(plain)
        except ValueError as error:
            raise SignalRefused(name=wanted.name, why=" ".join(str(error).split())) from None
    if wanted.schema:
        check_schema(wanted.name, plain, json.loads(wanted.schema))
    return plain


def moment(value: datetime) -> datetime:
    """The time that `value` means: local where it says no zone."""
    if not isinstance(value, datetime):
        raise UsageError(f"sleep_until takes a datetime, and {value!r} is none")
    return value.astimezone(UTC)


def sleeping(length: float | str | timedelta) -> tuple[timedelta, str]:
    """How long a sleep is, and what it is called."""
    wanted = duration(length)
    return max(wanted, timedelta(0)), f"sleep {length}"


def wanted_signal(name: str, timeout: float | str | timedelta | None, schema: object, prompt: str | None, now: datetime) -> Wanted:
    """A wait for a signal as its caller put it. Raises UsageError."""
    if type(name) is not str or not name or any(c.isspace() for c in name):
        raise UsageError(f"{name!r} is no name of a signal: text without spaces")
    text, model = _schema_of(name, schema)
    until = now + duration(timeout) if timeout is not None else None
    return Wanted(name=name, until=until, prompt=prompt or "", schema=text, model=model, signal=True)


def _schema_of(name: str, schema: object) -> tuple[str, Any]:
    if schema is None:
        return "", None
    if isinstance(schema, Mapping):
        check_is_schema(name, schema)
        return json.dumps(dict(schema)), None
    made = getattr(schema, "model_json_schema", None)
    if isinstance(schema, type) and callable(made):
        return json.dumps(made()), schema
    raise UsageError(f"wait_for({name!r}): schema= takes a JSON schema (a dict) or a pydantic model, and not {schema!r}")


def plain_sleep(what: str, seconds: float) -> None:
    """A sleep outside of a durable step."""
    say_outside(what)
    SystemClock().sleep(seconds)
