"""``durnb worker``: keeps all runs of some folders moving."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from durnb.cli.arguments import length_of, store_root
from durnb.clock import SystemClock
from durnb.runner.places import CellPlace, death_text
from durnb.runner.silence import Silence
from durnb.runner.task import Task
from durnb.runner.worker import Orders, Worker


@click.command("worker")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, file_okay=False, exists=True), metavar="FOLDER…")
@click.option("--kernels", type=click.IntRange(min=1), default=4, show_default=True, metavar="N", help="How many kernels run at once.")
@click.option(
    "--drain",
    default="30s",
    show_default=True,
    metavar="TIME",
    help="How long running cells may go on after SIGTERM, before they are interrupted.",
)
@click.option("--once", is_flag=True, help="End when nothing is left to do for now.")
def command(folders: tuple[Path, ...], kernels: int, drain: str, once: bool) -> None:
    """Keep every run of the notebooks in these FOLDERs moving: start what is queued or scheduled, go on with what a crash, a reboot or SIGTERM ended, wake
    what sleeps, and take over what another worker left. Two workers never have one run. It ends at SIGTERM or Ctrl-C; a later worker goes on.

    \b
    Example:
      durnb worker reports --kernels 2
    """
    orders = Orders(folders=folders, root=store_root(), kernels=kernels, drain=length_of("--drain", drain, least=timedelta(0)), once=once)
    worker = Worker(orders=orders, environment=os.environ, clock=SystemClock(), watcher=Deaths, says=_say)
    asyncio.run(worker.work())


class Deaths(Silence):
    """Says, of all that happens in a run, when its kernel died and what its runner notes."""

    def __init__(self, task: Task) -> None:
        self._name = f"{task.request.notebook.name} {task.run or task.key}"

    def kernel_died(self, cell: CellPlace | None, deaths: int, max_restarts: int) -> None:
        _say(f"{self._name}: {death_text(cell, deaths, max_restarts)}")

    def note(self, text: str) -> None:
        _say(f"{self._name}: {text}")


def _say(text: str) -> None:
    click.echo(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z {text}", err=True)
