"""The panel's page: order, standing, what comes, what can be pressed, the headline."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given

from durnb.engine import overview
from durnb.engine.cells import NotebookCell
from durnb.events import CallFailed, CallSucceeded, ErrorInfo, RunSuspended, WaitStarted
from durnb.fingerprint import read_cell
from durnb.fold import History
from durnb.views import RunPage, RunView, StepCard, actions, run_page
from durnb.views.standing import STANDINGS
from durnb_widgets.panel import panel_html
from unit.engine.run_story import Story, stories


def code(value: int) -> str:
    return read_cell(f"x = {value}").digest


def cells(*names: str, body: str = "x = 1") -> list[NotebookCell]:
    return [NotebookCell(source=f"%%durable {name}\n{body}") for name in names]


def page(story: Story, *names: str, body: str = "x = 1", owned: bool = True) -> RunPage:
    return run_page(story.history, cells(*names, body=body), story.now, owned=owned)


def cards(shown: RunPage) -> dict[str, StepCard]:
    return {card.step: card for card in shown.cards}


@given(stories())
def test_every_run_has_a_page_that_shows_each_step_once(story: Story) -> None:
    started = [step.name for step in story.history.steps.values() if step.executions]
    shown = page(story, "never", *started[:1])
    assert sorted(card.step for card in shown.cards) == sorted({"never", *started})
    assert sum(shown.counts.values()) == len(shown.cards)
    assert cards(shown)["never"].standing == "not reached"
    assert shown.headline


@given(stories())
def test_the_panel_and_the_status_file_never_say_different_things(story: Story) -> None:
    shown = page(story, "load", "train")
    told = overview.as_json(story.history)
    assert shown.state == told["state"]
    found = cards(shown)
    for row in told["steps"]:
        card = found[row["step"]]
        assert card.standing == row["status"] or (card.standing, row["status"]) == ("stale", "finished")
        assert (card.attempts, card.ran, card.size, list(card.lost)) == (row["attempts"], row["ran"], row["size"], row["lost"])
        assert (card.at.isoformat() if card.at else None) == row["at"]


@given(stories())
def test_a_page_made_on_from_the_one_before_is_the_page_made_anew(story: Story) -> None:
    history, view, shown = History(), RunView(), cells("load", "train", "never")
    for recorded in story.events:
        history.apply(recorded)
        assert view.page(history, shown, recorded.at) == run_page(history, shown, recorded.at)


def test_steps_stand_in_notebook_order_and_one_without_a_cell_where_it_ran() -> None:
    story = Story()
    for name in ("b", "gone", "a"):
        story.starts(name, code(1))
        story.succeeds(name)
    shown = page(story, "a", "b", "c")
    assert [card.step for card in shown.cards] == ["a", "b", "gone", "c"]
    assert [card.step for card in shown.cards if card.outside] == ["gone"]


def test_an_edited_step_is_stale_and_can_be_kept() -> None:
    story = Story()
    story.starts("load", code(1))
    story.succeeds("load")
    card = cards(page(story, "load", body="x = 2"))["load"]
    assert (card.standing, card.why, card.coming) == ("stale", "its code was edited", "runs")
    assert [action.operation for action in card.actions] == ["keep", "restore"]


def test_a_running_step_tells_since_when_and_can_be_interrupted() -> None:
    story = Story()
    story.starts("train")
    shown = page(story, "train")
    card = cards(shown)["train"]
    assert (card.standing, card.since) == ("running", story.events[-1].at)
    assert [action.operation for action in card.actions] == ["interrupt"]
    assert shown.headline == "0 of 1 steps finished; train is running"
    assert cards(page(story, "train", owned=False))["train"].standing == "died"


def test_the_calls_that_failed_can_be_retried_alone() -> None:
    story = Story()
    story.starts("fetch", code(1))
    for n in range(3):
        story.tell(CallSucceeded(step="fetch", execution=1, call=f"c{n}", label="get", value="1"))
    story.tell(CallFailed(step="fetch", execution=1, call="c9", label="get", error=ErrorInfo(type="E", message="no"), ran=0.1))
    story.succeeds("fetch")
    card = cards(page(story, "fetch"))["fetch"]
    assert card.actions[0].operation == "retry"
    assert card.actions[0].label == "Retry the call that failed"
    assert "The 3 that are done are kept" in card.actions[0].asks


def test_a_run_that_sleeps_without_a_kernel_says_so() -> None:
    story = Story()
    story.starts("nap", code(1))
    story.tell(WaitStarted(step="nap", execution=1, call="w", what="sleep", until="2026-11-27T00:00:00+00:00"))
    story.tell(RunSuspended(step="nap", until="2026-11-27T00:00:00+00:00"))
    shown = page(story, "nap")
    assert (shown.state, shown.cards[0].standing, shown.headline) == (
        "suspended",
        "waiting",
        "0 of 1 steps finished; nap waits, without a kernel",
    )
    assert shown.cards[0].waits
    assert "until" in panel_html(shown)


def test_the_headline_tells_what_waits_for_an_answer() -> None:
    story = Story()
    story.starts("mail", once=True)
    story.dies()
    shown = page(story, "mail")
    assert shown.headline == "0 of 1 steps finished; mail waits for an answer"
    assert [action.operation for action in shown.cards[0].actions] == ["retry", "done", "abort"]
    assert RunPage.headline.fget(page(Story())) == "no durable cell yet"  # type: ignore[attr-defined]  # a property


@pytest.mark.parametrize("standing", STANDINGS)
def test_each_standing_has_its_actions_and_those_that_lose_something_ask(standing: str) -> None:
    found = actions(standing, "load", ran=7500.0, kept=True)  # type: ignore[arg-type]  # each of the literal's values
    assert all(action.label and (action.asks or action.operation in ("keep", "retry")) for action in found)
    assert ("interrupt" in [action.operation for action in found]) == (standing == "running")
    if standing == "finished":
        assert "2 h 5 min" in found[0].asks


def test_parameters_times_and_kernels_are_told() -> None:
    story = Story()
    story.starts("load", code(1))
    story.succeeds("load")
    story.dies()
    shown = page(story, "load")
    assert (shown.kernels, shown.started, shown.run) == (2, story.events[0].at, "interactive.1")
    assert shown.at - story.now == timedelta(0)
