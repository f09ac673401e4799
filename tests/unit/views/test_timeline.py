"""The run along the time: to scale, with long silences cut short, and the deaths of kernels."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given

from durnb.views import Timeline, timeline
from unit.engine.run_story import BEGIN, Story, stories


def drawn(story: Story) -> Timeline:
    return timeline(story.history, list(story.history.steps), story.now)


@given(stories())
def test_every_attempt_has_its_bar_and_the_axis_runs_from_0_to_1_without_a_gap(story: Story) -> None:
    line = drawn(story)
    attempts = sum(len(e.attempts) for step in story.history.steps.values() for e in step.executions)
    assert len(line.bars) == attempts
    assert len(line.lives) == story.history.epoch
    assert sum(life.how == "alive" for life in line.lives) == story.history.attached
    if line.pieces:
        assert line.pieces[0].left == 0
        assert abs(line.pieces[-1].right - 1) < 1e-9
        for before, after in zip(line.pieces, line.pieces[1:], strict=False):
            assert (before.right, before.ended) == (after.left, after.began)
    places = [line.at(bar.began) for bar in sorted(line.bars, key=lambda bar: bar.began)]
    assert places == sorted(places)
    assert all(0 <= line.at(bar.began) <= line.at(bar.ended) <= 1 + 1e-9 for bar in line.bars)


def test_what_ran_three_times_as_long_is_three_times_as_wide() -> None:
    story = Story()
    story.starts("a")
    story.skip(timedelta(seconds=2))
    story.succeeds("a")
    story.starts("b")
    story.fails("b")
    line = drawn(story)
    widths = [line.at(bar.ended) - line.at(bar.began) for bar in line.bars]
    lengths = [(bar.ended - bar.began).total_seconds() for bar in line.bars]
    assert lengths[0] == 3 * lengths[1]
    assert abs(widths[0] - 3 * widths[1]) < 1e-9


def test_a_night_without_a_kernel_is_cut_short_and_named() -> None:
    story = Story()
    story.starts("a")
    story.skip(timedelta(hours=8))
    story.dies()
    story.resumes("a")
    story.succeeds("a")
    line = drawn(story)
    (silence,) = [piece for piece in line.pieces if piece.silence]
    assert silence.silence == "no kernel"
    assert silence.right - silence.left < 0.1
    assert line.silence_after(line.bars[0].ended) == silence
    assert [life.how for life in line.lives] == ["died", "alive"]


def test_a_kernel_that_waits_is_idle_and_one_that_left_did_not_die() -> None:
    story = Story()
    story.starts("a")
    story.succeeds("a")
    story.skip(timedelta(hours=1))
    story.starts("b")
    story.succeeds("b")
    story.detaches()
    line = drawn(story)
    assert [piece.silence for piece in line.pieces] == [None, "idle", None]
    assert [life.how for life in line.lives] == ["left"]


def test_a_run_in_which_nothing_ran_has_no_axis() -> None:
    line = drawn(Story())
    assert (line.pieces, line.bars, line.at(BEGIN)) == ((), (), 1.0)
