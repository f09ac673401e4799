"""``durnb cancel``: ends a run before its last step."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import json_option, notebook_argument, run_option
from durnb.cli.steered import EPILOG, carry_out
from durnb.engine.steering import Steer


@click.command("cancel", epilog=EPILOG)
@notebook_argument
@run_option
@json_option
def command(notebook: Path, run: str | None, as_json: bool) -> None:
    """End a run of NOTEBOOK for good: a cell of it that runs now is interrupted, and the run is never gone on with. The next durnb run begins another.

    \b
    Example:
      durnb cancel etl.ipynb --run day=2026-11-20
    """
    carry_out(notebook, run, Steer(wanted="cancel"), as_json)
