"""``durnb schedule``: has a worker run a notebook by a cron expression."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import all_option, every_cell, notebook_argument, store_at
from durnb.cli.parameters import parameters_of
from durnb.cli.words import time_in_words
from durnb.clock import SystemClock
from durnb.errors import UsageError
from durnb.runner.executed import read_notebook
from durnb.runner.injection import inject
from durnb.runner.parameters import parse_parameters
from durnb.runner.schedule import Overlap, Schedule, add, next_tick, zone


@click.command("schedule")
@notebook_argument
@click.argument("cron")
@click.option("--tz", default="UTC", show_default=True, metavar="ZONE", help="Time zone of the expression, such as Europe/Berlin.")
@click.option(
    "-p",
    "--parameter",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    help="Set a variable; {tick:%Y-%m-%d} is the tick. May be given again.",
)
@click.option(
    "--params",
    "params_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Parameters from a JSON, TOML or YAML file.",
)
@click.option(
    "--overlap",
    type=click.Choice(["skip", "queue"]),
    default="skip",
    show_default=True,
    help="While an earlier tick's run goes on: leave the tick out, or let it wait.",
)
@click.option("--backfill", is_flag=True, help="Run every tick that was missed, one after the other. [default: only the newest]")
@click.option("--kernel", metavar="NAME", help="The kernelspec to use. [default: the notebook's]")
@all_option
def command(
    notebook: Path,
    cron: str,
    tz: str,
    parameters: tuple[str, ...],
    params_file: Path | None,
    overlap: Overlap,
    backfill: bool,
    kernel: str | None,
    every: bool,
) -> None:
    """Have a worker run NOTEBOOK by the CRON expression (minute hour day month weekday). Each tick is a run of its own key, so none runs twice.

    A time that does not exist because clocks are put forward runs at the end of the gap; one that comes twice runs once.

    \b
    Example:
      durnb schedule etl.ipynb "0 6 * * MON-FRI" --tz Europe/Berlin -p day={tick:%Y-%m-%d}
    """
    if not notebook.exists():
        raise UsageError(f"there is no notebook {notebook}")
    values = {**(parameters_of(params_file) if params_file else {}), **parse_parameters(parameters)}
    inject(read_notebook(notebook), values)  # what can't be run is better told of now than at each tick
    now = SystemClock().now()
    schedule = Schedule(
        notebook=notebook,
        cron=cron,
        tz=tz,
        handled=now,
        parameters=values,
        overlap=overlap,
        backfill=backfill,
        kernel=kernel,
        every=every_cell(every),
    )
    fresh = add(store_at(notebook), schedule)
    click.echo(
        f"schedule {schedule.id} of {notebook.name} {'is kept' if fresh else 'was there, and is changed'}; next: {time_in_words(next_tick(schedule, now), zone(tz))} {tz}"
    )
    click.echo("durnb worker on its folder runs it", err=True)
