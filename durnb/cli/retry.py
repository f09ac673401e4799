"""``durnb retry``: a step that failed or asks is to run again."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import json_option, notebook_argument, run_option
from durnb.cli.steered import EPILOG, carry_out
from durnb.engine.steering import Steer


@click.command("retry", epilog=EPILOG)
@notebook_argument
@click.argument("step")
@run_option
@json_option
def command(notebook: Path, step: str, run: str | None, as_json: bool) -> None:
    """Have STEP of a run of NOTEBOOK, which failed or asks, run again when its cell is run next: durnb resolve NOTEBOOK STEP retry.

    \b
    Example:
      durnb retry etl.ipynb send-mail
    """
    carry_out(notebook, run, Steer(wanted="resolve", step=step, answer="retry"), as_json)
