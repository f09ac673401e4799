"""One durable call from its asking to its record: looked up, begun, tried, recorded."""

from __future__ import annotations

import asyncio
import base64
import contextvars
import json
import shlex
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from durnb import faults
from durnb.clock import SLICE
from durnb.engine.body import Body, Scope
from durnb.engine.retry import classify
from durnb.errors import CallTimedOut, CallTooLate, CheckpointUnreadable, CheckpointUntrusted, StepAsks
from durnb.events import CallFailed, CallStarted, CallSucceeded, ErrorInfo
from durnb.happened import Call
from durnb.inside import results
from durnb.inside.identity import Identity
from durnb.inside.options import CallOptions
from durnb.inside.results import Encoded
from durnb.journal import OnceFile
from durnb.records import dataclass


@dataclass(slots=True, kw_only=True)
class Invocation:
    """A call of `function` that `scope` encloses. `code` is the digest of what it runs."""

    scope: Scope
    identity: Identity
    options: CallOptions
    code: str = ""

    @property
    def body(self) -> Body:
        return self.scope.body

    # ---- what is recorded

    def recorded(self) -> tuple[bool, Any]:
        """Whether the call has a result already, and which. Raises StepAsks where a person has to decide."""
        __tracebackhide__ = True
        known = self.body.calls.made.get(self.identity.digest)
        if known is None or known.status == "failed":
            return self._done_elsewhere(known)
        if known.allowed:
            return False, None
        if known.status == "started":
            found, value = self._done_elsewhere(known)
            if not found:
                raise self._ask(f"is to happen once, was started and did not finish: {_DID_IT}", known, "done", "retry")
            return found, value
        if known.lost:
            raise self._ask(f"is done, and its result could not be stored ({known.lost})", known, "done VALUE", "retry")
        if known.code and self.code != known.code and not known.once and self._is_stale(known):
            return False, None
        self._tell_all_runs(known)
        return True, self._load(known)

    def _tell_all_runs(self, known: Call) -> None:
        """A call that a person took as done is done for all runs, where it is to happen once over them."""
        file = self._once_file()
        if file is not None and not known.stored and file.result() is None:
            file.finish(self._once_facts(Encoded(value=known.value), known.ran))

    def _load(self, known: Call) -> Any:
        try:
            return results.load(self.body, self.identity.digest, known)
        except CheckpointUntrusted:
            raise
        except CheckpointUnreadable as error:
            raise self._ask(f"is done, and its result can't be read ({error.why})", known, "done VALUE", "retry") from error

    def _is_stale(self, known: Call) -> bool:
        """Whether a call whose function changed runs again. Raises StepAsks where much work would be done again."""
        answer = self.body.calls.on_change
        if self.options.on_change == "keep" or answer == "keep":
            return False
        if answer == "retry":
            return True
        spent = self.body.stale.setdefault(known.code, self._spent(known.code))
        if self.options.on_change == "ask" or spent > self.body.settings.ask_over.total_seconds():
            why = f"the code of {self.identity.label} changed, and its calls so far took {spent:.0f} s"
            raise self.body.ask(why, *(f"%durable resolve {self.body.step}/* {choice}" for choice in ("retry", "keep")))
        return True

    def _spent(self, code: str) -> float:
        return sum(call.ran for call in list(self.body.calls.made.values()) if call.code == code)

    def _ask(self, why: str, known: Call, *choices: str) -> StepAsks:
        same = [call for call in list(self.body.calls.made.values()) if call.label == known.label and call.status == known.status]
        mark = known.label if len(same) == 1 else self.identity.digest[:8]
        where = shlex.quote(f"{self.body.step}/{mark}")
        return self.body.ask(f"its call {known.label} {why}", *(f"%durable resolve {where} {choice}" for choice in choices))

    # ---- once over all runs

    def _once_file(self) -> OnceFile | None:
        return OnceFile(self.body.journal.store, self.options.once) if isinstance(self.options.once, str) else None

    def _done_elsewhere(self, known: Call | None) -> tuple[bool, Any]:
        """The result of a call that another run made, where it is to be made once over all of them; recorded here too."""
        file = self._once_file()
        done = file.result() if file is not None else None
        if done is None:
            return False, None
        facts = (self.body.journal.history.store, "once", str(self.options.once))
        if not self.body.journal.verify(facts, _once_payload(done), str(done.get("signature", ""))):
            raise CheckpointUntrusted(step=self.body.step)
        blobs = {digest: base64.b64decode(data) for digest, data in done["blobs"].items()}
        if known is None:
            self.body.say_once(
                f"{self.options.once} was done by step {done['step']} of run {done['run']} at {done['at']}: its result is taken"
            )
        self._record(Encoded(value=done["value"], stored=done["stored"], lost=done["lost"], blobs=blobs), float(done["ran"]))
        return self.recorded()

    def begin(self) -> None:
        """Record the start of a call that may happen once only. Raises StepAsks where another run started it and did not finish."""
        if not self.options.once:
            return
        known = self.body.calls.made.get(self.identity.digest)
        file = self._once_file()
        facts = {"run": str(self.body.journal.run), "step": self.body.step, "at": self.body.clock.now().isoformat(timespec="seconds")}
        held = file.start(facts) if file is not None else None
        allowed = known is not None and known.allowed
        self._append(CallStarted(step=self.body.step, execution=self.body.execution, call=self.identity.digest, label=self.identity.label))
        if held is not None and not allowed:
            began = self.body.calls.made[self.identity.digest]
            why = f"is to happen once, was started by step {held.get('step')} of run {held.get('run')} and did not finish: {_DID_IT}"
            raise self._ask(why, began, "done VALUE", "retry")
        faults.point("call-started", self.body.step)

    # ---- the run

    def run(self, function: Callable[[], Any]) -> Any:
        """Call `function`, with its retries, and record what it gives."""
        __tracebackhide__ = True
        if not isinstance(self.options.once, str):
            return self._run(function)
        with _in_flight.setdefault(
            self.options.once, threading.RLock()
        ):  # another thread may be at it: it is not asked about, but waited for
            found, value = self.recorded()
            return value if found else self._run(function)

    def _run(self, function: Callable[[], Any]) -> Any:
        __tracebackhide__ = True
        if self.body.leaving:
            with self.scope.holding():
                while self.body.leaving:
                    self.body.clock.sleep(SLICE)
        self.begin()
        while True:
            began = time.monotonic()
            try:
                with self.scope.entered(self.identity.digest):
                    value = self._timed(function)
            except BaseException as error:
                wait = self.failed(error, time.monotonic() - began)
                if wait is None:
                    raise
                self.body.clock.sleep(wait)
                continue
            encoded, event = self.returned(value, time.monotonic() - began)
            self._commit(event, encoded)
            return self._is_recorded(value)

    async def run_async(self, function: Callable[[], Awaitable[Any]]) -> Any:
        """As `run`, for a coroutine function."""
        __tracebackhide__ = True
        if self.body.leaving:
            with self.scope.holding():
                while self.body.leaving:
                    await self.body.clock.pause(SLICE)
        self.begin()
        limit = self.options.timeout.total_seconds() if self.options.timeout is not None else None
        while True:
            began = time.monotonic()
            try:
                with self.scope.entered(self.identity.digest):
                    value = await (asyncio.wait_for(function(), limit) if limit is not None else function())
            except BaseException as caught:
                error = caught
                if limit is not None and isinstance(caught, TimeoutError) and time.monotonic() - began >= limit:
                    error = CallTimedOut(call=self.identity.label, seconds=limit)
                wait = self.failed(error, time.monotonic() - began)
                if wait is None:
                    raise error from (None if error is caught else caught)
                await self.body.clock.pause(wait)
                continue
            encoded, event = self.returned(value, time.monotonic() - began)
            try:
                await results.commit_later(self.body, event, encoded)
            except ValueError as late:
                raise CallTooLate(step=self.body.step, call=self.identity.label) from late
            return self._is_recorded(value)

    def record(self, value: object, ran: float) -> None:
        """Record a result that was come by in another way."""
        encoded, event = self.returned(value, ran)
        self._commit(event, encoded)
        self._is_recorded(value)

    def _is_recorded(self, value: Any) -> Any:
        faults.point("call-recorded", self.body.step)
        return value

    def returned(self, value: object, ran: float) -> tuple[Encoded, CallSucceeded]:
        """What is to be recorded of a call that gave `value` after `ran` seconds."""
        faults.point("call-returned", self.body.step)
        if not self.identity.intact:
            self.body.say_once(self._changed())
        encoded = results.encode(self.body, value)
        if encoded.lost:
            self.body.say_once(
                f"the result of {self.identity.label} can't be stored ({encoded.lost}); it is used now, and a resume will ask"
            )
        file = self._once_file()
        if file is not None:
            file.finish(self._once_facts(encoded, ran))
        return encoded, self._event(encoded, ran)

    def _changed(self) -> str:
        """That the call changed in place what it is known by."""
        label = self.identity.label
        if self.identity.method:
            return (
                f"{label} changed its arguments or the object that it is a method of, and calls are known by both: "
                f"after a restart they may not be known again, and are made anew; say what they are by key="
            )
        return f"{label} changed its arguments in place: its result comes back after a restart, and that change does not; return it"

    def _once_facts(self, encoded: Encoded, ran: float) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "run": str(self.body.journal.run),
            "step": self.body.step,
            "at": self.body.clock.now().isoformat(timespec="seconds"),
            "ran": ran,
            "value": encoded.value,
            "stored": encoded.stored,
            "lost": encoded.lost,
            "blobs": {digest: base64.b64encode(data).decode() for digest, data in encoded.blobs.items()},
        }
        signed = (self.body.journal.history.store, "once", str(self.options.once))
        return {**facts, "signature": self.body.journal.sign(signed, _once_payload(facts))}

    def _record(self, encoded: Encoded, ran: float) -> None:
        self._commit(self._event(encoded, ran), encoded)

    def _commit(self, event: CallSucceeded, encoded: Encoded) -> None:
        self._in_time(lambda: results.commit(self.body, event, encoded))

    def _event(self, encoded: Encoded, ran: float) -> CallSucceeded:
        body, call = self.body, self.identity.digest
        return CallSucceeded(
            step=body.step,
            execution=body.execution,
            call=call,
            label=self.identity.label,
            code=self.code,
            ran=round(ran, 6),
            value=encoded.value,
            stored=encoded.stored,
            lost=encoded.lost[:500],
            signature=results.signature_of(body, call, body.execution, encoded.value, encoded.stored),
        )

    def failed(self, error: BaseException, ran: float) -> float | None:
        """Record a failed try; seconds until the next, None for none. An interrupt and a question are no failures of the call."""
        if classify(error) == "interrupt" or not isinstance(error, Exception) or isinstance(error, StepAsks | CallTooLate):
            return None
        known = self.body.calls.made.get(self.identity.digest)
        failures = (known.failures if known is not None else 0) + 1
        wait = self.options.policy.wait(error, failures)
        info = ErrorInfo(type=type(error).__name__, message=str(error)[:500])
        self._append(
            CallFailed(
                step=self.body.step,
                execution=self.body.execution,
                call=self.identity.digest,
                label=self.identity.label,
                error=info,
                ran=round(ran, 6),
                retry_in=wait,
            )
        )
        return wait

    def _append(self, event: CallStarted | CallFailed) -> None:
        self._in_time(lambda: self.body.journal.append(event))

    def _in_time(self, record: Callable[[], object]) -> None:
        try:
            record()
        except ValueError as late:  # the journal takes nothing of a step that is not running
            raise CallTooLate(step=self.body.step, call=self.identity.label) from late

    def _timed(self, function: Callable[[], Any]) -> Any:
        __tracebackhide__ = True
        if self.options.timeout is None:
            return function()
        return run_within(function, self.options.timeout, self.identity.label)


