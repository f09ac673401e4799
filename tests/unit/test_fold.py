"""The fold: what holds in every run, and what single events mean."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from durnb.events import (
    CheckpointSaved,
    CheckpointsDropped,
    CheckpointTrusted,
    Input,
    KernelAttached,
    KernelDetached,
    Recorded,
    RunAbandoned,
    RunCancelled,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    RunSuspended,
)
from durnb.fold import History, fold
from durnb.steps import Attempt, StepHistory
from unit.engine.run_story import Story, made, reads, stories
from unit.journal.journal_samples import failed, started


def _attempts(history: History) -> list[Attempt]:
    return [a for step in history.steps.values() for e in step.executions for a in e.attempts]


def _states(story: Story) -> Iterator[History]:
    """The one state, after each event."""
    history = History()
    for recorded in story.events:
        history.apply(recorded)
        yield history


@given(stories(), st.data())
def test_the_fold_of_a_beginning_and_then_of_the_rest_is_the_fold_of_all(story: Story, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(story.events)))
    history = fold(story.events[:cut])
    for recorded in story.events[cut:]:
        history.apply(recorded)
    assert history == fold(story.events) == story.history


@given(stories())
def test_nothing_runs_in_a_kernel_that_has_just_attached(story: Story) -> None:
    for recorded, state in zip(story.events, _states(story), strict=True):
        if isinstance(recorded.event, KernelAttached):
            assert all(attempt.status != "running" for attempt in _attempts(state))


@given(stories())
def test_an_attempt_crashes_only_with_its_kernel_and_what_ended_keeps_its_end(story: Story) -> None:
    before: dict[tuple[str, int, int], str] = {}
    for recorded, state in zip(story.events, _states(story), strict=True):
        now = {(s.name.split("~")[0], e.number, a.number): a.status for s in state.steps.values() for e in s.executions for a in e.attempts}
        for key, status in now.items():
            was = before.get(key, "running")
            if was == "running" and status == "crashed":
                assert isinstance(recorded.event, KernelAttached)
            # a person may take an interrupted attempt as done; nothing else changes an end
            assert was in ("running", status) or status == "succeeded"
        before = now


@given(stories())
def test_the_current_checkpoint_is_one_of_the_steps_own(story: Story) -> None:
    for state in _states(story):
        for name, step in state.steps.items():
            assert step.name == name
            assert step.current is None or step.current in step.checkpoints
            assert all(number == c.number and c.step == name for number, c in step.checkpoints.items())


@given(stories())
def test_a_committed_step_stays_committed(story: Story) -> None:
    committed: dict[str, set[int]] = {}
    for state in _states(story):
        for step in state.steps.values():
            known = committed.setdefault(step.name.split("~")[0], set())
            assert known <= step.checkpoints.keys() | step.dropped.keys()  # retention may have let go of old ones
            assert not known or step.checkpoint is not None
            known.update(step.checkpoints)


@given(stories())
def test_an_execution_is_finished_exactly_where_its_last_attempt_succeeded(story: Story) -> None:
    for step in story.history.steps.values():
        for execution in step.executions:
            assert (execution.checkpoint is not None) == (execution.last.status == "succeeded")
            made = {**step.checkpoints, **step.dropped}
            assert execution.checkpoint is None or made[execution.checkpoint].execution == execution.number


@given(stories())
def test_executions_and_attempts_are_counted_from_one(story: Story) -> None:
    for step in story.history.steps.values():
        assert [e.number for e in step.executions] == list(range(1, len(step.executions) + 1))
        for execution in step.executions:
            assert [a.number for a in execution.attempts] == list(range(1, len(execution.attempts) + 1))


@given(stories())
def test_the_line_is_of_steps_and_checkpoints_that_there_are(story: Story) -> None:
    for state in _states(story):
        assert len({name for name, _ in state.line}) == len(state.line)
        assert all(number in state.steps[name].checkpoints for name, number in state.line)


@given(stories())
def test_an_epoch_is_one_more_for_each_kernel(story: Story) -> None:
    assert story.history.epoch == sum(isinstance(r.event, KernelAttached) for r in story.events)


@given(stories())
def test_folding_leaves_the_events_as_they_are(story: Story) -> None:
    before = copy.deepcopy(story.events)
    fold(story.events)
    assert story.events == before


@given(stories(), st.sampled_from([-1, 1, 2, 7]))
def test_an_event_out_of_sequence_is_refused_and_changes_nothing(story: Story, off: int) -> None:
    before = copy.deepcopy(story.history)
    late = Recorded(seq=story.history.seq + 1 + off, epoch=9, at=story.now, event=RunFinished())
    with pytest.raises(ValueError, match="does not follow"):
        story.history.apply(late)
    assert story.history == before


def _nameless(step: StepHistory) -> tuple[object, ...]:
    """All that a step holds, but for the names of steps: its own, and those on lines and of makers."""
    checkpoints = [
        replace(
            c, step="", line=(), inputs=_nameless_inputs(c.inputs), kept=tuple((code, _nameless_inputs(inputs)) for code, inputs in c.kept)
        )
        for c in (*step.checkpoints.values(), *step.dropped.values())
    ]
    executions = [replace(e, line=(), inputs=_nameless_inputs(e.inputs)) for e in step.executions]
    rest = [getattr(step, f.name) for f in fields(step) if f.name not in ("name", "checkpoints", "dropped", "executions")]
    return checkpoints, executions, rest


def _nameless_inputs(inputs: tuple[Input, ...]) -> tuple[Input, ...]:
    return tuple(replace(i, maker=None) for i in inputs)


@given(stories(renames=False), st.data())
def test_a_rename_keeps_everything_but_the_name(story: Story, data: st.DataObject) -> None:
    assume(story.history.steps)
    old = data.draw(st.sampled_from(sorted(story.history.steps)))
    before = copy.deepcopy(story.history)
    story.renames(old, "renamed")
    assert story.history.steps.keys() == {"renamed" if name == old else name for name in before.steps}
    for name, step in before.steps.items():
        assert _nameless(story.history.steps["renamed" if name == old else name]) == _nameless(step)
    assert story.history.line == tuple(("renamed" if name == old else name, number) for name, number in before.line)


# ---- single events


def test_a_run_begins_with_its_name_notebook_store_and_parameters() -> None:
    story = Story()
    begun = RunStarted(run="day=1.1", notebook="etl.ipynb", store="s", parameters={"day": 1})
    history = fold([Recorded(seq=1, epoch=0, at=story.now, event=begun)])
    assert (history.run, history.notebook, history.store, history.parameters) == ("day=1.1", "etl.ipynb", "s", {"day": 1})
    assert (history.status, history.started, history.attached) == ("open", story.now, False)


def test_a_step_that_succeeded_has_a_checkpoint_by_the_number_of_the_event() -> None:
    story = Story()
    number = story.runs("load", "A", [reads("path")], ran=3.5)
    step = story.step("load")
    assert (step.current, step.status, number) == (number, "succeeded", len(story.events))
    assert step.checkpoint is not None
    assert (step.checkpoint.code, step.checkpoint.inputs, step.checkpoint.ran) == ("A", (reads("path"),), 3.5)


def test_randomness_that_was_not_drawn_is_no_input_of_the_checkpoint() -> None:
    story = Story()
    story.runs("load", inputs=[reads("path"), reads("@random", kind="ambient")], dropped=("@random",))
    checkpoint = story.step("load").checkpoint
    assert checkpoint is not None
    assert [i.name for i in checkpoint.inputs] == ["path"]


def test_attempts_of_one_execution_are_counted_together() -> None:
    story = Story()
    story.crashes("load", 2)
    story.resumes("load")
    story.fails("load", retry_in=2.0)
    story.resumes("load")
    story.succeeds("load")
    execution = story.last("load")
    assert [a.status for a in execution.attempts] == ["crashed", "crashed", "exception", "succeeded"]
    assert (execution.crashes, len(story.step("load").executions)) == (2, 1)


def test_a_crashed_attempt_has_no_end_and_no_length() -> None:
    story = Story()
    story.crashes("load", 1)
    attempt = story.last("load").last
    assert (attempt.status, attempt.ended, attempt.ran) == ("crashed", None, None)


def test_an_attempt_whose_commit_failed_is_crashed_in_the_next_kernel_though_the_step_was_started_again() -> None:
    story = Story()
    story.starts("load")
    story.starts("load")
    story.dies()
    assert [a.status for a in _attempts(story.history)] == ["crashed", "crashed"]


def test_a_failed_attempt_keeps_its_error_its_wait_and_its_length() -> None:
    story = Story()
    story.starts("load")
    story.fails("load", how="timeout", message="too long", retry_in=4.0)
    attempt = story.last("load").last
    assert (attempt.status, attempt.retry_in, attempt.ran) == ("timeout", 4.0, 1.0)
    assert attempt.error is not None
    assert attempt.error.message == "too long"


def test_a_failure_leaves_the_checkpoint_that_was() -> None:
    story = Story()
    number = story.runs("load", "A")
    story.starts("load", "B")
    story.fails("load")
    assert story.step("load").current == number


def test_a_reuse_makes_an_earlier_checkpoint_the_current_one() -> None:
    story = Story()
    first, second = story.runs("load", "A"), story.runs("load", "B")
    assert story.step("load").current == second
    story.reuses("load", first)
    assert story.step("load").current == first
    assert story.history.line == (("load", first),)


def test_a_checkpoint_that_was_kept_though_stale_serves_the_new_code_and_inputs_too() -> None:
    story = Story()
    number = story.runs("load", "A", [reads("path", "1")])
    story.reuses("load", number, "B", [reads("path", "2")])
    checkpoint = story.step("load").checkpoint
    assert checkpoint is not None
    assert (checkpoint.code, checkpoint.inputs) == ("A", (reads("path", "1"),))
    assert checkpoint.kept == (("B", (reads("path", "2"),)),)


def test_saving_again_replaces_what_is_stored_and_nothing_else() -> None:
    story = Story()
    number = story.runs("load", "A", bound={"df": "1"})
    before = story.step("load").checkpoints[number]
    story.tell(CheckpointSaved(step="load", checkpoint=number, manifest="m", signature="s2", save=2.0, size=9))
    after = replace(before, manifest="m", signature="s2", save=2.0, size=9, saved=True, written=(number, number + 1))
    assert story.step("load").checkpoints[number] == after


def test_a_dropped_checkpoint_serves_no_more_and_is_remembered() -> None:
    story = Story()
    first, second = story.runs("load", "A", bound={"df": "1"}), story.runs("load", "B")
    story.tell(CheckpointsDropped(step="load", checkpoints=(first,), events=(first, first - 1)))
    step = story.step("load")
    assert (list(step.checkpoints), list(step.dropped), step.current) == ([second], [first], second)
    assert (step.dropped[first].code, step.dropped[first].manifest, step.dropped[first].signature) == ("A", "", "")
    story.renames("load", "read")
    assert story.step("read").dropped[first].step == "read"


def test_bytes_that_were_let_go_of_are_not_looked_for_any_more() -> None:
    story = Story()
    begun = story.tell(replace(started("load"), prestate="m", prestate_signature="s"))
    ended = story.tell(replace(failed("load"), outputs="ab"))
    number = story.runs("load", "B")
    story.tell(CheckpointSaved(step="load", checkpoint=number, manifest="m", signature="s2", save=2.0, size=9))
    story.tell(CheckpointsDropped(step="load", checkpoints=(), events=(begun, ended, number)))
    execution = story.step("load").executions[0]
    assert (execution.prestate, execution.prestate_signature, execution.last.outputs) == ("", "", "")
    assert story.step("load").checkpoints[number].written == (number + 1,)
    assert story.step("load").checkpoints[number].manifest == "m"


def test_a_reuse_is_a_use() -> None:
    story = Story()
    first, second = story.runs("load", "A"), story.runs("load", "B")
    assert [story.step("load").checkpoints[number].used for number in (first, second)] == [first, second]
    story.reuses("load", first)
    assert story.step("load").checkpoints[first].used == len(story.events)


def test_trust_replaces_the_signature_alone() -> None:
    story = Story()
    number = story.runs("load")
    before = story.step("load").checkpoints[number]
    story.tell(CheckpointTrusted(step="load", checkpoint=number, signature="ours"))
    assert story.step("load").checkpoints[number] == replace(before, signature="ours")


def test_an_answer_is_acted_upon_by_the_next_start() -> None:
    story = Story()
    story.crashes("pay", 1, once=True)
    story.resolves("pay", "retry")
    assert story.step("pay").answer == "retry"
    story.starts("pay", once=True)
    assert story.step("pay").answer is None


def test_an_answer_is_acted_upon_by_a_reuse() -> None:
    story = Story()
    number = story.runs("pay")
    story.resolves("pay", "keep")
    story.reuses("pay", number)
    assert story.step("pay").answer is None


def test_done_is_acted_upon_once_the_step_is_taken_as_finished() -> None:
    story = Story()
    story.crashes("pay", 1, once=True)
    story.resolves("pay", "done")
    story.succeeds("pay", ran=0.0)
    assert story.step("pay").answer is None


def test_a_rerun_that_was_kept_after_all_is_no_longer_asked_for() -> None:
    story = Story()
    number = story.runs("load")
    story.asks_rerun("load")
    story.resolves("load", "keep")
    story.reuses("load", number)
    assert not story.step("load").rerun


def test_a_rerun_begins_a_generation_and_is_over_when_the_step_has_succeeded() -> None:
    story = Story()
    story.runs("load")
    story.asks_rerun("load", "r1")
    assert (story.step("load").rerun, story.step("load").generation) == (True, 2)
    story.runs("load")
    assert (story.step("load").rerun, story.step("load").generation) == (False, 2)


def test_requests_that_were_applied_are_known_by_their_ids() -> None:
    story = Story()
    story.runs("load")
    story.asks_rerun("load", "r1")
    story.resolves("load", "retry", "r2")
    story.resolves("load", "retry")
    assert story.history.requests == {"r1", "r2"}


def test_an_orderly_end_leaves_the_run_unattached() -> None:
    story = Story()
    story.detaches()
    assert not story.history.attached
    story.attach()
    assert (story.history.attached, story.history.epoch) == (True, 2)


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (RunFinished(), "finished"),
        (RunFinished(status="failed"), "failed"),
        (RunAbandoned(why="older than 12 h"), "abandoned"),
        (RunCancelled(), "cancelled"),
    ],
)
def test_a_run_ends_finished_failed_abandoned_or_cancelled(event: RunFinished | RunAbandoned | RunCancelled, status: str) -> None:
    story = Story()
    story.tell(event)
    assert story.history.status == status


def test_a_run_is_paused_from_one_wish_to_the_next() -> None:
    story = Story()
    story.tell(RunPaused(request="one"))
    assert (story.history.paused, story.history.status) == (True, "open")
    story.attach()
    assert story.history.paused
    story.tell(RunResumed(request="two"))
    assert not story.history.paused
    assert story.history.requests == {"one", "two"}


def test_an_attempt_that_only_waited_when_its_kernel_was_ended_is_no_crash() -> None:
    story = Story()
    story.starts("load")
    story.tell(RunSuspended(step="load", until=None, signals=("approve",)))
    assert not story.history.attached
    story.attach()
    execution = story.history.steps["load"].executions[-1]
    assert (execution.last.status, execution.last.suspended, execution.crashes) == ("crashed", True, 0)
    assert story.history.suspended is not None
    story.resumes("load")
    assert story.history.suspended is None
    story.attach()
    assert execution.crashes == 1


def test_the_time_of_the_last_step_is_not_moved_by_kernels() -> None:
    story = Story()
    story.runs("load")
    at = story.history.last_step_event
    story.tell(KernelDetached(why="exit"))
    story.attach()
    assert story.history.last_step_event == at
    assert story.history.updated == story.now - timedelta(seconds=1)


def test_the_line_is_that_of_the_last_step_with_the_step_at_its_end() -> None:
    story = Story()
    one = story.runs("load")
    two = story.runs("train")
    assert story.history.line == (("load", one), ("train", two))
    three = story.runs("load", "B")
    assert story.history.line == (("load", three),)


def test_a_renamed_step_stands_where_it_stood() -> None:
    story = Story()
    story.runs("load")
    story.runs("train")
    story.renames("load", "fetch")
    assert list(story.history.steps) == ["fetch", "train"]  # in order of first start


def test_after_a_rename_the_other_steps_know_the_maker_of_their_inputs_by_its_new_name() -> None:
    story = Story()
    number = story.runs("load")
    story.runs("train", inputs=[made("df", "load")])
    story.renames("load", "fetch")
    train = story.step("train")
    assert train.checkpoint is not None
    assert (train.checkpoint.inputs[0].maker, train.checkpoint.line) == ("fetch", (("fetch", number),))


def test_the_line_names_steps_that_there_are_though_one_was_renamed_while_another_was_unfinished() -> None:
    story = Story()
    story.runs("load")
    story.crashes("pay", 1, once=True)
    story.renames("load", "fetch")
    story.resolves("pay", "done")
    story.succeeds("pay", ran=0.0)
    assert [name for name, _ in story.history.line] == ["fetch", "pay"]


def test_the_id_of_a_cell_is_kept_where_a_later_start_has_none() -> None:
    story = Story()
    story.runs("load", cell_id="c1")
    story.runs("load", "B")
    assert story.step("load").cell_id == "c1"


def test_a_step_that_was_only_answered_has_not_started() -> None:
    story = Story()
    story.resolves("pay", "retry")
    assert (story.step("pay").status, story.step("pay").last, story.step("pay").checkpoint) == ("new", None, None)


def test_a_start_belongs_to_the_epoch_that_recorded_it() -> None:
    story = Story()
    story.crashes("load", 2)
    assert [a.epoch for a in story.last("load").attempts] == [1, 2]
