"""What a durable cell does after attempts that did not finish, and after answers. Each rule of the design's "Decide", by example."""

from __future__ import annotations

from typing import Any

import pytest

from durnb.engine.decide import Ask, Decision, Execute, Refuse, Renamed, Reuse
from durnb.events import Input, RunSuspended
from unit.engine.questions import DF, DONE, LONG, RETRY, decided, words
from unit.engine.run_story import CODE, Story, made, reads

# ---- interrupted, failed, died


def test_a_step_that_died_goes_on_with_its_next_attempt() -> None:
    story = Story()
    story.crashes("train", 2, inputs=[DF])
    assert decided(story, inputs=(DF,)) == Execute(reason="its attempt 2 died with the kernel", resume=True)


@pytest.mark.parametrize(("code", "inputs"), [("B", (DF,)), (CODE, (made("df", "load", "2"),))])
def test_a_step_that_died_and_has_changed_since_begins_a_new_execution(code: str, inputs: tuple[Input, ...]) -> None:
    story = Story()
    story.crashes("train", 1, inputs=[DF])
    decision = decided(story, code, inputs)
    assert isinstance(decision, Execute)
    assert not decision.resume


def test_a_step_whose_kernel_died_while_it_waited_for_its_retry_goes_on_with_that_retry() -> None:
    story = Story()
    story.starts("train")
    story.fails("train", message="503", retry_in=30.0)
    story.dies()
    decision = decided(story)
    assert decision == Execute(reason="its attempt 1 failed: ValueError: 503", resume=True)


@pytest.mark.parametrize("how", ["exception", "timeout", "interrupt"])
def test_a_step_that_failed_for_good_begins_a_new_execution(how: Any) -> None:
    story = Story()
    story.starts("train")
    story.fails("train", how=how)
    decision = decided(story)
    assert isinstance(decision, Execute)
    assert not decision.resume
    assert "attempt 1" in decision.reason


def test_an_attempt_that_asked_did_not_fail() -> None:
    story = Story()
    story.starts("train")
    story.fails("train", type="StepAsks", message="step 'train' asks: did it happen? Answer with %durable resolve train/pay done")
    assert decided(story) == Execute(reason="its attempt 1 asked")


def test_a_failed_attempt_is_no_result_though_it_ran_after_a_rerun() -> None:
    story = Story()
    story.runs("train")
    story.asks_rerun("train")
    story.starts("train")
    story.fails("train")
    assert isinstance(decided(story), Execute)


def test_a_value_from_before_a_failed_attempt_that_was_not_kept_is_asked_for() -> None:
    story = Story()
    story.starts("train", inputs=[reads("acc")])
    story.fails("train")
    decision = decided(story, inputs=(reads("acc"),), unknown=("acc",))
    assert isinstance(decision, Ask)
    assert "`acc`" in decision.why
    assert "run the cells above again" in decision.why
    assert RETRY in decision.commands


def test_a_value_that_a_stale_step_saw_and_that_is_gone_is_asked_for() -> None:
    story = Story()
    story.runs("train", "A", [reads("acc")])
    decision = decided(story, "B", (reads("acc"),), unknown=("acc",))
    assert isinstance(decision, Ask)
    assert "`acc`" in decision.why


# ---- crash loops


@pytest.mark.parametrize(("times", "kind"), [(1, Execute), (2, Execute), (3, Refuse), (4, Refuse)])
def test_a_step_that_killed_its_kernel_three_times_is_refused(times: int, kind: type[Decision]) -> None:
    story = Story()
    story.crashes("train", times, inputs=[DF])
    assert isinstance(decided(story, inputs=(DF,)), kind)


def test_the_refusal_of_a_crash_loop_says_how_often_and_the_way_out() -> None:
    story = Story()
    story.crashes("train", 3)
    assert "3 times" in words(decided(story))
    assert RETRY in words(decided(story))


@pytest.mark.parametrize(("code", "inputs"), [("B", (DF,)), (CODE, (made("df", "load", "2"),))])
def test_a_crash_loop_ends_with_its_fingerprint(code: str, inputs: tuple[Input, ...]) -> None:
    story = Story()
    story.crashes("train", 3, inputs=[DF])
    assert isinstance(decided(story, code, inputs), Execute)


def test_a_crash_loop_ends_when_a_person_says_retry() -> None:
    story = Story()
    story.crashes("train", 3)
    story.resolves("train", "retry")
    assert isinstance(decided(story), Execute)


def test_a_retry_of_a_crash_loop_is_one_try() -> None:
    story = Story()
    story.crashes("train", 3)
    story.resolves("train", "retry")
    story.crashes("train", 1)
    assert isinstance(decided(story), Refuse)


def test_crashes_with_one_fingerprint_are_counted_over_executions() -> None:
    story = Story()
    story.crashes("train", 2, "A")
    story.crashes("train", 1, "B")
    story.crashes("train", 1, "A")
    assert isinstance(decided(story, "A"), Refuse)


