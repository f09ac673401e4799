"""How a durable call is made: what stands in the first parentheses of ``durnb.call``."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any, Literal

from durnb.config import duration
from durnb.engine.retry import RetryPolicy
from durnb.errors import UsageError
from durnb.records import dataclass

OnChange = Literal["rerun", "keep", "ask"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """`retries` 3 means four tries. `key` may be a function of the arguments. `once` may be a name, unique over all runs of the notebook."""

    key: Any = None
    retries: int = 0
    delay: timedelta = timedelta(seconds=1)
    backoff: float = 2.0
    max_delay: timedelta = timedelta(seconds=100)
    no_retry: tuple[str, ...] = ()
    timeout: timedelta | None = None
    once: bool | str = False
    on_change: OnChange = "rerun"
    name: str | None = None

    @classmethod
    def read(cls, given: dict[str, Any]) -> CallOptions:
        """The options as typed. Raises UsageError."""
        known = {f.name for f in fields(cls)}
        for name in given:
            if name not in known:
                raise UsageError(f"durnb.call has no option {name!r}: {', '.join(sorted(known))}")
        read: dict[str, Any] = dict(given)
        for name in ("delay", "max_delay", "timeout"):
            if read.get(name) is not None:
                read[name] = duration(read[name])
        no_retry = read.get("no_retry", ())
        read["no_retry"] = tuple(map(_class_name, no_retry if isinstance(no_retry, tuple | list) else (no_retry,)))
        options = cls(**read)
        options.check()
        return options

    def check(self) -> None:
        """Raises UsageError for what can't be meant."""
        if type(self.retries) is not int or self.retries < 0:
            raise UsageError(f"retries={self.retries!r} is not a number of retries: write 3")
        if self.once and self.retries:
            raise UsageError("once= and retries= exclude each other: what may happen once only is not tried again")
        if self.on_change not in ("rerun", "keep", "ask"):
            raise UsageError(f"on_change={self.on_change!r} is not rerun, keep or ask")
        if not isinstance(self.once, bool | str):
            raise UsageError(f"once={self.once!r} is neither True nor a name")
        if self.timeout is not None and self.timeout <= timedelta(0):
            raise UsageError(f"timeout={self.timeout} is not longer than nothing")

    @property
    def policy(self) -> RetryPolicy:
        return RetryPolicy(retries=self.retries, delay=self.delay, backoff=self.backoff, max_delay=self.max_delay, no_retry=self.no_retry)


def _class_name(cls: object) -> str:
    if isinstance(cls, type):
        return f"{cls.__module__}.{cls.__qualname__}"
    if isinstance(cls, str):
        return cls
    raise UsageError(f"no_retry={cls!r} is neither an exception class nor the name of one")
