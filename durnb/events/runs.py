"""Facts of a whole run and its kernels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar, Literal

from durnb.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The run's first event. `store` is the id of the store (notebook.json), bound into every signature."""

    kind: ClassVar = "run_started"
    run: str
    notebook: str
    store: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelAttached:
    """A process took the lease; a new epoch begins with it."""

    kind: ClassVar = "kernel_attached"
    pid: int
    host: str
    python: str
    durnb: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelDetached:
    """The owner gave the run up in good order: `why` is exit, takeover, new or finish."""

    kind: ClassVar = "kernel_detached"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The run is over: by the runner, by ``%durable finish``, or since the next was begun and all its steps were finished."""

    kind: ClassVar = "run_finished"
    status: Literal["finished", "failed"] = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAbandoned:
    """The run is over because another was begun in its place."""

    kind: ClassVar = "run_abandoned"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPaused:
    """A person paused the run: no step of it starts until RunResumed."""

    kind: ClassVar = "run_paused"
    request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResumed:
    """A person let a paused run go on."""

    kind: ClassVar = "run_resumed"
    request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCancelled:
    """A person ended the run before its last step; it is never gone on with."""

    kind: ClassVar = "run_cancelled"
    request: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSuspended:
    """The step that runs does nothing but wait, so its kernel is ended, as if it had been killed; the next one goes on.

    It waits until `until` (UTC, ISO 8601; None where no time ends it) or for one of `signals`.
    """

    kind: ClassVar = "run_suspended"
    step: str
    until: str | None
    signals: tuple[str, ...] = ()
