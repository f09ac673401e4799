"""What lasts is shown again and again, and not once it is over."""

from __future__ import annotations

import threading

import pytest

from durnb_kernel_ext.ticker import Ticker, pause


def test_what_lasts_is_shown_until_it_is_replaced_or_dropped() -> None:
    ticker, shown, other = Ticker(), threading.Event(), threading.Event()
    ticker.watch(shown.set)
    assert shown.wait(30)
    ticker.watch(other.set)
    shown.clear()
    assert other.wait(30)
    assert not shown.is_set()
    ticker.drop()
    other.clear()
    ticker.close()
    assert not other.is_set()


@pytest.mark.parametrize(("elapsed", "seconds"), [(0.0, 1.0), (59.0, 1.0), (61.0, 5.0), (3600.0, 30.0)])
def test_what_lasts_long_is_shown_less_often(elapsed: float, seconds: float) -> None:
    assert pause(elapsed) == seconds
