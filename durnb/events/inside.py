"""Facts of what happens inside a step: calls, waits, signals, loops."""

from __future__ import annotations

from typing import ClassVar, Literal

from durnb.events.facts import ErrorInfo
from durnb.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    """A call with ``once`` begins: nothing of it has run. `call` is its identity (hex), `label` what people call it."""

    kind: ClassVar = "call_started"
    step: str
    execution: int
    call: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSucceeded:
    """A durable call inside a step returned; it is not run again in its generation.

    `code` digests its function and what that reaches ("" for recorded values and waits). `value` is the result as JSON, where JSON has it; else `stored` (JSON) names
    the bytes of a snapshot. Both are signed. `lost` is the path to what could not be stored. `signal` is the id of the signal that it consumed.
    """

    kind: ClassVar = "call_succeeded"
    step: str
    execution: int
    call: str
    label: str
    code: str = ""
    ran: float = 0.0
    value: str = ""
    stored: str = ""
    signature: str = ""
    lost: str = ""
    signal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFailed:
    """A try of a call ended with an exception. `retry_in` seconds, None for no more tries. `signal` is the id of one that did not fit, and is dropped."""

    kind: ClassVar = "call_failed"
    step: str
    execution: int
    call: str
    label: str
    error: ErrorInfo
    ran: float
    retry_in: float | None = None
    signal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResolved:
    """A person's answer to what a call asked: retry runs it again, done takes `value` (JSON) as its result.

    With an empty `call` it is the answer for all stale calls of the step: retry or keep.
    """

    kind: ClassVar = "call_resolved"
    step: str
    call: str
    answer: Literal["retry", "keep", "done"]
    value: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStarted:
    """A durable wait begins: for the time `until` (ISO, UTC; "" for none), and with what "signal" for the signal `name`.

    `prompt` and `schema` (JSON) are for whoever is to send it.
    """

    kind: ClassVar = "wait_started"
    step: str
    execution: int
    call: str
    what: Literal["sleep", "signal"]
    name: str = ""
    until: str = ""
    prompt: str = ""
    schema: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWoken:
    """``%durable wake``: the sleeps in which the step is end now. `request` is the id of the request that it came by."""

    kind: ClassVar = "step_woken"
    step: str
    request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReceived:
    """A signal arrived; it is kept until a wait of that name takes it. `request` is its id, `value` JSON.

    `by` is who sent it (``ann@laptop``), and `via` from where in words, both empty where that is not known.
    """

    kind: ClassVar = "signal_received"
    request: str
    name: str
    value: str
    by: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSaved:
    """A durable loop of a step reached `position`: that many items are done, and the named variables are kept as they are then.

    The last one of a loop replaces those before it, and those of the loops `behind` it: they were begun in items that are done.
    `text` is the digest of the cell's text down to the loop's end, by which the items were gone through.
    """

    kind: ClassVar = "loop_saved"
    step: str
    execution: int
    call: str
    position: int
    manifest: str
    signature: str
    size: int = 0
    behind: tuple[str, ...] = ()
    text: str = ""
