"""Runs side by side: newest first, what each did differently, and a step's way through them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from durnb.engine import overview
from durnb.views import RunFacts, runs_page
from durnb.views.runs import runs_cells
from unit.engine.run_story import BEGIN, Story


def facts(run: str, day: int, **codes: str) -> RunFacts:
    story = Story()
    for name, code in codes.items():
        story.starts(name, code)
        story.succeeds(name)
    started = BEGIN + timedelta(days=day)
    return RunFacts(
        run=run, state="finished", started=started, at=started, parameters={"day": day}, rows=tuple(overview.rows(story.history))
    )


def test_a_run_names_the_steps_that_did_something_else_than_in_the_run_before() -> None:
    shown = runs_page("etl.ipynb", [facts("i.2", 2, load="1", train="2", new="1"), facts("i.1", 1, load="1", train="1")])
    assert [(run.facts.run, run.differs) for run in shown.runs] == [("i.2", ("train",)), ("i.1", ())]
    assert [series.step for series in shown.steps] == ["load", "train", "new"]
    assert [len([ran for ran in series.ran if ran is not None]) for series in shown.steps] == [2, 2, 1]


def test_as_text_a_run_tells_what_differs() -> None:
    page = runs_page("etl.ipynb", [facts(f"i.{day}", day, load="1", train=train) for day, train in ((3, "2"), (2, "2"), (1, "1"))])
    rows = runs_cells(page, lambda at: f"{at:%d}" if at else "-")
    assert [(row[0], row[2], row[3], row[6]) for row in rows] == [
        ("i.3", "23", "2 of 2", "nothing"),
        ("i.2", "22", "2 of 2", "train"),
        ("i.1", "21", "2 of 2", "it is the first"),
    ]


def test_a_run_of_which_no_time_is_known_comes_first_of_old_ones() -> None:
    unknown = replace(facts("i.1", 1), started=None, at=None)
    assert [run.facts.run for run in runs_page("n", [facts("i.2", 2), unknown]).runs] == ["i.2", "i.1"]
    assert runs_page("n", []).runs == ()
