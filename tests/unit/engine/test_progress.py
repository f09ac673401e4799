"""How far a map is: the line, the rate of late, and what remains."""

from __future__ import annotations

from dataclasses import replace

from durnb.engine.progress import Pace, Progress

SOME = Progress(name="fetch", total=100, done=37, restored=5, failed=1, spent=8.0, rate=4.0)


def test_progress_is_told_in_the_manner_of_tqdm() -> None:
    assert str(SOME) == "fetch:  37%|#######.............| 37/100 [00:08<00:15, 4.0/s, 5 restored, 1 failed]"
    assert str(replace(SOME, rate=None, restored=0, failed=0)) == "fetch:  37%|#######.............| 37/100 [00:08<?, ?/s]"
    assert (
        str(replace(SOME, rate=0.25, spent=7260.0))
        == "fetch:  37%|#######.............| 37/100 [2:01:00<04:12, 4.0 s each, 5 restored, 1 failed]"
    )
    assert str(replace(SOME, total=None)) == "fetch: 37 [00:08, 4.0/s, 5 restored, 1 failed]"
    assert str(replace(SOME, done=100, total=100)).startswith("fetch: 100%|####################| 100/100 [00:08<00:00")


def test_a_hint_of_the_length_that_is_too_small_is_not_believed() -> None:
    assert SOME.remaining == 63 / 4.0
    assert replace(SOME, done=101).remaining is None
    assert str(replace(SOME, done=101)).startswith("fetch: 101 [")


def test_the_rate_is_that_of_late() -> None:
    pace = Pace()
    assert pace.rate(0.0, 0) is None
    assert pace.rate(5.0, 0) is None
    assert pace.rate(10.0, 20) == 2.0
    for second in range(11, 600):  # ten a second from here on
        pace.rate(float(second), 20 + 10 * (second - 10))
    late = pace.rate(600.0, 20 + 10 * 590)
    assert late is not None
    assert abs(late - 10.0) < 0.01
    for second in range(601, 1200):  # and then nothing
        pace.rate(float(second), 5920)
    assert pace.rate(1200.0, 5920) == 0.0
