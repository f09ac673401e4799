"""``durnb export``: a run as one file that stands by itself."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import choose_run, notebook_argument, run_option, store_for
from durnb.clock import SystemClock
from durnb.engine.overview import bytes_text
from durnb.journal import export_run


@click.command("export")
@notebook_argument
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@run_option
def command(notebook: Path, target: Path, run: str | None) -> None:
    """Write a run of NOTEBOOK to FILE: its journal and every stored value that it refers to. No kernel may have the run meanwhile.

    \b
    Example:
      durnb export etl.ipynb etl-20-november.durnb --run day=2026-11-20
    """
    store = store_for(notebook)
    chosen = choose_run(store, run)
    size = export_run(store, chosen, target.absolute(), SystemClock())
    click.echo(f"run {chosen} is in {target}, {bytes_text(size)}")
