"""``durnb signal``: sends a run what a step of it waits for, whether or not a kernel has it."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from durnb.cli.arguments import choose_run, length_of, notebook_argument, run_option, store_for
from durnb.clock import SystemClock
from durnb.engine.mail import Sender
from durnb.engine.messages import LOOK
from durnb.engine.sending import PATIENCE, said, send_signal
from durnb.errors import UsageError
from durnb.runner.task import task_of

QUEUED: Final = 9  # the exit code that says: not refused, and not taken yet


@click.command("signal")
@notebook_argument
@click.argument("name")
@click.option("--value", default="null", help="What the signal says, as JSON.")
@run_option
@click.option(
    "--wait",
    default=f"{PATIENCE.total_seconds():g}s",
    show_default=True,
    metavar="TIME",
    help="How long to wait for the word of the kernel that has the run.",
)
def command(notebook: Path, name: str, value: str, run: str | None, wait: str) -> None:
    """Send the signal NAME to a run of NOTEBOOK. It is kept until ``durnb.wait_for(NAME)`` takes it, once.

    Exit codes: 0, the run has it; 2, it was refused, and the reason is printed; 9, the kernel that has the run did not answer in time:
    the signal is on the disk and will be looked at.

    \b
    Example:
      durnb signal etl.ipynb approve --value '{"by": "ann"}'
    """
    try:
        json.loads(value)
    except ValueError as error:
        raise UsageError(f"--value {value[:60]!r} is not JSON ({error}); text needs its quotes: --value '\"yes\"'") from None
    patience = length_of("--wait", wait, least=timedelta(0))
    store = store_for(notebook)
    chosen = choose_run(store, run)
    sent = send_signal(store, chosen, name, value, sender=Sender.here("the command line"), clock=SystemClock(), patience=patience)
    if sent == "kept" and task_of(store, chosen.key) is not None:
        store.request(chosen, LOOK)  # a runner sees it at whatever moment it comes, and lets a suspended run go on
    click.echo(said(sent, chosen, name))
    if sent == "queued":
        sys.exit(QUEUED)
