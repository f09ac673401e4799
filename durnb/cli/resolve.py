"""``durnb resolve``: answers what a step of a run asks, where no kernel has the run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

import click

from durnb.cli.arguments import choose_run, every_cell, notebook_argument, run_option, store_for
from durnb.clock import SystemClock
from durnb.engine.cells import step_names
from durnb.engine.operations import resolve_call, resolve_step
from durnb.engine.unmarked import Blanket, covered
from durnb.errors import UsageError
from durnb.journal import Journal
from durnb.runner.cells import notebook_cells
from durnb.runner.executed import read_notebook


@click.command("resolve")
@notebook_argument
@click.argument("step")
@click.argument("answer", type=click.Choice(["retry", "keep", "done", "abort"]))
@click.option("--value", default="null", help="The result, as JSON, of a call that is done.")
@run_option
def command(notebook: Path, step: str, answer: Literal["retry", "keep", "done", "abort"], value: str, run: str | None) -> None:
    """Answer what STEP of NOTEBOOK, or a call in it (STEP/CALL), asks: retry runs it again, keep takes its last checkpoint although it is stale, done says that it happened and goes
    on without its variables, abort refuses it.

    \b
    Example:
      durnb resolve etl.ipynb send-mail done
    """
    store = store_for(notebook)
    chosen = choose_run(store, run)
    owner = store.owner(chosen)
    if owner is not None:
        raise UsageError(f"run {chosen} is in the hands of process {owner}: answer there, with %durable resolve {step} {answer}")
    cells = notebook_cells(read_notebook(notebook)) if notebook.exists() else []
    journal = Journal.open(store, chosen, create=False, clock=SystemClock(), wait=timedelta(0), attach=False)
    try:
        in_file = step_names(covered(cells, Blanket() if every_cell(False) else None, known=journal.history.steps))
        name, call, mark = step.partition("/")
        said = resolve_call(journal, name, mark, answer, value) if call else resolve_step(journal, step, answer, in_file)
        click.echo(f"run {chosen}: {said}")
    finally:
        journal.close(None)
