"""What goes on inside a step: calls, waits and answers, counted and along the time."""

from __future__ import annotations

from datetime import timedelta

from durnb.events import CallFailed, CallSucceeded, ErrorInfo, SignalReceived, WaitStarted
from durnb.views import Timeline, run_page, step_page, timeline
from durnb.views.inside import answers_of, counts_of, failed_calls, recent_calls, waits_of
from durnb.views.lanes import Lanes
from durnb_widgets.answers import wait_html
from durnb_widgets.chart import chart
from durnb_widgets.step import step_html
from unit.engine.run_story import Story


def waiting() -> Story:
    story = Story()
    story.starts("pay")
    story.tell(CallSucceeded(step="pay", execution=1, call="c1", label="fetch(1)", value="1"))
    error = ErrorInfo(type="ValueError", message="no\nmore")
    story.tell(CallFailed(step="pay", execution=1, call="c2", label="fetch(2)", error=error, ran=0.1))
    story.tell(WaitStarted(step="pay", execution=1, call="w1", what="signal", name="<ok>", until="", prompt="<b>?", schema=""))
    return story


def test_calls_are_counted_and_those_that_failed_are_named() -> None:
    step = waiting().step("pay")
    assert str(counts_of(step)) == "1 call done, 1 failed"
    assert [(call.label, call.told) for call in failed_calls(step)] == [("fetch(2)", "ValueError: no")]
    assert [(call.label, call.status) for call in recent_calls(step)] == [("fetch(2)", "failed"), ("fetch(1)", "succeeded")]


def test_what_was_answered_is_told_with_who_and_from_where() -> None:
    story = waiting()
    sent = SignalReceived(request="r1", name="<ok>", value="true", by="ann@laptop", via="the command line")
    story.tell(sent)
    story.tell(CallSucceeded(step="pay", execution=1, call="w1", label="wait_for <ok>", value="true", signal="r1"))
    (answer,) = answers_of(story.step("pay"))
    assert str(answer) == "<ok>: true, by ann@laptop from the command line"
    shown = step_html(step_page(story.step("pay")), story.now)
    assert "true, by ann@laptop from the command line" in shown
    assert "<ok>" not in shown


def test_calls_of_earlier_attempts_and_the_rate_of_this_one_are_told_while_it_runs() -> None:
    story = waiting()
    story.dies()
    story.resumes("pay")
    for n in range(4):
        story.skip(timedelta(seconds=1))
        story.tell(CallSucceeded(step="pay", execution=1, call=f"d{n}", label="fetch", code="f", value="1", ran=1.0))
    counted = counts_of(story.step("pay"), story.now)
    assert (counted.done, counted.before, counted.failed) == (5, 1, 1)
    assert counted.rate is not None
    assert 0.4 < counted.rate < 0.6  # of two seconds each


def test_a_call_that_fails_and_then_succeeds_is_counted_once() -> None:
    story = waiting()
    story.tell(CallSucceeded(step="pay", execution=1, call="c2", label="fetch(2)", value="2"))
    assert str(counts_of(story.step("pay"))) == "2 calls done"
    assert failed_calls(story.step("pay")) == ()


def test_a_wait_stands_on_the_page_of_its_step_and_is_escaped() -> None:
    story = waiting()
    page = run_page(story.history, [], story.now)
    (card,) = page.cards
    assert page.headline.endswith("pay waits for an answer")
    assert card.waits == waits_of(story.step("pay"))
    for live in (True, False):
        shown = wait_html(card.waits[0], "pay", story.now, live=live)
        assert "<b>" not in shown
        assert ("button" in shown) == live
    assert page.only("pay").cards == page.cards
    assert page.only("other").cards == ()


def returns(story: Story, call: str, ran: float = 1.0) -> None:
    story.tell(CallSucceeded(step="pay", execution=1, call=call, label="fetch", code="f", value="1", ran=ran))


def drawn(story: Story, lanes: Lanes | None = None) -> Timeline:
    return timeline(story.history, ["pay"], story.now, lanes)


def test_calls_that_overlap_are_one_stretch_and_a_wait_is_another() -> None:
    story = Story()
    story.starts("pay")
    for n, after in enumerate((5, 0, 0, 20)):  # each event takes a second more
        story.skip(timedelta(seconds=after))
        returns(story, f"c{n}", ran=2.0)
    story.tell(WaitStarted(step="pay", execution=1, call="w", what="sleep"))
    story.skip(timedelta(seconds=5))
    inner = drawn(story).inner
    assert [(one.what, one.count, one.open) for one in inner] == [("calls", 3, False), ("calls", 1, False), ("sleep", 1, True)]
    assert (inner[0].ended - inner[0].began).total_seconds() == 4
    story.tell(CallSucceeded(step="pay", execution=1, call="w", label="sleep 5", value="null"))
    story.skip(timedelta(seconds=60))
    ended = drawn(story).inner[-1]
    assert (ended.what, ended.open) == ("sleep", False)
    assert (ended.ended - ended.began).total_seconds() == 6


def test_the_lanes_of_ten_thousand_calls_are_short_and_read_on_from_where_they_were() -> None:
    story, lanes = Story(), Lanes()
    story.starts("pay")
    for n in range(10_000):
        story.skip(timedelta(seconds=1))
        returns(story, f"c{n}", ran=0.2)
        if n % 1000 == 0:
            drawn(story, lanes)
    line = drawn(story, lanes)
    assert len(line.inner) <= 120
    assert sum(one.count for one in line.inner) == 10_000
    assert all(before.ended < after.began for before, after in zip(line.inner, line.inner[1:], strict=False))
    picture = chart(line, story.now)
    assert len(picture) < 40_000
    assert "calls, " in picture


def test_a_call_that_failed_and_was_made_good_stands_where_each_try_was() -> None:
    story, lanes = Story(), Lanes()
    story.starts("pay")
    story.skip(timedelta(seconds=5))
    error = ErrorInfo(type="ValueError", message="no")
    story.tell(CallFailed(step="pay", execution=1, call="c", label="fetch", error=error, ran=1.0))
    drawn(story, lanes)
    story.skip(timedelta(seconds=60))
    returns(story, "c")
    assert [(one.count, one.failed) for one in drawn(story, lanes).inner] == [(1, 1), (1, 0)]
