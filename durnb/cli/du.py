"""``durnb du``: what takes the room of a notebook's store, by step, by variable and by run."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import choose_run, json_option, notebook_argument, print_json, run_option, store_for
from durnb.cli.tables import print_table
from durnb.clock import SystemClock
from durnb.engine.overview import bytes_text
from durnb.engine.storage import HOLDING_HEADS, RUN_HEADS, holding_rows, run_rows, storage_json, storage_of, storage_title, store_lines


@click.command("du")
@notebook_argument
@run_option
@json_option
def command(notebook: Path, run: str | None, as_json: bool) -> None:
    """Show what takes the room of NOTEBOOK's store: the variables and outputs of each step of one run, and all runs.

    Variables that share memory are stored together and shown in one row. What several rows share is counted with the first of them.

    \b
    Example:
      durnb du etl.ipynb --run day=2026-11-20
    """
    store = store_for(notebook)
    storage = storage_of(store, choose_run(store, run), SystemClock())
    if as_json:
        print_json(storage_json(storage))
        return
    numbers = frozenset({"bytes", "shared", "journal", "packs"})
    click.echo(storage_title(storage, bytes_text))
    if storage.holdings:
        print_table(HOLDING_HEADS, holding_rows(storage, bytes_text), numbers=numbers)
    print_table(RUN_HEADS, run_rows(storage, bytes_text), numbers=numbers)
    for line in store_lines(storage, bytes_text):
        click.echo(line)
