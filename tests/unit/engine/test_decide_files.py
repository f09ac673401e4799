"""A step that says which files it creates is reused only while they are as it left them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from durnb.engine.decide import MADE, NOT_LOOKED_AT, NOT_MADE, Ask, Decision, Execute, Reuse
from durnb.events import Input, StepReused
from unit.engine.questions import DF, KEEP, LONG, RETRY, decided, words
from unit.engine.run_story import CODE, Story


def file(digest: str, path: str = "a.csv") -> Input:
    return Input(name=f"{MADE}{path}", kind="file", digest=digest)


def finished(ran: float = 1.0) -> tuple[Story, int]:
    story = Story()
    return story, story.runs("train", inputs=[DF], ran=ran)


def with_file(story: Story, number: int, now: str, then: str = "old", **options: Any) -> Decision:
    return decided(story, inputs=(DF,), files=(file(now),), made={number: (file(then),)}, **options)


def test_a_file_that_is_as_it_was_changes_nothing() -> None:
    story, number = finished()
    assert with_file(story, number, "old") == Reuse(checkpoint=number, reason="finished")


@pytest.mark.parametrize(
    ("now", "then", "says"),
    [
        ("new", "old", "its file a.csv was changed since"),
        ("gone", "old", "its file a.csv is gone"),
        ("gone", NOT_MADE, "it left no file a.csv"),
        ("new", NOT_MADE, "it left no file a.csv"),
        ("new", NOT_LOOKED_AT, "its file a.csv was not looked at when it finished"),
    ],
)
def test_a_file_that_is_not_as_it_was_makes_the_step_stale(now: str, then: str, says: str) -> None:
    story, number = finished()
    assert with_file(story, number, now, then) == Execute(reason=says)


def test_an_earlier_checkpoint_whose_file_is_there_serves() -> None:
    story, first = finished()
    second = story.runs("train", inputs=[DF])
    made = {first: (file("first"),), second: (file("second"),)}
    decision = decided(story, inputs=(DF,), files=(file("first"),), made=made)
    assert decision == Reuse(checkpoint=first, reason="an earlier checkpoint fits again")


def test_what_to_do_is_said_by_on_change_as_for_any_reason() -> None:
    story, number = finished()
    asks = with_file(story, number, "new", on_change="ask")
    assert isinstance(asks, Ask)
    assert asks.commands == (RETRY, KEEP)
    kept = with_file(story, number, "new", on_change="keep")
    assert isinstance(kept, Reuse)
    assert kept.stale == "its file a.csv was changed since"


def test_a_long_step_asks_before_it_runs_again_only_for_a_file() -> None:
    story, number = finished(LONG)
    assert isinstance(with_file(story, number, "gone"), Ask)
    edited = decided(story, "other", (DF,), files=(file("gone"),), made={number: (file("old"),)})
    assert isinstance(edited, Execute)


def test_a_once_step_is_not_run_for_a_file_and_says_what_is_wrong() -> None:
    story = Story()
    number = story.runs("train", inputs=[DF], once=True)
    decision = with_file(story, number, "gone", once=True)
    assert isinstance(decision, Reuse)
    assert decision.stale == "its file a.csv is gone"


def keep(story: Story, number: int, inputs: Sequence[Input]) -> None:
    story.tell(StepReused(step="train", checkpoint=number, fingerprint="f", inputs=tuple(inputs), code=CODE))


def test_an_answer_to_keep_it_holds_while_the_file_is_as_it_was_then() -> None:
    story, number = finished()
    keep(story, number, (DF, file("new")))
    assert with_file(story, number, "new") == Reuse(checkpoint=number, reason="finished")
    assert words(with_file(story, number, "newer")) == "its file a.csv was changed since"
    assert with_file(story, number, "old") == Reuse(checkpoint=number, reason="finished")
