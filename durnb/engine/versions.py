"""Versions of names: who made what a name holds, and what is known of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final, Literal

from durnb.records import dataclass

if TYPE_CHECKING:  # see `durnb.engine.remaking`
    from durnb.snapshot import AmbientState


@dataclass(frozen=True, slots=True)
class Durable:
    """Made by a finished step: its name, and its checkpoint's number."""

    step: str
    checkpoint: int


@dataclass(frozen=True, slots=True)
class Tried:
    """Left behind by an attempt that did not finish."""

    step: str
    execution: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Plain:
    """Made by a plain cell, or by nobody that durnb knows."""


PLAIN: Final = Plain()
Version = Durable | Tried | Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A name of the namespace. `gone`: the version is an absence (a step deleted it). `digest` is the recorded one of a durable version.

    `touched` are the plain cells (their sources) that changed the value in place since; `unstable` says that its probe changes by itself.
    `beneath` are the versions that steps of this kernel's line wrote over, the oldest first; a plain one also for a change in place.
    """

    version: Version
    value: object = None
    digest: str = ""
    gone: bool = False
    touched: tuple[str, ...] = ()
    unstable: bool = False
    beneath: tuple[Version, ...] = ()

    def covered_by(self, version: Version) -> tuple[Version, ...]:
        """What lies beneath once `version` is written over this; a step that writes again takes away what it and those after it wrote."""
        if self.gone:
            return ()
        step = getattr(version, "step", None)
        stack = (*self.beneath, self.version, *((PLAIN,) if self.touched else ()))
        again = (at for at, one in enumerate(stack) if step is not None and getattr(one, "step", None) == step)
        return stack[: next(again, len(stack))]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAmbient:
    """An ambient component. `derived` is "set" where its value follows from one that code set; `touched`: a plain cell drew from it since.

    `tick` is when a plain cell set it, by the session's count of cells.
    """

    version: Version
    derived: Literal["set", "born"]
    state: AmbientState | None
    touched: bool = False
    tick: int = 0


def is_of(line: Collection[tuple[str, int]], version: Version) -> bool:
    """Whether a step at the end of `line` can read the version: it is not what a step below it left in this kernel."""
    return not isinstance(version, Durable) or (version.step, version.checkpoint) in line


def renamed(version: Version, old: str, new: str) -> Version:
    match version:
        case Durable(step, number) if step == old:
            return Durable(new, number)
        case Tried(step, execution, attempt) if step == old:
            return Tried(new, execution, attempt)
        case _:
            return version
