"""What a step waits for while it does nothing else: then its kernel is not needed, and may be ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from durnb.events import RunSuspended
from durnb.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A step that does nothing but wait: for signals by `names`, and no longer than `until` (aware; None where no time ends it)."""

    step: str
    until: datetime | None
    names: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"step": self.step, "until": self.until.isoformat() if self.until else None, "names": list(self.names)}

    def event(self) -> RunSuspended:
        """The fact that the run waits without a kernel from here on."""
        return RunSuspended(step=self.step, until=self.until.isoformat() if self.until else None, signals=self.names)
