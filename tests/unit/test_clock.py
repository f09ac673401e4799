"""The machine's clock."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime, timedelta
from types import FrameType

import pytest

from durnb.clock import SLICE, Clock, SystemClock


def test_now_is_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert before <= now <= datetime.now(UTC)


def test_durations_are_not_measured_by_the_wall_clock() -> None:
    assert time.monotonic() <= SystemClock().monotonic() <= time.monotonic()


@pytest.mark.parametrize("seconds", [0.0, -1.0, 0.05])
def test_a_wait_lasts_as_long_as_was_asked(seconds: float) -> None:
    clock: Clock = SystemClock()
    began = clock.monotonic()
    clock.sleep(seconds)
    assert clock.monotonic() - began >= max(seconds, 0)


def test_an_interrupt_ends_a_wait_at_once() -> None:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            SystemClock().sleep(60)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert time.monotonic() - began < 30


def test_an_interrupt_is_felt_within_a_third_of_a_second() -> None:
    assert SLICE <= 0.3