_DID_IT: Final = "did it happen? done says that it did (a result, as JSON, may stand behind it; else it is None), and retry makes it again"
_in_flight: Final[dict[str, threading.RLock]] = {}  # by the names of calls that are to happen once over all runs


def run_within(function: Callable[[], Any], limit: timedelta, label: str) -> Any:
    """What `function` gives, in a thread of its own. Raises CallTimedOut; the thread is then left to itself."""
    __tracebackhide__ = True
    ended: list[tuple[bool, Any]] = []
    over = threading.Event()
    context = contextvars.copy_context()

    def work() -> None:
        __tracebackhide__ = True
        try:
            ended.append((True, context.run(function)))
        except BaseException as error:  # raised where the call was made
            ended.append((False, error))
        over.set()

    threading.Thread(target=work, name=f"durnb-{label}", daemon=True).start()
    if not _is_over(over, limit):
        raise CallTimedOut(call=label, seconds=limit.total_seconds())
    good, value = ended[0]
    if good:
        return value
    raise value


def _is_over(over: threading.Event, limit: timedelta) -> bool:
    """Wait, at most for so long; an interrupt is felt within a slice."""
    end = time.monotonic() + limit.total_seconds()
    while not over.wait(min(SLICE, max(0.0, end - time.monotonic()))):
        if time.monotonic() >= end and not over.is_set():
            return False
    return True


def _once_payload(done: dict[str, Any]) -> bytes:
    return json.dumps({name: value for name, value in done.items() if name != "signature"}, sort_keys=True).encode()
