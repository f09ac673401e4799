"""The progress of a map as one line of text, in the manner of tqdm, shown in the badge of the cell."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import length_hint
from typing import Final

from durnb.engine.body import Scope

_EVERY: Final = 0.3  # seconds between two changes
_WIDTH: Final = 20


@dataclass(slots=True)
class Bar:
    """Counts what is done; `total` is 0 where it is not known. Only the main thread shows anything."""

    name: str
    total: int
    put: Callable[[str], None]
    done: int = 0
    restored: int = 0
    failed: int = 0
    _began: float = field(default_factory=time.monotonic)
    _next: float = 0.0

    @classmethod
    def of(cls, scope: Scope | None, name: str, items: object) -> Bar:
        try:
            total = length_hint(items)
        except TypeError:
            total = 0
        return cls(name, total, scope.body.show if scope is not None and not scope.call else _nowhere)

    def count(self, *, restored: bool, failed: bool) -> None:
        self.done += 1
        self.restored += restored
        self.failed += failed
        self.show()

    def show(self) -> None:
        """Show where it stands, a few times a second at most."""
        now = time.monotonic()
        if now >= self._next and threading.current_thread() is threading.main_thread():
            self._next = now + _EVERY
            self.put(self.text(now))

    def end(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self.put("")

    def text(self, now: float) -> str:
        """``fetch:  37%|#######             | 37/100 [00:12<00:20, 3.1/s, 5 restored, 1 failed]``"""
        spent = now - self._began
        made = self.done - self.restored
        rate = made / spent if spent > 0 else 0.0
        more = [f"{count} {what}" for count, what in ((self.restored, "restored"), (self.failed, "failed")) if count]
        if not self.total:
            return f"{self.name}: {self.done} [{_clock(spent)}, {', '.join([f'{rate:.1f}/s', *more])}]"
        part = min(1.0, self.done / self.total)
        full = round(part * _WIDTH)
        left = _clock((self.total - self.done) / rate) if rate and self.total >= self.done else "?"
        bar = "#" * full + "." * (_WIDTH - full)
        return f"{self.name}: {part:4.0%}|{bar}| {self.done}/{self.total} [{_clock(spent)}<{left}, {', '.join([f'{rate:.1f}/s', *more])}]"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def _nowhere(text: str) -> None:
    """Where nobody is shown anything."""
