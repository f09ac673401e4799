"""``durnb import``: takes in a run that ``durnb export`` wrote."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import notebook_argument, store_at
from durnb.journal import import_run


@click.command("import")
@notebook_argument
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False, exists=True), metavar="FILE")
def command(notebook: Path, source: Path) -> None:
    """Take the run in FILE, which durnb export wrote, into the store of NOTEBOOK. Where somebody else signed it, durnb trust has to follow before its
    results are used.

    \b
    Example:
      durnb import etl.ipynb etl-20-november.durnb
    """
    run = import_run(store_at(notebook), source)
    click.echo(f"run {run} is a run of {notebook.name}: durnb status {notebook.name} --run {run}")
