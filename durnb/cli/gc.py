"""``durnb gc``: removes what retention does not keep, of every run that no kernel has."""

from __future__ import annotations

import os
from pathlib import Path

import click

from durnb.cli.arguments import json_option, notebook_argument, print_json, store_for
from durnb.cli.tables import print_table
from durnb.clock import SystemClock
from durnb.engine.housekeeping import PATIENCE, limits_outside
from durnb.engine.overview import bytes_text
from durnb.engine.storage import REMOVED_HEADS, ask_owners, collected_json, left_lines, removed_rows, removed_title
from durnb.journal import collect, preview


@click.command("gc")
@notebook_argument
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and change nothing.")
@json_option
def command(notebook: Path, dry_run: bool, as_json: bool) -> None:
    """Remove old results of NOTEBOOK: runs that are over, beyond the last ten; checkpoints, beyond the two of each step that were used last; and
    what killed processes left half-written. What a run still needs is never removed, and a pack that was found to be damaged is kept while a run lists it.

    DURNB_KEEP_RUNS and DURNB_KEEP_CHECKPOINTS say how many are kept; without them, as many as any kernel of the notebook was told to. A kernel that
    has a run is asked to see to that one itself.

    \b
    Example:
      durnb gc etl.ipynb --dry-run
    """
    store, clock = store_for(notebook), SystemClock()
    limits = limits_outside(store, os.environ)
    collected = preview(store, limits, clock=clock) if dry_run else collect(store, limits, clock=clock, patience=PATIENCE)
    if not dry_run:
        ask_owners(store, list(collected.owned))
    if as_json:
        print_json(collected_json(collected, dry_run=dry_run))
        return
    if collected.removed:
        print_table(REMOVED_HEADS, removed_rows(collected, bytes_text), numbers=frozenset({"count", "bytes"}))
    click.echo(removed_title(collected, bytes_text, dry_run=dry_run))
    for line in left_lines(collected, bytes_text, asked=not dry_run):
        click.echo(line)
