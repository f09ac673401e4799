"""``durnb resolve``: answers what a step of a run asks."""

from __future__ import annotations

from pathlib import Path

import click

from durnb.cli.arguments import json_option, notebook_argument, run_option
from durnb.cli.steered import EPILOG, carry_out
from durnb.engine.mail import json_of
from durnb.engine.steering import Steer
from durnb.steps import Answer


@click.command("resolve", epilog=EPILOG)
@notebook_argument
@click.argument("step")
@click.argument("answer", type=click.Choice(["retry", "keep", "done", "abort"]))
@click.option("--value", default="null", help="The result of a call that is done: JSON, else it is a text.")
@run_option
@json_option
def command(notebook: Path, step: str, answer: Answer, value: str, run: str | None, as_json: bool) -> None:
    """Answer what STEP of NOTEBOOK, or a call in it (STEP/CALL), asks: retry runs it again, keep takes its last checkpoint although it is stale, done says that it happened and goes
    on without its variables, abort refuses it.

    \b
    Example:
      durnb resolve etl.ipynb send-mail done
    """
    carry_out(notebook, run, Steer(wanted="resolve", step=step, answer=answer, value=json_of(value)), as_json)
