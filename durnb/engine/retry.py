"""When a failed attempt is tried again. Waits are tenacity's: exponential with full jitter of a second at most."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from random import SystemRandom
from typing import Final, Literal

from durnb.engine.header import Header
from durnb.errors import CallTooLate, RetryAfter, StepAsks, StepRefused, StepTimedOut, TerminalError, UsageError
from durnb.records import dataclass

_JITTER: Final = SystemRandom()  # never the notebook's own generator: a flaky network must not change what a seed gives
How = Literal["exception", "timeout", "interrupt"]


def classify(error: BaseException) -> How:
    """What kind of end `error` is: an interrupt is never retried, a timeout may be."""
    if isinstance(error, KeyboardInterrupt | asyncio.CancelledError):
        return "interrupt"
    return "timeout" if isinstance(error, StepTimedOut) else "exception"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """`retries` 3 means four attempts. `no_retry` names exception classes, by name or qualified name; their subclasses count too."""

    retries: int
    delay: timedelta
    backoff: float
    max_delay: timedelta
    no_retry: tuple[str, ...]

    @classmethod
    def of(cls, header: Header) -> RetryPolicy:
        return cls(retries=header.retries, delay=header.delay, backoff=header.backoff, max_delay=header.max_delay, no_retry=header.no_retry)

    def wait(self, error: BaseException, failures: int) -> float | None:
        """Seconds until the next attempt after `failures` failed ones, the last with `error`; None for no more."""
        if failures > self.retries or classify(error) == "interrupt" or not isinstance(error, Exception) or self._terminal(error):
            return None
        asked = error.delay.total_seconds() if isinstance(error, RetryAfter) else 0.0
        return max(asked, self._backoff(failures))

    def _terminal(self, error: BaseException) -> bool:
        if isinstance(error, TerminalError | StepAsks | StepRefused | CallTooLate | UsageError):
            return True
        names = {name for cls in type(error).__mro__ for name in (cls.__name__, f"{cls.__module__}.{cls.__qualname__}")}
        return not names.isdisjoint(self.no_retry) or any(_is_called(error, name) for name in self.no_retry)

    def _backoff(self, failures: int) -> float:
        from tenacity import RetryCallState, wait_exponential  # noqa: PLC0415 - most notebooks never retry, and it takes 10 ms

        initial = self.delay.total_seconds()
        state = RetryCallState(None, None, (), {})  # type: ignore[arg-type]  # a bare state: the wait reads its attempt number alone
        state.attempt_number = failures
        longest = self.max_delay.total_seconds()
        wait = wait_exponential(multiplier=initial, max=longest, exp_base=self.backoff)
        return min(float(wait(state)) + _JITTER.uniform(0, min(1.0, initial)), longest)


def _is_called(error: BaseException, name: str) -> bool:
    """Whether `name` is where a loaded module has a class of `error`: json.JSONDecodeError lives in json.decoder."""
    module, _, attribute = name.rpartition(".")
    found = getattr(sys.modules.get(module), attribute, None)
    return isinstance(found, type) and isinstance(error, found)
