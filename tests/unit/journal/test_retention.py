"""What is kept: a pure choice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durnb.events import CheckpointSaved, CheckpointsDropped, StepReused
from durnb.fold import History
from durnb.journal import RunName
from durnb.journal.order import Order
from durnb.journal.retention import RunState, State, runs_to_delete, superfluous
from durnb.steps import Checkpoint
from unit.engine.run_story import Story, stories
from unit.journal.journal_samples import failed, started, succeeded

keeps = st.integers(1, 3)


def numbers(dropped: list[CheckpointsDropped]) -> set[int]:
    return {number for each in dropped for number in each.checkpoints}


def events_of(dropped: list[CheckpointsDropped]) -> set[int]:
    return {seq for each in dropped for seq in each.events}


def all_checkpoints(history: History) -> dict[int, Checkpoint]:
    return {number: checkpoint for step in history.steps.values() for number, checkpoint in step.checkpoints.items()}


@given(stories(), keeps)
def test_nothing_goes_that_the_line_an_unfinished_execution_or_a_current_result_needs(story: Story, keep: int) -> None:
    dropped = superfluous(story.history, keep)
    gone, let_go = numbers(dropped), events_of(dropped)
    assert gone.isdisjoint(number for _, number in story.history.line)
    for step in story.history.steps.values():
        assert step.current not in gone
        assert step.last is None or step.last.started_seq not in let_go
        if step.unfinished:
            assert gone.isdisjoint(number for _, number in step.executions[-1].line)
        for number, checkpoint in step.checkpoints.items():
            assert number in gone or checkpoint.written[-1] not in let_go


@given(stories(), keeps)
def test_what_was_used_last_stays_and_what_nobody_needs_goes(story: Story, keep: int) -> None:
    dropped = superfluous(story.history, keep)
    needed = {number for _, number in story.history.line}
    needed |= {n for s in story.history.steps.values() if s.unfinished for _, n in s.executions[-1].line}
    uses: dict[int, int] = {}
    for recorded in story.events:
        if recorded.seq in all_checkpoints(story.history):
            uses[recorded.seq] = recorded.seq
        if isinstance(recorded.event, StepReused):
            uses[recorded.event.checkpoint] = recorded.seq
    for step in story.history.steps.values():
        last = sorted(step.checkpoints, key=lambda number: uses[number])[-keep:]
        assert numbers(dropped) & set(step.checkpoints) == set(step.checkpoints) - set(last) - needed


@given(stories(), keeps, st.data())
def test_what_somebody_uses_stays(story: Story, keep: int, data: st.DataObject) -> None:
    checkpoints = all_checkpoints(story.history)
    there = sorted(checkpoints)
    starts = [e.started_seq for s in story.history.steps.values() for e in s.executions]
    used = set(data.draw(st.lists(st.sampled_from(there + starts), max_size=3))) if there + starts else set[int]()
    dropped = superfluous(story.history, keep, used)
    assert numbers(dropped).isdisjoint(used)
    assert events_of(dropped).isdisjoint(checkpoints[one].written[-1] if one in checkpoints else one for one in used)


@given(stories(), keeps)
def test_a_history_takes_what_is_dropped_and_then_has_nothing_to_drop(story: Story, keep: int) -> None:
    dropped = superfluous(story.history, keep)
    Order(story.history).take(dropped)
    before = all_checkpoints(story.history)
    for event in dropped:
        story.tell(event)
    assert superfluous(story.history, keep) == []
    after = all_checkpoints(story.history)
    assert after.keys() == before.keys() - numbers(dropped)
    assert all(checkpoint.manifest == before[number].manifest for number, checkpoint in after.items())


def test_what_an_execution_kept_for_a_retry_and_showed_when_it_failed_goes_with_its_checkpoint() -> None:
    kept = [replace(started("load", number), prestate="{}", prestate_signature="s") for number in (1, 2, 3)]
    story = Story()
    begun = story.tell(kept[0])
    ended = story.tell(replace(failed("load", 1), outputs="ab"))
    story.tell(started("load", 1, 2))
    first = story.tell(succeeded("load", 1, 2))
    story.tell(kept[1])
    story.tell(succeeded("load", 2))
    story.tell(kept[2])
    (dropped,) = superfluous(story.history, 1)
    assert dropped == CheckpointsDropped(step="load", checkpoints=(first,), events=(begun, ended, first))
    story.tell(dropped)
    story.tell(succeeded("load", 3))
    assert superfluous(story.history, 2) == []


def test_a_manifest_that_was_saved_again_is_superfluous_though_its_checkpoint_is_not() -> None:
    story = Story()
    number = story.runs("load")
    again = CheckpointSaved(step="load", checkpoint=number, manifest="m", signature="s", save=0.1, size=1)
    story.tell(again)
    assert superfluous(story.history, 2) == [CheckpointsDropped(step="load", checkpoints=(), events=(number,))]


@pytest.mark.parametrize("refused", ["current", "unknown", "twice"])
def test_a_drop_that_would_take_what_stands_for_a_step_can_not_be_recorded(refused: str) -> None:
    story = Story()
    first, second = story.runs("load", "A"), story.runs("load", "B")
    drop = CheckpointsDropped(step="load", checkpoints=(first,), events=(first,))
    wrong = CheckpointsDropped(step="load", checkpoints=({"current": second, "unknown": 999, "twice": first}[refused],), events=())
    with pytest.raises(ValueError, match="checkpoints_dropped"):
        Order(story.history).take([drop, wrong])


def test_a_checkpoint_that_a_reuse_made_current_a_moment_ago_is_not_dropped() -> None:
    story = Story()
    first = story.runs("load", "A")
    story.runs("load", "B")
    late = StepReused(step="load", checkpoint=first, fingerprint="", inputs=())
    with pytest.raises(ValueError, match="current"):
        Order(story.history).take([late, CheckpointsDropped(step="load", checkpoints=(first,), events=(first,))])
    with pytest.raises(ValueError, match="has no checkpoint"):
        Order(story.history).take([CheckpointsDropped(step="load", checkpoints=(first,), events=(first,)), late])


def test_a_step_that_never_ran_has_nothing_to_drop() -> None:
    story = Story()
    story.asks_rerun("report")
    assert superfluous(story.history, 1) == []


runs = st.lists(
    st.builds(
        RunState,
        run=st.builds(RunName, st.sampled_from(["interactive", "default", "day=1"]), st.integers(1, 30)),
        state=st.sampled_from(["open", "finished", "failed", "abandoned", "owned", "unreadable"]),
        at=st.integers(0, 9).map(lambda hours: datetime(2026, 11, 20, tzinfo=UTC) + timedelta(hours=hours)),
    ),
    unique_by=lambda one: one.run,
    max_size=12,
)


@given(runs, st.integers(1, 5))
def test_only_runs_that_are_over_go_and_those_that_ended_last_stay(states: list[RunState], keep: int) -> None:
    over: set[State] = {"finished", "failed", "abandoned"}
    gone = runs_to_delete(states, keep)
    ended = [one for one in states if one.state in over]
    assert set(gone) <= {one.run for one in ended}
    assert len(ended) - len(gone) == min(keep, len(ended))
    left = [one.at for one in ended if one.run not in gone]
    assert not gone or min(left) >= max(one.at for one in ended if one.run in gone)
