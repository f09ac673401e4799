"""``durnb wake``: ends the sleep in which a step of a run is, whether or not a kernel has it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from durnb.cli.arguments import choose_run, notebook_argument, run_option, store_for
from durnb.cli.signal import QUEUED
from durnb.clock import SystemClock
from durnb.engine.messages import LOOK
from durnb.engine.sending import send_wake
from durnb.runner.task import task_of


@click.command("wake")
@notebook_argument
@click.argument("step", default="")
@run_option
def command(notebook: Path, step: str, run: str | None) -> None:
    """End the ``durnb.sleep`` in which STEP of a run of NOTEBOOK is; without STEP, in which its only sleeping step is. A run that is suspended goes on at
    once under durnb worker, or at the next durnb run.

    Exit codes: 0, it is awake; 2, nothing sleeps there; 9, the kernel that has the run did not answer in time, and looks at it when it can.

    \b
    Example:
      durnb wake etl.ipynb send
    """
    store = store_for(notebook)
    chosen = choose_run(store, run)
    sent = send_wake(store, chosen, step, clock=SystemClock())
    if sent == "kept" and task_of(store, chosen.key) is not None:
        store.request(chosen, LOOK)  # a runner sees it at whatever moment it comes, and lets the suspended run go on
    sleeper = step or "its step"
    match sent:
        case "queued":
            click.echo(f"run {chosen}: its kernel is busy, and wakes {sleeper} when it comes to it")
            sys.exit(QUEUED)
        case "kept" | "taken":
            click.echo(f"run {chosen}: {sleeper} sleeps no more")
