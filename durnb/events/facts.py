"""What events are made of: a thing that a step read, an exception."""

from __future__ import annotations

from typing import Final, Literal

from durnb.records import dataclass

_LINE: Final = 200  # characters of an error in one line
InputKind = Literal["durable", "plain", "opaque", "absent", "ambient", "file", "package"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One thing that a step read, as its place saw it.

    `digest` is the version's recorded digest; `maker` is the step that made a durable one. An input `by_everything` was reached only
    because the cell can read everything (``globals()``, ``exec`` …).
    """

    name: str
    kind: InputKind
    digest: str
    maker: str | None = None
    by_everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorInfo:
    """An exception as it was shown: its class name, message and the traceback's plain text."""

    type: str
    message: str
    traceback: str = ""

    @property
    def line(self) -> str:
        """Class and message in one line, a long one cut between words; a question stays whole, for it ends with the commands that answer it."""
        words = f"{self.type}: {self.message}".partition("\n")[0] if self.message else self.type
        if len(words) <= _LINE or self.type == "StepAsks":
            return words
        kept = words[:_LINE]
        return (kept.rpartition(" ")[0] if " " in kept[_LINE // 2 :] else kept) + " …"
