"""``durnb signal``: sends a run what a step of it waits for, whether or not a kernel has it."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from durnb.cli.arguments import choose_run, length_of, notebook_argument, run_option, store_for
from durnb.clock import SystemClock
from durnb.engine.mail import Sender, json_of
from durnb.engine.messages import LOOK
from durnb.engine.sending import PATIENCE, said, send_signal
from durnb.runner.task import task_of

QUEUED: Final = 9  # the exit code that says: not refused, and not taken yet


@click.command("signal")
@notebook_argument
@click.argument("name")
@click.option("--value", default="null", help="What the signal says: JSON, else it is a text.")
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
    patience = length_of("--wait", wait, least=timedelta(0))
    store = store_for(notebook)
    chosen = choose_run(store, run)
    sender = Sender.here("the command line")
    delivery = send_signal(store, chosen, name, json_of(value), sender=sender, clock=SystemClock(), patience=patience)
    if delivery.sent == "kept" and task_of(store, chosen.key) is not None:
        store.request(chosen, LOOK)  # a runner sees it at whatever moment it comes, and lets a suspended run go on
    click.echo(said(delivery, chosen, name))
    if delivery.sent == "queued":
        sys.exit(QUEUED)
