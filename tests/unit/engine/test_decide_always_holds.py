"""What holds of every decision, whatever happened before."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from durnb.engine.decide import Ask, Execute, Missing, Question, Refuse, Reuse, changes, decide
from durnb.events import StepRerunRequested, StepSucceeded
from durnb.steps import StepHistory
from unit.engine.run_story import Story, some_inputs, stories

one_step = stories(steps=["train"], max_size=14, renames=False)


@st.composite
def questions(draw: st.DrawFn, story: Story, **fixed: Any) -> Question:
    """A question about the step; half of them as an execution of it saw its code and inputs."""
    step = story.history.steps.get("train")
    code, inputs = draw(st.sampled_from(["A", "B"])), draw(some_inputs)
    if step is not None and step.executions and draw(st.booleans()):
        like = draw(st.sampled_from(step.executions))
        code, inputs = like.code, like.inputs
    options: dict[str, Any] = {
        "once": draw(st.booleans()),
        "always": draw(st.booleans()),
        "on_change": draw(st.sampled_from(["rerun", "keep", "ask"])),
        "missing": draw(st.sampled_from([(), (), (Missing(name="df", maker="load"),), (Missing(name="a", maker="load", lost="a.x"),)])),
        "unknown": draw(st.sampled_from([(), (), ("a",)])),
        "apart": draw(st.sampled_from([(), (), (("a", "df"),)])),
        "expires": draw(st.sampled_from([None, None, timedelta(seconds=3)])),
        "max_crashes": draw(st.integers(1, 3)),
    }
    return Question(step="train", code=code, inputs=inputs, now=story.now, **{**options, **fixed})


def _past(story: Story) -> StepHistory | None:
    return story.history.steps.get("train")


def _rerun_is_open(story: Story) -> bool:
    """Whether a rerun was asked for that has not succeeded since."""
    ended = {StepRerunRequested: True, StepSucceeded: False}
    return next((ended[type(r.event)] for r in reversed(story.events) if type(r.event) in ended), False)


@given(one_step, st.data())
def test_deciding_changes_nothing_and_says_the_same_twice(story: Story, data: st.DataObject) -> None:
    before, q = copy.deepcopy(story.history), data.draw(questions(story))
    assert decide(_past(story), q) == decide(_past(story), q)
    assert story.history == before


@given(one_step, st.data())
def test_every_decision_says_why_and_every_question_how_to_answer(story: Story, data: st.DataObject) -> None:
    match decide(_past(story), data.draw(questions(story))):
        case Reuse(reason=said) | Execute(reason=said) | Refuse(why=said):
            assert said
        case Ask(why=why, commands=commands):
            assert why
            assert "\n" not in why
            assert commands
            assert all(command.startswith("%durable ") for command in commands)


@given(one_step, st.data())
def test_a_once_step_that_started_and_did_not_finish_is_executed_only_when_a_person_says_so(story: Story, data: st.DataObject) -> None:
    step = _past(story)
    assume(step is not None and step.executions)
    assert step is not None
    last = step.executions[-1]
    assume(last.checkpoint is None)
    # asked for after the attempt, that is: the attempt is of an earlier generation
    asked = step.answer == "retry" or (step.rerun and last.generation < step.generation)
    decision = decide(step, data.draw(questions(story, once=True)))
    assert asked or not isinstance(decision, Execute)


@given(one_step, st.data())
def test_a_finished_once_step_is_never_executed_unasked(story: Story, data: st.DataObject) -> None:
    step = _past(story)
    assume(step is not None and step.executions)
    assert step is not None
    assume(step.executions[-1].checkpoint is not None and not _rerun_is_open(story) and step.answer is None)
    assert isinstance(decide(step, data.draw(questions(story, once=True))), Reuse)


@given(one_step, st.data())
def test_a_checkpoint_with_the_same_code_and_inputs_is_reused_where_nobody_asked_for_more(story: Story, data: st.DataObject) -> None:
    step = _past(story)
    assume(step is not None and step.checkpoints)
    assert step is not None
    assume(not _rerun_is_open(story) and step.answer is None)
    held = data.draw(st.sampled_from([step.checkpoints[n] for n in sorted(step.checkpoints)]))
    q = data.draw(questions(story, once=False, always=False, expires=None))
    decision = decide(
        step,
        Question(step="train", code=held.code, inputs=held.inputs, now=q.now, missing=q.missing, unknown=q.unknown, beside=held.beside),
    )
    assert isinstance(decision, Reuse)
    assert decision.checkpoint is not None
    served = step.checkpoints[decision.checkpoint]
    assert held.code in {served.code, *(code for code, _ in served.kept)}  # a person may have had an earlier one kept for this code
    assert not decision.stale


@given(one_step, st.data())
def test_what_is_reused_was_committed(story: Story, data: st.DataObject) -> None:
    step = _past(story)
    decision = decide(step, data.draw(questions(story)))
    if isinstance(decision, Reuse):
        assert step is not None
        if decision.checkpoint is None:
            assert step.answer == "done"
        else:
            assert decision.checkpoint in step.checkpoints


@given(one_step, st.data())
def test_a_reuse_that_is_not_fresh_says_so_or_was_answered(story: Story, data: st.DataObject) -> None:
    step, q = _past(story), data.draw(questions(story))
    decision = decide(step, q)
    if isinstance(decision, Reuse) and decision.checkpoint is not None:
        assert step is not None
        fresh = not changes(step.checkpoints[decision.checkpoint], q)
        assert fresh or decision.stale or step.answer == "keep"


@given(one_step, st.data())
def test_nothing_is_executed_while_a_name_is_missing(story: Story, data: st.DataObject) -> None:
    q = data.draw(questions(story, missing=(Missing(name="df", maker="load"),)))
    assert not isinstance(decide(_past(story), q), Execute)


@given(one_step, st.data())
def test_an_execution_goes_on_only_with_the_same_code_in_the_same_generation(story: Story, data: st.DataObject) -> None:
    step, q = _past(story), data.draw(questions(story))
    decision = decide(step, q)
    if isinstance(decision, Execute) and decision.resume:
        assert step is not None
        last = step.executions[-1]
        assert last.checkpoint is None
        assert (last.code, last.generation) == (q.code, step.generation)
        assert last.last.status == "crashed" or last.last.retry_in is not None


@given(one_step, st.data())
def test_an_abort_holds_whatever_is_asked(story: Story, data: st.DataObject) -> None:
    step = _past(story)
    assume(step is not None and step.executions)
    story.resolves("train", "abort")
    assert isinstance(decide(step, data.draw(questions(story))), Refuse)