def test_the_count_of_crashes_is_a_setting() -> None:
    story = Story()
    story.crashes("train", 1)
    assert isinstance(decided(story, max_crashes=1), Refuse)


def test_failures_that_did_not_kill_the_kernel_are_no_crash_loop() -> None:
    story = Story()
    story.starts("train")
    for _ in range(5):
        story.fails("train", retry_in=1.0)
        story.resumes("train")
    story.dies()
    assert decided(story) == Execute(reason="its attempt 6 died with the kernel", resume=True)


# ---- once


def _unfinished(story: Story, end: str) -> None:
    match end:
        case "crash":
            story.dies()
        case "commit failed":
            pass
        case _:
            story.fails("train", how=end)  # type: ignore[arg-type]


ENDS = ("crash", "exception", "timeout", "interrupt", "commit failed")


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("code", ["A", "B"])
def test_a_once_step_that_did_not_finish_asks(end: str, code: str) -> None:
    story = Story()
    story.starts("train", "A", once=True)
    _unfinished(story, end)
    decision = decided(story, code, once=True)
    assert isinstance(decision, Ask)
    assert {DONE, RETRY} <= set(decision.commands)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("why", ["rerun", "retry"])
def test_a_once_step_that_was_run_again_on_request_and_did_not_finish_asks(end: str, why: str) -> None:
    story = Story()
    story.runs("train", once=True)
    if why == "rerun":
        story.asks_rerun("train")
    else:
        story.resolves("train", "retry")
    story.starts("train", once=True)
    _unfinished(story, end)
    assert isinstance(decided(story, once=True), Ask)


def test_a_question_is_one_line() -> None:
    story = Story()
    story.starts("train", once=True)
    story.fails("train", message="the server said:\n  503\n  try later")
    assert "\n" not in words(decided(story, once=True))


@pytest.mark.parametrize("code", ["A", "B"])
@pytest.mark.parametrize("on_change", ["rerun", "keep", "ask"])
def test_a_once_step_that_finished_is_reused_and_says_where_it_is_stale(code: str, on_change: str) -> None:
    story = Story()
    number = story.runs("train", "A", once=True)
    decision = decided(story, code, once=True, on_change=on_change)
    assert isinstance(decision, Reuse)
    assert decision.checkpoint == number
    assert bool(decision.stale) == (code == "B")


def test_a_once_step_that_finished_is_reused_though_always_is_written_beside_it() -> None:
    story = Story()
    number = story.runs("train", once=True)
    decision = decided(story, once=True, always=True)
    assert isinstance(decision, Reuse)
    assert decision.checkpoint == number


def test_a_once_step_that_finished_runs_again_only_when_a_rerun_is_asked_for() -> None:
    story = Story()
    story.runs("train", once=True)
    story.asks_rerun("train")
    assert isinstance(decided(story, once=True), Execute)


# ---- rerun


def test_a_rerun_executes_a_fresh_step() -> None:
    story = Story()
    story.runs("train")
    story.asks_rerun("train")
    decision = decided(story)
    assert isinstance(decision, Execute)
    assert not decision.resume
    assert "rerun" in decision.reason


def test_a_rerun_is_over_once_it_succeeded() -> None:
    story = Story()
    story.runs("train")
    story.asks_rerun("train")
    number = story.runs("train")
    assert decided(story) == Reuse(checkpoint=number, reason="finished")


def test_a_rerun_does_not_go_on_with_an_attempt_of_the_generation_before() -> None:
    story = Story()
    story.crashes("train", 1)
    story.asks_rerun("train")
    decision = decided(story)
    assert isinstance(decision, Execute)
    assert not decision.resume


def test_a_rerun_that_died_goes_on_with_its_next_attempt() -> None:
    story = Story()
    story.runs("train")
    story.asks_rerun("train")
    story.crashes("train", 1)
    decision = decided(story)
    assert isinstance(decision, Execute)
    assert decision.resume
    assert "died with the kernel" in decision.reason


def test_a_rerun_that_killed_its_kernel_three_times_is_refused() -> None:
    story = Story()
    story.runs("train")
    story.asks_rerun("train")
    story.crashes("train", 3)
    assert isinstance(decided(story), Refuse)


# ---- answers


def test_abort_refuses_until_another_answer() -> None:
    story = Story()
    story.crashes("train", 1, once=True)
    story.resolves("train", "abort")
    assert isinstance(decided(story, once=True), Refuse)
    story.dies()
    assert isinstance(decided(story, once=True), Refuse)
    assert RETRY in words(decided(story, once=True))
    story.resolves("train", "retry")
    assert isinstance(decided(story, once=True), Execute)


def test_abort_refuses_a_finished_step_too() -> None:
    story = Story()
    story.runs("train")
    story.resolves("train", "abort")
    assert isinstance(decided(story), Refuse)


