"""``durnb sql``: SQL over all runs of a notebook."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import json_option, notebook_argument, print_json, store_for
from durnb.cli.tables import print_table
from durnb.clock import SystemClock
from durnb.journal import ask


@click.command("sql")
@notebook_argument
@click.argument("question", metavar="SQL")
@json_option
def command(notebook: Path, question: str, as_json: bool) -> None:
    """Answer SQL over the tables runs, steps, attempts, calls, timers, signals, checkpoints, storage and events of NOTEBOOK's runs; each has a column run.

    Times are UTC, seconds and bytes are numbers. Nothing is changed. Runs that a kernel has are in runs, and are left out of
    the other tables, and named.

    \b
    Example:
      durnb sql etl.ipynb "select run, step, ran from steps where status = 'succeeded' order by ran desc"
      durnb sql etl.ipynb "select run, state, finished, steps from runs"
    """
    answer = ask(store_for(notebook), question, SystemClock())
    for run, why in answer.left_out.items():
        click.echo(f"durnb: run {run} is left out: {why}", err=True)
    if as_json:
        print_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
        return
    numbers = {c for i, c in enumerate(answer.columns) if any(isinstance(row[i], int | float) for row in answer.rows)}
    print_table(answer.columns, (tuple(map(_cell, row)) for row in answer.rows), numbers=frozenset(numbers))


def _cell(value: object) -> str:
    return "–" if value is None else str(value)
