"""``durnb watch``: a live screen of all runs in a folder."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from durnb.cli.arguments import folder_argument, store_root
from durnb.cli.runs import RUN_HEADS, run_row
from durnb.cli.tables import STYLES
from durnb.clock import SystemClock
from durnb.errors import UsageError
from durnb.journal import stores_under
from durnb.runner.glance import OVER, Glance, glances, newest_first

_EVERY: Final = 1.0  # seconds


@click.command("watch")
@folder_argument
@click.option("-a", "--all", "every", is_flag=True, help="Show runs that are over, too.")
def command(folder: Path, every: bool) -> None:
    """Show all runs of the notebooks in FOLDER and below it on a live screen, until Ctrl-C.

    \b
    Example:
      durnb watch reports
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        raise UsageError("durnb watch needs a terminal: durnb ls shows the same once")
    try:
        with Live(console=console, screen=True, auto_refresh=False) as live:
            while True:
                live.update(draw(_seen(folder, every), folder, console.height), refresh=True)
                time.sleep(_EVERY)
    except KeyboardInterrupt:
        sys.exit(0)


def _seen(folder: Path, every: bool) -> list[Glance]:
    clock = SystemClock()
    found = [one for store in stores_under(folder, store_root()) for one in glances(store, clock)]
    return newest_first([one for one in found if every or one.standing not in OVER])


def draw(found: list[Glance], folder: Path, height: int) -> Table:
    """The runs as the screen shows them, as many as `height` lines have room for."""
    room = max(1, height - 5)
    title = f"{len(found)} run{'s' * (len(found) != 1)} under {folder}" + (f", the first {room}" if len(found) > room else "")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", title=title, title_justify="left", expand=True)
    for head in RUN_HEADS:
        table.add_column(head, overflow="ellipsis", no_wrap=True)
    for one in found[:room]:
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in run_row(one, folder.resolve())))
    return table
