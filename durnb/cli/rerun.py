"""``durnb rerun``: a finished step is to run again."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import json_option, notebook_argument, run_option
from durnb.cli.steered import EPILOG, carry_out
from durnb.engine.steering import Steer


@click.command("rerun", epilog=EPILOG)
@notebook_argument
@click.argument("step")
@run_option
@json_option
def command(notebook: Path, step: str, run: str | None, as_json: bool) -> None:
    """Have the finished STEP of a run of NOTEBOOK run again, in a new generation, when its cell is run next.

    \b
    Example:
      durnb rerun etl.ipynb load
    """
    carry_out(notebook, run, Steer(wanted="rerun", step=step), as_json)
