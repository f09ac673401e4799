"""``durnb plan``: what Run All would do now, and why, from the notebook's file and the run's history."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from durnb.cli.arguments import all_option, choose_run, every_cell, json_option, notebook_argument, print_json, run_option, store_at
from durnb.cli.tables import print_table
from durnb.clock import SystemClock
from durnb.config import from_environment
from durnb.engine.cells import NotebookCell, step_names
from durnb.engine.plan import LEFT_OPEN, PLAN_HEADS, Plan, PlannedStep, plan, plan_cells
from durnb.engine.runs import DEFAULT_KEY, INTERACTIVE, Wish, goes_on
from durnb.engine.unmarked import Blanket, covered
from durnb.errors import UsageError
from durnb.journal import RunName, Store, read_history
from durnb.runner.runview import status_of_step
from durnb.runner.saved import cells_of


@click.command("plan")
@notebook_argument
@run_option
@all_option
@json_option
def command(notebook: Path, run: str | None, every: bool, as_json: bool) -> None:
    """Show what Run All of NOTEBOOK would do now, step by step, and why. Nothing is run.

    \b
    Example:
      durnb plan etl.ipynb
    """
    cells = cells_of(notebook)
    store = store_at(notebook)
    chosen = choose_run(store, run) if run or store.runs() else None
    planned = _plan(store, chosen, cells, Blanket() if every_cell(every) else None)
    comes = _comes(store, chosen)
    if as_json:
        steps = [asdict(step) for step in planned.steps]
        print_json(
            {"notebook": str(notebook), "run": str(chosen) if chosen else None, "turns_to": str(comes) if comes else None, "steps": steps}
        )
        return
    if not planned.steps:
        raise UsageError(f"{notebook.name} has no durable steps: a cell becomes one by a first line %%durable NAME, every cell by --all")
    click.echo(_first_line(store, chosen, comes))
    print_table(PLAN_HEADS, map(plan_cells, planned.steps), numbers=frozenset({"ran before"}))
    if any(step.open for step in planned.steps):
        click.echo(LEFT_OPEN)


def _comes(store: Store, chosen: RunName | None) -> RunName | None:
    """The run that ``durnb run`` would turn to, with the parameters of `chosen` or with none; None where it would go on with `chosen`."""
    key = chosen.key if chosen is not None and chosen.key != INTERACTIVE else DEFAULT_KEY
    newest = store.newest(key)
    if newest is None:
        return RunName(key, 1)
    clock, within = SystemClock(), from_environment(os.environ).resume_within
    if store.owner(newest) is None and not goes_on(read_history(store, newest, clock), Wish(key=key, runner=True), clock, within):
        return RunName(key, newest.number + 1)
    return None if newest == chosen else newest


def _first_line(store: Store, chosen: RunName | None, comes: RunName | None) -> str:
    """What the table is of, and where that is not what is run next, what is."""
    if chosen is None:
        return "no run yet; if all cells were run now:"
    if comes is None:
        return f"run {chosen}, if all cells were run in it now:"
    begins = comes not in store.runs()
    turns = f"the next durnb run begins {comes} and runs every step" if begins else f"durnb run goes on with {comes}"
    state = str((store.status(chosen) or {}).get("state", "open"))
    if chosen.key == INTERACTIVE and state != "open":
        turns = f"the next Run All begins {RunName(chosen.key, chosen.number + 1)} and runs every step"
    elif chosen.key == INTERACTIVE:
        return f"run {chosen}, if all cells were run in it now ({turns}):"
    ended = f"is {state}" if state != "open" else "has rested for too long to be gone on with (setting resume_within; durnb run --resume)"
    return f"run {chosen} {ended}: {turns}. If all cells were run in {chosen} now:"


def _plan(store: Store, run: RunName | None, cells: Sequence[NotebookCell], start: Blanket | None) -> Plan:
    if run is None:
        return plan(None, covered(cells, start))
    owner = store.owner(run)
    if owner is None:
        history = read_history(store, run, SystemClock())
        return plan(history, covered(cells, start, known=history.steps), now=SystemClock().now(), folder=store.notebook.parent)
    known = [str(step["step"]) for step in (store.status(run) or {}).get("steps", ())]
    names = step_names(covered(cells, start, known=known))
    return Plan(steps=tuple(_seen_from_outside(name, status_of_step(store, run, name), owner) for name in names))


def _seen_from_outside(step: str, status: str | None, owner: int) -> PlannedStep:
    """While a kernel has the run, its status tells what is finished; only that kernel can tell what was edited since."""
    if status == "finished":
        return PlannedStep(step=step, action="reuse", reason=f"finished; process {owner} has the run, so edits were not looked at")
    return PlannedStep(step=step, action="run", reason=f"it is {status} in process {owner}" if status else "it has not run yet")
