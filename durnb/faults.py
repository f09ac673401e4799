"""Named points at which a test can have the process killed or an error raised.

``DURNB_FAULTS="after-pack=kill"`` kills the process by SIGKILL when it reaches that point; ``after-pack:train=kill@2`` only for step ``train``, the
second time; ``=enospc`` raises the disk-full error there. Without the variable a point costs one look at an empty tuple.
"""

from __future__ import annotations

import errno
import os
import signal
from dataclasses import field
from typing import Final, Literal, get_args

from durnb.errors import UsageError
from durnb.records import dataclass

Point = Literal[
    "step-started",  # StepStarted is committed, the body has not begun
    "body-ended",  # the body ended, nothing is saved
    "after-pack",  # the pack is fsynced, the transaction has not begun
    "before-commit",  # the transaction is filled, not committed
    "after-commit",  # the transaction is committed, nobody was told
    "call-started",  # a call with once= is recorded as started, and has not begun
    "call-returned",  # a call returned, nothing of it is recorded
    "call-recorded",  # its result is committed, nobody was told
    "wait-started",  # a wait is recorded, and has not begun
    "loop-saved",  # a loop's point is committed, the next item has not begun
    "checkpoints-dropped",  # a collection recorded what it drops, the run's list still has its packs
    "run-relisted",  # the run lists fewer packs, all of them are there
    "pack-rewritten",  # what is needed of a pack was written anew, the run does not list the new one yet
    "packs-hidden",  # packs that no run lists have lost their name, none is unlinked
    "pack-unlinked",  # one is unlinked, others are left
    "run-verified",  # a run that is to be deleted is over, nothing of it is deleted
    "run-unlinked",  # its journal is gone, its list of packs and its lock are there
    "run-unlisted",  # its list is gone, its lock is there
]
POINTS: Final[tuple[str, ...]] = get_args(Point)


@dataclass(slots=True)
class _Fault:
    point: str
    step: str | None
    effect: str
    at: int
    seen: int = field(default=0)


def _parse(text: str) -> tuple[_Fault, ...]:
    faults: list[_Fault] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        where, _, effect = part.partition("=")
        point, _, step = where.partition(":")
        effect, _, count = effect.partition("@")
        if point not in POINTS or effect not in ("kill", "enospc") or not (count == "" or (count.isdecimal() and int(count))):
            raise UsageError(f"DURNB_FAULTS: {part!r} is not POINT[:STEP]=kill|enospc[@N] with a point of {', '.join(POINTS)}")
        faults.append(_Fault(point, step or None, effect, int(count or 1)))
    return tuple(faults)


_armed = _parse(os.environ.get("DURNB_FAULTS", ""))


def point(name: Point, step: str | None = None) -> None:
    """Pass the named point; an armed fault strikes here."""
    for fault in _armed:
        if fault.point == name and fault.step in (None, step):
            fault.seen += 1
            if fault.seen == fault.at:
                _strike(fault.effect)


def _strike(effect: str) -> None:
    if effect == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
