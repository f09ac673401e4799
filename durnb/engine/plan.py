"""What Run All would do now, told from the notebook's file and the run's history, before anything is done.

It can't know what plain cells will define: a step whose code and durable inputs stand is planned to be reused, and looked at again when it runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from durnb.engine.cells import NotebookCell, header_of
from durnb.engine.decide import answers
from durnb.engine.header import FoundHeader
from durnb.fingerprint import read_cell
from durnb.history import Checkpoint, History, StepHistory

Action = Literal["reuse", "run", "maybe", "ask", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step and what is planned for it; `ran` seconds that a reuse saves."""

    step: str
    action: Action
    reason: str
    ran: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All steps in notebook order."""

    steps: tuple[PlannedStep, ...]

    @property
    def next(self) -> PlannedStep | None:
        """The first step that will not simply be reused."""
        return next((step for step in self.steps if step.action != "reuse"), None)


def plan(history: History | None, cells: Sequence[NotebookCell]) -> Plan:
    """The plan for `cells` of the notebook, given the run's history (None: no run yet)."""
    planned: list[PlannedStep] = []
    running: set[str] = set()
    for cell in cells:
        found = header_of(cell)
        if found is None:
            continue
        step = history.steps.get(found.header.name) if history is not None else None
        one = _plan_step(found, step, running)
        if one.action in ("run", "maybe"):
            running.add(one.step)
        planned.append(one)
    return Plan(steps=tuple(planned))


def _plan_step(found: FoundHeader, step: StepHistory | None, running: set[str]) -> PlannedStep:
    header = found.header
    if step is None or step.last is None:
        return PlannedStep(step=header.name, action="run", reason="it has not run yet")
    if step.answer == "abort":
        return PlannedStep(step=header.name, action="refuse", reason="it was aborted")
    if step.rerun or step.answer == "retry":
        return PlannedStep(step=header.name, action="run", reason="it was asked to run again")
    checkpoint = step.checkpoint
    if checkpoint is None:
        return _unfinished(found, step)
    ran = checkpoint.ran
    if header.always:
        return PlannedStep(step=header.name, action="run", reason="--always")
    if header.once:
        return PlannedStep(step=header.name, action="reuse", reason="finished; --once never runs it twice", ran=ran)
    if not (serving := _same_code(found, step)):
        return _edited(found, checkpoint)
    return _by_inputs(header.name, serving, running)


def _unfinished(found: FoundHeader, step: StepHistory) -> PlannedStep:
    last = step.executions[-1].last
    if found.header.once and step.answer != "done":
        return PlannedStep(
            step=step.name,
            action="ask",
            reason="it is --once, was started and did not finish; " + " or ".join(answers(step.name, "done", "retry")),
        )
    words = {
        "crashed": "died with the kernel",
        "exception": "failed",
        "timeout": "timed out",
        "interrupt": "was interrupted",
        "running": "has not finished",
    }
    return PlannedStep(step=step.name, action="run", reason=f"its attempt {last.number} {words.get(last.status, 'was not saved')}")


def _same_code(found: FoundHeader, step: StepHistory) -> Checkpoint | None:
    code = _code_of(found.body)
    sources = {e.number: e.source for e in step.executions}
    candidates = [c for c in (step.checkpoint, *sorted(step.checkpoints.values(), key=lambda c: -c.number)) if c is not None]
    for checkpoint in candidates:
        same = checkpoint.code == code if code is not None else sources.get(checkpoint.execution, "").strip() == found.body.strip()
        if same:
            return checkpoint
    return None


def _code_of(body: str) -> str | None:
    """The code's digest where the body is Python as it stands; None where IPython would transform it."""
    try:
        ast.parse(body)
    except SyntaxError:
        return None
    return read_cell(body).digest


def _edited(found: FoundHeader, checkpoint: Checkpoint) -> PlannedStep:
    name, how = found.header.name, found.header.on_change
    if how == "keep":
        return PlannedStep(step=name, action="reuse", reason="kept although its code was edited (--on-change keep)", ran=checkpoint.ran)
    if how == "ask":
        return PlannedStep(step=name, action="ask", reason="its code was edited")
    return PlannedStep(step=name, action="run", reason="its code was edited")


def _by_inputs(name: str, checkpoint: Checkpoint, running: Iterable[str]) -> PlannedStep:
    moved = [i for i in checkpoint.inputs if i.kind == "durable" and i.maker in set(running)]
    if moved:
        first = moved[0]
        return PlannedStep(step=name, action="maybe", reason=f"runs if {first.maker!r} gives another `{first.name}`", ran=checkpoint.ran)
    return PlannedStep(step=name, action="reuse", reason="finished", ran=checkpoint.ran)
