"""Whether a kernel is hung, told apart from one that is busy or waits: by every sign of life that can be had from outside."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Final

import psutil

from durnb.records import dataclass

_BUSY: Final = 0.05  # of one core; threads that only wait for the interpreter's lock wake up often, and use less


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What was seen at a moment: `cpu` seconds that the kernel and its children used so far, None where that can't be read; the count of its messages;
    when its journal's status was last written; whether it answered on its control channel since the sign before.
    """

    at: float
    cpu: float | None
    messages: int
    journal: int
    answered: bool


class Vitals:
    """Takes signs in and tells how long there was none of life. `busy`: CPU was used between the last two."""

    def __init__(self) -> None:
        self._last: Sign | None = None
        self._alive_at = 0.0
        self.busy = False

    def take(self, sign: Sign) -> timedelta:
        """How long the kernel has shown no life. Zero where its CPU time can't be read: then it is never taken for hung."""
        last, self._last = self._last, sign
        self.busy = last is not None and _works(last, sign)
        if last is None or sign.cpu is None or last.cpu is None or _shows_life(last, sign):
            self._alive_at = sign.at
        return timedelta(seconds=sign.at - self._alive_at)


def _shows_life(last: Sign, sign: Sign) -> bool:
    if sign.answered or sign.messages != last.messages or sign.journal != last.journal:
        return True
    return _works(last, sign)


def _works(last: Sign, sign: Sign) -> bool:
    if sign.cpu is None or last.cpu is None:
        return False
    return sign.cpu < last.cpu or sign.cpu - last.cpu > _BUSY * (sign.at - last.at)  # less: a child ended


def cpu_of(pid: int | None) -> float | None:
    """The CPU seconds of a process and its living descendants; None where that can't be read."""
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        used: float = times.user + times.system + times.children_user + times.children_system
        for child in process.children(recursive=True):
            with suppress(psutil.Error):  # it ended meanwhile
                spent = child.cpu_times()
                used += spent.user + spent.system
    except psutil.Error:
        return None
    return used