@pytest.mark.parametrize("once", [False, True])
def test_retry_executes_anew(once: bool) -> None:
    story = Story()
    story.crashes("train", 1, once=once)
    story.resolves("train", "retry")
    assert isinstance(decided(story, once=once), Execute)


@pytest.mark.parametrize("once", [False, True])
def test_keep_reuses_the_checkpoint_though_it_is_stale(once: bool) -> None:
    story = Story()
    number = story.runs("train", "A", [reads("n")], ran=LONG, once=once)
    story.resolves("train", "keep")
    decision = decided(story, "B", (reads("n", "2"),), once=once, on_change="ask")
    assert isinstance(decision, Reuse)
    assert decision.checkpoint == number


def test_what_was_kept_counts_as_fresh_from_then_on() -> None:
    story = Story()
    number = story.runs("train", "A", [reads("n")], ran=LONG)
    story.resolves("train", "keep")
    story.reuses("train", number, "A", [reads("n", "2")])
    assert decided(story, "A", (reads("n", "2"),), on_change="ask") == Reuse(checkpoint=number, reason="finished")
    assert isinstance(decided(story, "A", (reads("n", "3"),), on_change="ask"), Ask)


@pytest.mark.parametrize("asked_for", ["rerun", "retry"])
def test_what_was_kept_after_an_unfinished_once_attempt_is_not_asked_for_again(asked_for: str) -> None:
    story = Story()
    number = story.runs("train", once=True)
    if asked_for == "rerun":
        story.asks_rerun("train")
    story.crashes("train", 1, once=True)
    story.resolves("train", "keep")
    story.reuses("train", number)
    decision = decided(story, once=True)
    assert isinstance(decision, Reuse)
    assert decision.checkpoint == number


def test_what_was_kept_instead_of_the_rerun_that_was_asked_for_stays_kept() -> None:
    story = Story()
    number = story.runs("train")
    story.asks_rerun("train")
    story.resolves("train", "keep")
    story.reuses("train", number)
    assert decided(story) == Reuse(checkpoint=number, reason="finished")


def test_keep_without_a_checkpoint_keeps_nothing() -> None:
    story = Story()
    story.crashes("train", 1)
    story.resolves("train", "keep")
    assert isinstance(decided(story), Execute)


def test_done_takes_the_attempt_as_finished_without_a_checkpoint() -> None:
    story = Story()
    story.crashes("train", 1, once=True)
    story.resolves("train", "done")
    decision = decided(story, once=True)
    assert isinstance(decision, Reuse)
    assert decision.checkpoint is None


def test_what_was_taken_as_done_is_reused_like_any_finished_step() -> None:
    story = Story()
    story.crashes("train", 1, once=True)
    story.resolves("train", "done")
    number = story.succeeds("train", ran=0.0)
    decision = decided(story, once=True)
    assert isinstance(decision, Reuse)
    assert decision.checkpoint == number


# ---- renamed


def test_a_new_name_takes_the_checkpoint_of_the_one_step_that_fits() -> None:
    decision = decided(Story(), renamed=Renamed(old="load", checkpoint=7, once=False))
    assert decision == Reuse(checkpoint=7, reason="renamed from load", renamed="load")


def test_a_once_step_under_a_new_name_is_asked_for() -> None:
    decision = decided(Story(), once=True, renamed=Renamed(old="pay", checkpoint=7, once=True))
    assert isinstance(decision, Ask)
    assert "'pay'" in decision.why
    assert "%durable rename pay train" in decision.commands


def test_the_answer_that_a_once_step_is_no_renamed_one_is_heard() -> None:
    story = Story()
    decision = decided(story, once=True, renamed=Renamed(old="pay", checkpoint=7, once=True))
    assert isinstance(decision, Ask)
    assert RETRY in decision.commands
    story.resolves("train", "retry")
    assert isinstance(decided(story, once=True, renamed=Renamed(old="pay", checkpoint=7, once=True)), Execute)


def test_a_step_that_has_run_under_its_name_is_no_renamed_one() -> None:
    story = Story()
    number = story.runs("train")
    assert decided(story, renamed=Renamed(old="load", checkpoint=7, once=False)) == Reuse(checkpoint=number, reason="finished")


def test_a_once_step_that_only_waited_when_its_kernel_was_ended_goes_on_and_does_not_ask() -> None:
    story = Story()
    story.starts("train", once=True)
    story.tell(RunSuspended(step="train", until="2026-11-22T09:00:00+00:00"))
    story.dies()
    decision = decided(story, once=True)
    assert isinstance(decision, Execute)
    assert (decision.resume, decision.reason) == (True, "its attempt 1 waited without a kernel")
    story.resumes("train")
    story.dies()
    assert isinstance(decided(story, once=True), Ask)


def test_a_step_may_be_suspended_any_number_of_times() -> None:
    story = Story()
    story.starts("train")
    for _ in range(5):
        story.tell(RunSuspended(step="train", until=None, signals=("approve",)))
        story.dies()
        assert isinstance(decided(story), Execute)
        story.resumes("train")
