"""``durnb resume``: a paused run may go on."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import json_option, notebook_argument, run_option
from durnb.cli.steered import EPILOG, carry_out
from durnb.engine.steering import Steer


@click.command("resume", epilog=EPILOG)
@notebook_argument
@run_option
@json_option
def command(notebook: Path, run: str | None, as_json: bool) -> None:
    """Let a paused run of NOTEBOOK go on: the next durnb run, or a worker that looks after it, does.

    \b
    Example:
      durnb resume etl.ipynb
    """
    carry_out(notebook, run, Steer(wanted="resume"), as_json)
