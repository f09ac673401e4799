"""``durnb trust``: vouches for checkpoints that somebody else signed."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import json_option, notebook_argument, run_option
from durnb.cli.steered import EPILOG, carry_out
from durnb.engine.steering import Steer


@click.command("trust", epilog=EPILOG)
@notebook_argument
@run_option
@json_option
def command(notebook: Path, run: str | None, as_json: bool) -> None:
    """Vouch for the checkpoints of a run of NOTEBOOK that somebody else signed: they are unpickled, which runs code that they hold, from here on.

    \b
    Example:
      durnb trust etl.ipynb --run interactive.1
    """
    carry_out(notebook, run, Steer(wanted="trust"), as_json)
