"""One try of an execution."""

from __future__ import annotations

from datetime import datetime

from durnb.events import ErrorInfo
from durnb.records import dataclass
from durnb.steps import AttemptStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptView:
    """`kernel` counts the kernels of the run from 1; `ran` is in seconds. An attempt that died with its kernel has neither `ended` nor `ran`."""

    number: int
    kernel: int
    status: AttemptStatus
    started: datetime
    ended: datetime | None
    ran: float | None
    error: ErrorInfo | None
