"""Notebooks and their pasts, planned."""

from __future__ import annotations

from typing import Any

from durnb.engine.cells import NotebookCell
from durnb.engine.plan import PlannedStep, plan
from durnb.fingerprint import read_cell
from unit.engine.run_story import Story, made

LOAD, TRAIN = "%%durable load\ndf = 1", "%%durable train\nmodel = df"
PAY = "%%durable pay --once\npay()"


def code_of(source: str) -> str:
    return read_cell(source.partition("\n")[2]).digest


def notebook(*sources: str) -> list[NotebookCell]:
    return [NotebookCell(source=source, id=f"c{number}") for number, source in enumerate(sources)]


def ran(story: Story, source: str, inputs: Any = (), *, ran: float = 1.0, **bound: str) -> int:
    """The cell is run to its end, as the kernel would record it."""
    name = source.split()[1]
    return story.runs(name, code_of(source), inputs, source=source, once="--once" in source, ran=ran, bound=bound)


def began(story: Story, source: str) -> None:
    story.starts(source.split()[1], code_of(source), source=source, once="--once" in source)


def actions(story: Story | None, *sources: str) -> dict[str, str]:
    return {step.step: step.action for step in plan(story.history if story else None, notebook(*sources)).steps}


def only(story: Story, source: str) -> PlannedStep:
    (step,) = plan(story.history, notebook(source)).steps
    return step


def both_ran(**bound: str) -> Story:
    story = Story()
    ran(story, LOAD, df=bound.get("df", "1"))
    ran(story, TRAIN, [made("df", "load", bound.get("df", "1"))])
    return story


def in_cells(story: Story, *sources: str, **known: Any) -> dict[str, str]:
    return {step.step: f"{step.action}: {step.reason}" for step in plan(story.history, notebook(*sources), **known).steps}
