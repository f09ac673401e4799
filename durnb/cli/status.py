"""``durnb status``: the steps of a run and how each stands, whether or not a kernel has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from durnb.cli.arguments import choose_run, json_option, notebook_argument, print_json, run_option, store_for
from durnb.cli.tables import print_table
from durnb.cli.words import time_in_words
from durnb.clock import SystemClock
from durnb.engine.overview import STATUS_HEADS, row_of, status_cells
from durnb.runner.runview import run_facts


@click.command("status")
@notebook_argument
@run_option
@json_option
def command(notebook: Path, run: str | None, as_json: bool) -> None:
    """Show the steps of a run of NOTEBOOK and how each stands. It does not disturb a kernel that is at work.

    \b
    Example:
      durnb status etl.ipynb --run day=2026-11-20
    """
    store = store_for(notebook)
    chosen = choose_run(store, run)
    facts = run_facts(store, chosen, SystemClock())
    if as_json:
        print_json({**facts, "runs": [str(one) for one in store.runs()]})
        return
    click.echo(headline(facts))
    if facts["steps"]:
        print_table(
            STATUS_HEADS,
            (status_cells(row, time_in_words(row.at)) for row in map(row_of, facts["steps"])),
            numbers=frozenset({"attempts", "ran", "saved"}),
        )
    others = [str(one) for one in store.runs() if one != chosen]
    if others:
        click.echo(f"other runs: {', '.join(others)}")


def headline(facts: Mapping[str, Any]) -> str:
    """A run in one line."""
    finished = sum(step["status"] == "finished" for step in facts["steps"])
    held = f", in the hands of process {facts['owner']}" if facts["owner"] else ""
    until = f", waits until {time_in_words(datetime.fromisoformat(facts['waits_until']))}" if facts.get("waits_until") else ""
    signals = f", waits for {' or '.join(facts['waits_for'])}" if facts.get("waits_for") else ""
    return f"run {facts['run']} of {Path(facts['notebook']).name}: {facts['state']}{signals}{until}{held}; {finished} of {len(facts['steps'])} steps finished"
