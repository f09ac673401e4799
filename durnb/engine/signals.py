"""Interrupts that have to wait."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_held() -> Iterator[list[int]]:
    """Hold SIGINT back while the block runs, where this is the thread that gets it; the list tells of those that came."""
    struck: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield struck
        return
    previous = signal.signal(signal.SIGINT, lambda number, _frame: struck.append(number))
    try:
        yield struck
    finally:
        signal.signal(signal.SIGINT, previous)
