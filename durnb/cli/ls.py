"""``durnb ls``: all runs of the notebooks in a folder, and how each stands."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import folder_argument, json_option, print_json, store_root
from durnb.cli.runs import runs_table, say_unread
from durnb.clock import SystemClock
from durnb.journal import stores_under
from durnb.runner.glance import OVER, glances, newest_first


@click.command("ls")
@folder_argument
@click.option("-a", "--all", "every", is_flag=True, help="Show runs that are over, too.")
@json_option
def command(folder: Path, every: bool, as_json: bool) -> None:
    """Show all runs of the notebooks in FOLDER and below it that are not over, by how they stand: running, idle, queued, suspended, paused, asks, failed,
    interrupted, crashed, open. No kernel is disturbed.

    \b
    Example:
      durnb ls reports
    """
    clock = SystemClock()
    stores = list(stores_under(folder, store_root()))
    found = [one for store in stores for one in glances(store, clock)]
    say_unread(stores)
    shown = newest_first([one for one in found if every or one.standing not in OVER])
    if as_json:
        print_json([one.as_json() for one in shown])
        return
    if shown:
        runs_table(shown, folder)
    hidden = len(found) - len(shown)
    if hidden:
        click.echo(f"{hidden} run{'s' * (hidden != 1)} that {'are' if hidden != 1 else 'is'} over: durnb ls --all", err=True)
    elif not shown:
        click.echo(f"no runs under {folder}", err=True)
