"""``durnb pause``: no step of a run starts until it is resumed."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import json_option, notebook_argument, run_option
from durnb.cli.steered import EPILOG, carry_out
from durnb.engine.steering import Steer


@click.command("pause", epilog=EPILOG)
@notebook_argument
@run_option
@json_option
def command(notebook: Path, run: str | None, as_json: bool) -> None:
    """Let no step of a run of NOTEBOOK start until it is resumed. A step that runs now ends; durnb run stops after it, and a worker leaves the run alone.

    \b
    Example:
      durnb pause etl.ipynb --run day=2026-11-20
    """
    carry_out(notebook, run, Steer(wanted="pause"), as_json)
