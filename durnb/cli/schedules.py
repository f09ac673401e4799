"""``durnb schedules``: the schedules of the notebooks in a folder."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import folder_argument, json_option, print_json, store_root
from durnb.cli.runs import say_unread
from durnb.cli.tables import print_table
from durnb.cli.words import time_in_words
from durnb.clock import SystemClock
from durnb.journal import stores_under
from durnb.runner.parameters import run_key
from durnb.runner.schedule import next_tick, schedules_of, zone


@click.command("schedules")
@folder_argument
@json_option
def command(folder: Path, as_json: bool) -> None:
    """Show the schedules of the notebooks in FOLDER and below it, and when each runs next.

    \b
    Example:
      durnb schedules reports
    """
    now = SystemClock().now()
    stores = list(stores_under(folder, store_root()))
    found = [schedule for store in stores for schedule in schedules_of(store)]
    say_unread(stores)
    if as_json:
        print_json([{"notebook": str(s.notebook), "id": s.id, **s.encode(), "next": next_tick(s, now).isoformat()} for s in found])
        return
    if not found:
        click.echo(f"no schedules under {folder}", err=True)
        return
    print_table(
        ("notebook", "id", "cron", "zone", "next", "parameters", "overlap"),
        (
            (s.notebook.name, s.id, s.cron, s.tz, time_in_words(next_tick(s, now), zone(s.tz)), run_key(s.parameters), s.overlap)
            for s in found
        ),
    )
