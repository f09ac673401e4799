"""How far a map is, as facts: what is done, how quickly, and how long the rest takes at that rate. Pure."""

from __future__ import annotations

from typing import Final

from durnb.records import dataclass

_WIDTH: Final = 20  # characters of the bar
_LATE: Final = 30.0  # seconds, at least, over which a rate is taken: it neither jumps nor remembers the first minute for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A map as it stands after `spent` seconds; `total` is None where it is not known. Restored and failed items are among those done.

    `rate` is how many items are made in a second, of late; None before the first.
    """

    name: str
    total: int | None
    done: int
    restored: int
    failed: int
    spent: float
    rate: float | None

    @property
    def remaining(self) -> float | None:
        """Seconds until the end at this rate; None where that can't be told."""
        if self.total is None or not self.rate or self.done > self.total:
            return None
        return (self.total - self.done) / self.rate

    def __str__(self) -> str:
        """``fetch:  37%|#######.............| 37/100 [00:12<00:20, 3.1/s, 5 restored, 1 failed]``, in the manner of tqdm."""
        counts = [f"{count} {what}" for count, what in ((self.restored, "restored"), (self.failed, "failed")) if count]
        more = ", ".join([_pace(self.rate), *counts])
        if not self.total or self.done > self.total:  # what gives a hint of its length may be wrong
            return f"{self.name}: {self.done} [{_clock(self.spent)}, {more}]"
        part = self.done / self.total
        bar = "#" * int(part * _WIDTH)
        left = _clock(self.remaining) if self.remaining is not None else "?"
        return f"{self.name}: {int(part * 100):3d}%|{bar:.<{_WIDTH}}| {self.done}/{self.total} [{_clock(self.spent)}<{left}, {more}]"


class Pace:
    """The rate of late, from how many items were made after how many seconds."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, int]] = [(0.0, 0)]

    def rate(self, spent: float, made: int) -> float | None:
        """Items a second over the last quarter of the time, or half a minute where that is more; times never go back."""
        window = max(_LATE, spent / 4)
        if spent - self._seen[-1][0] >= window / 60:  # some sixty looks tell enough
            self._seen.append((spent, made))
        while len(self._seen) > 2 and self._seen[1][0] <= spent - window:
            del self._seen[0]
        began, before = self._seen[0]
        return (made - before) / (spent - began) if made and spent > began else None


def _pace(rate: float | None) -> str:
    """``3.1/s``, or ``12 s each`` for what takes longer than a second."""
    if rate is None:
        return "?/s"
    if rate >= 1 or rate == 0:
        return f"{rate:.1f}/s" if rate < 100 else f"{rate:.0f}/s"
    return f"{1 / rate:.1f} s each"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
