"""``durnb unschedule``: ends schedules of a notebook."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import notebook_argument, store_at
from durnb.errors import UsageError
from durnb.runner.schedule import remove, schedules_of


@click.command("unschedule")
@notebook_argument
@click.argument("schedule", required=False, metavar="[ID]")
def command(notebook: Path, schedule: str | None) -> None:
    """End the schedule ID of NOTEBOOK, as durnb schedules shows it; without ID all of them. Runs that have begun go on.

    \b
    Example:
      durnb unschedule etl.ipynb
    """
    store = store_at(notebook)
    there = schedules_of(store)
    ended = [one for one in there if schedule in (None, one.id)]
    if not ended:
        raise UsageError(
            f"{notebook.name} has no schedule {schedule or ''}; it has {', '.join(one.id for one in there) or 'none'}".replace(" ;", ";")
        )
    for one in ended:
        remove(store, one)
        click.echo(f"schedule {one.id} ({one.cron}) of {notebook.name} is ended")
