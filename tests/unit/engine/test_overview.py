"""The run in words: rows, the status as JSON."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durnb.engine import overview
from durnb.engine.manifest import LostName, Manifest, StoredName
from durnb.events import StepSucceeded
from unit.engine.run_story import Story, stories

KNOWN = {"finished", "running", "failed", "interrupted", "died", "asks", "aborted", "to rerun"}


def row(story: Story) -> overview.StepRow:
    (one,) = overview.rows(story.history)
    return one


@given(stories())
def test_every_run_can_be_told(story: Story) -> None:
    rows = overview.rows(story.history)
    assert [one.step for one in rows] == [step.name for step in story.history.steps.values() if step.executions]
    assert all(one.status in KNOWN for one in rows)
    told = json.loads(json.dumps(overview.as_json(story.history)))
    assert [one["step"] for one in told["steps"]] == [one.step for one in rows]
    assert (told["run"], told["state"], told["notebook"]) == ("interactive.1", story.history.status, "etl.ipynb")


def test_a_run_without_steps_has_no_rows() -> None:
    assert overview.rows(Story().history) == []


def test_a_finished_step_tells_its_length_size_and_names() -> None:
    story = Story()
    story.starts("load")
    manifest = Manifest(
        step="load", names={"df": StoredName(digest="1", type="int")}, lost={"client": LostName(path="client._sock", reason="a socket")}
    )
    story.tell(
        StepSucceeded(step="load", execution=1, attempt=1, manifest=manifest.encode(), signature="", saved=True, ran=3.5, save=0.1, size=7)
    )
    one = row(story)
    assert (one.status, one.reason, one.ran, one.size, one.names, one.lost) == ("finished", "", 3.5, 7, ("df",), ("client",))
    assert one.at == story.events[-1].at
    assert overview.ending(story.step("load")) == "finished"


def test_a_step_that_is_done_and_not_saved_says_so() -> None:
    story = Story()
    story.starts("load")
    story.succeeds("load", saved=False)
    assert (row(story).status, row(story).reason) == ("finished", "done, not saved")


@pytest.mark.parametrize(("once", "status"), [(False, "died"), (True, "asks")])
def test_a_step_that_died(once: bool, status: str) -> None:
    story = Story()
    story.crashes("load", 2, once=once)
    assert (row(story).status, row(story).reason, row(story).attempts) == (status, "attempt 2 died with the kernel", 2)


@pytest.mark.parametrize(("once", "status"), [(False, "interrupted"), (True, "asks")])
def test_a_step_that_was_interrupted(once: bool, status: str) -> None:
    story = Story()
    story.starts("load", once=once)
    story.fails("load", how="interrupt")
    assert (row(story).status, row(story).reason) == (status, "attempt 1 was interrupted")


@pytest.mark.parametrize(("once", "status"), [(False, "failed"), (True, "asks")])
@pytest.mark.parametrize("how", ["exception", "timeout"])
def test_a_step_that_failed_tells_the_first_line_of_its_error(how: str, once: bool, status: str) -> None:
    story = Story()
    story.starts("load", once=once)
    story.fails("load", how=how, message="no such file\nin any folder")  # type: ignore[arg-type]
    assert (row(story).status, row(story).reason) == (status, "ValueError: no such file")
    assert overview.ending(story.step("load")) == "failed: ValueError: no such file"


def test_an_attempt_after_another_says_how_that_ended() -> None:
    story = Story()
    story.crashes("load", 2)
    story.resumes("load")
    story.fails("load", retry_in=1.0)
    story.resumes("load")
    execution = story.step("load").executions[-1]
    assert [overview.attempt_reason(execution, index) for index in range(4)] == [
        execution.reason,
        "attempt 1 died with the kernel",
        "attempt 2 died with the kernel",
        "attempt 3 failed",
    ]


def test_a_running_step_says_which_attempt() -> None:
    story = Story()
    story.crashes("load", 1)
    story.resumes("load")
    assert (row(story).status, row(story).reason, row(story).ran) == ("running", "attempt 2", None)


@pytest.mark.parametrize("asked", ["rerun", "retry"])
def test_a_step_that_was_asked_to_run_again_says_so_until_it_does(asked: str) -> None:
    story = Story()
    story.runs("load")
    story.asks_rerun("load") if asked == "rerun" else story.resolves("load", "retry")
    assert row(story).status == "to rerun"
    story.starts("load")
    assert row(story).status == "running"
    story.dies()
    assert row(story).status == "died"


def test_an_aborted_step_says_by_what() -> None:
    story = Story()
    story.crashes("load", 1)
    story.resolves("load", "abort")
    assert (row(story).status, row(story).reason) == ("aborted", "by %durable resolve")


def test_a_manifest_that_cannot_be_read_leaves_the_row_without_names() -> None:
    story = Story()
    story.starts("load")
    story.tell(StepSucceeded(step="load", execution=1, attempt=1, manifest="garbled", signature="", saved=True, ran=1, save=0, size=0))
    assert (row(story).status, row(story).names) == ("finished", ())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 ms"),
        (0.04, "40 ms"),
        (1, "1.0 s"),
        (1.26, "1.3 s"),
        (60, "1 min 0 s"),
        (200, "3 min 20 s"),
        (3599.7, "1 h 0 min"),
        (7980, "2 h 13 min"),
        (172_800, "2 d 0 h"),
        (180_000, "2 d 2 h"),
    ],
)
def test_a_length_of_time_is_spelled_in_its_largest_units(seconds: float, words: str) -> None:
    assert overview.spell(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.9997, "1.0 s"), (59.97, "1 min 0 s")])
def test_a_length_just_below_a_unit_is_spelled_in_that_unit(seconds: float, words: str) -> None:
    assert overview.spell(timedelta(seconds=seconds)) == words


@given(st.floats(0, 10**8))
def test_any_length_can_be_spelled(seconds: float) -> None:
    assert overview.spell(timedelta(seconds=seconds))
