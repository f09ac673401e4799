"""``durnb signal``: sends a run what a step of it waits for, whether or not a kernel has it."""

from __future__ import annotations

import json
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from durnb.cli.arguments import choose_run, notebook_argument, run_option, store_for
from durnb.clock import SystemClock
from durnb.engine.mail import receive
from durnb.engine.messages import LOOK
from durnb.errors import SignalRefused, UsageError
from durnb.journal import Journal, RunName, Store
from durnb.runner.task import task_of

_PATIENCE: Final = 3.0  # seconds; a wait looks every second


@click.command("signal")
@notebook_argument
@click.argument("name")
@click.option("--value", default="null", help="What the signal says, as JSON.")
@run_option
def command(notebook: Path, name: str, value: str, run: str | None) -> None:
    """Send the signal NAME to a run of NOTEBOOK. It is kept until ``durnb.wait_for(NAME)`` takes it, once.

    \b
    Example:
      durnb signal etl.ipynb approve --value '{"by": "ann"}'
    """
    try:
        json.loads(value)
    except ValueError as error:
        raise UsageError(f"--value {value[:60]!r} is not JSON ({error}); text needs its quotes: --value '\"yes\"'") from None
    store = store_for(notebook)
    chosen = choose_run(store, run)
    if store.owner(chosen) is None:
        journal = Journal.open(store, chosen, create=False, clock=SystemClock(), wait=timedelta(seconds=1), attach=False)
        try:
            receive(journal, name, value, uuid.uuid4().hex)
        finally:
            journal.close(None)
        if task_of(store, chosen.key) is not None:
            store.request(chosen, LOOK)  # a runner sees it at whatever moment it comes, and lets a suspended run go on
        click.echo(f"run {chosen}: the signal {name} is kept until a durable cell waits for it")
        return
    _ask_owner(store, chosen, name, value)


def _ask_owner(store: Store, run: RunName, name: str, value: str) -> None:
    request = store.request(run, "signal", name=name, value=value)
    end = time.monotonic() + _PATIENCE
    while (answer := store.answer(run, request)) is None and time.monotonic() < end:
        time.sleep(0.05)
    if answer:
        raise SignalRefused(name=name, why=answer)
    taken = "has it" if answer is not None else "finds it in the inbox when it runs a durable cell next"
    click.echo(f"run {run}: its kernel {taken}")
