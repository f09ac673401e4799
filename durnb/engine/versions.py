"""Versions of names: who made what a name holds, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

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
    """

    version: Version
    value: object = None
    digest: str = ""
    gone: bool = False
    touched: tuple[str, ...] = ()
    unstable: bool = False


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


def renamed(version: Version, old: str, new: str) -> Version:
    match version:
        case Durable(step, number) if step == old:
            return Durable(new, number)
        case Tried(step, execution, attempt) if step == old:
            return Tried(new, execution, attempt)
        case _:
            return version
