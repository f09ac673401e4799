"""The facts of a run: what the journal holds, and nothing else does.

An event is a frozen, past-tense fact. The journal stamps it with a sequence number, an epoch (the how-manieth kernel of the run) and a time.
Text is JSON; bytes that belong to an event are named by their BLAKE3 digest (hex) and stored beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import datetime
from typing import Any, Final

from durnb.events.facts import ErrorInfo, Input, InputKind
from durnb.events.inside import CallFailed, CallResolved, CallStarted, CallSucceeded, LoopSaved, SignalReceived, StepWoken, WaitStarted
from durnb.events.runs import (
    KernelAttached,
    KernelDetached,
    RunAbandoned,
    RunCancelled,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    RunSuspended,
)
from durnb.events.steps import (
    CheckpointSaved,
    CheckpointsDropped,
    CheckpointTrusted,
    StepFailed,
    StepRenamed,
    StepRerunRequested,
    StepResolved,
    StepReused,
    StepStarted,
    StepSucceeded,
)
from durnb.records import dataclass

__all__ = [
    "EMPTY",
    "KINDS",
    "CallFailed",
    "CallResolved",
    "CallStarted",
    "CallSucceeded",
    "CheckpointSaved",
    "CheckpointTrusted",
    "CheckpointsDropped",
    "ErrorInfo",
    "Event",
    "Input",
    "InputKind",
    "KernelAttached",
    "KernelDetached",
    "LoopSaved",
    "Recorded",
    "RunAbandoned",
    "RunCancelled",
    "RunFinished",
    "RunPaused",
    "RunResumed",
    "RunStarted",
    "RunSuspended",
    "SignalReceived",
    "StepFailed",
    "StepRenamed",
    "StepRerunRequested",
    "StepResolved",
    "StepReused",
    "StepStarted",
    "StepSucceeded",
    "StepWoken",
    "WaitStarted",
    "encode",
]

EMPTY: Final[Mapping[str, Any]] = {}


Event = (
    RunStarted
    | KernelAttached
    | KernelDetached
    | StepStarted
    | StepSucceeded
    | StepFailed
    | StepReused
    | CheckpointSaved
    | CheckpointTrusted
    | CheckpointsDropped
    | StepResolved
    | StepRerunRequested
    | StepRenamed
    | CallStarted
    | CallSucceeded
    | CallFailed
    | CallResolved
    | WaitStarted
    | StepWoken
    | SignalReceived
    | LoopSaved
    | RunFinished
    | RunAbandoned
    | RunPaused
    | RunResumed
    | RunCancelled
    | RunSuspended
)

KINDS: Final[Mapping[str, type[Event]]] = {
    cls.kind: cls
    for cls in (
        RunStarted,
        KernelAttached,
        KernelDetached,
        StepStarted,
        StepSucceeded,
        StepFailed,
        StepReused,
        CheckpointSaved,
        CheckpointTrusted,
        CheckpointsDropped,
        StepResolved,
        StepRerunRequested,
        StepRenamed,
        CallStarted,
        CallSucceeded,
        CallFailed,
        CallResolved,
        WaitStarted,
        StepWoken,
        SignalReceived,
        LoopSaved,
        RunFinished,
        RunAbandoned,
        RunPaused,
        RunResumed,
        RunCancelled,
        RunSuspended,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event as the journal holds it: `seq` counts from 1 within a run, `epoch` counts its kernels from 1, `at` is UTC."""

    seq: int
    epoch: int
    at: datetime
    event: Event


def encode(event: Event | Input | ErrorInfo) -> dict[str, Any]:
    """The event's fields as JSON values, those equal to their default left out."""
    found: dict[str, Any] = {}
    for name, default in _DEFAULTS[type(event)]:
        value = getattr(event, name)
        if default is MISSING or value != default:
            found[name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    match value:
        case Input() | ErrorInfo():
            return encode(value)
        case tuple() if value and isinstance(value[0], Input):
            return [encode(each) for each in value]
        case _:
            return value


_DEFAULTS: Final[Mapping[type, tuple[tuple[str, Any], ...]]] = {
    cls: tuple((f.name, f.default) for f in fields(cls)) for cls in (*KINDS.values(), Input, ErrorInfo)
}
