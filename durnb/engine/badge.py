"""What a cell's badge says, as facts; the front end's package renders them."""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import Final, Literal

from durnb.records import dataclass

BadgeState = Literal["running", "saving", "succeeded", "reused", "failed", "asking", "refused", "waiting", "disabled"]


_SHORT: Final = 120  # characters of a question


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """The facts of one durable cell's badge.

    `ran_at` (aware) is when the body ran, for `ran` seconds; `save` seconds and `size` bytes are those of the checkpoint. `reason` is why the step
    runs, failed or waits, in one phrase; `commands` are what a person can type; `notes` are lost names, untracked inputs and the like.
    While something lasts, `since` (aware) is when it began, and `until` when the next attempt is made; `live`: its reason tells how far the body is.
    """

    step: str
    state: BadgeState
    ran_at: datetime | None = None
    ran: float | None = None
    save: float | None = None
    size: int | None = None
    attempt: int = 1
    reason: str = ""
    commands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    live: bool = False


def shortened(why: str) -> str:
    """A question in a few words: up to its mark, without what explains the answers."""
    asked, mark, _ = why.partition("?")
    return textwrap.shorten(asked + mark, _SHORT, placeholder=" …")


def question_in(step: str, message: str) -> tuple[str, tuple[str, ...]]:
    """What a recorded StepAsks message asks, and the commands that answer it."""
    why, _, commands = message.removeprefix(f"step {step!r} asks: ").partition(" Answer with ")
    return why.removesuffix("."), tuple(commands.split(" or ")) if commands else ()


def asking(step: str, why: str, commands: tuple[str, ...], *, attempt: int = 1, notes: tuple[str, ...] = ()) -> Badge:
    """A step asks: the badge says what in a few words, and how to answer; the error below it says all."""
    return Badge(step=step, state="asking", attempt=attempt, reason=shortened(why), commands=commands, notes=notes)
