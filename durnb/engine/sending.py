"""Sends a run what a step of it waits for: by its journal where nobody has it, else by asking the kernel that does."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Final, Literal, assert_never

from durnb.clock import Clock
from durnb.engine.mail import Sender, receive, take_signals
from durnb.engine.owner import look_owner
from durnb.errors import RunHeld, SignalRefused
from durnb.journal import Journal, RunName, Store

Sent = Literal["kept", "taken", "queued"]
"""Recorded in the run that nobody has; recorded by the kernel that has it; or on the disk, for that kernel to find."""

PATIENCE: Final = timedelta(seconds=10)
_LOOK: Final = 5.0  # seconds for the kernel's answer that it looked; what it found is told by the inbox
_POLL: Final = 0.05  # seconds


def send_signal(store: Store, run: RunName, name: str, value: str, *, sender: Sender, clock: Clock, patience: timedelta = PATIENCE) -> Sent:
    """Send `value` (JSON) under `name`, and wait up to `patience` for the word of the kernel that has the run.

    Raises SignalRefused where the wait for it can't take the value, and the JournalErrors: then nothing was sent.
    """
    end = time.monotonic() + patience.total_seconds()
    with suppress(RunHeld):
        if store.owner(run) is None:
            _record(store, run, name, value, sender, clock)
            return "kept"
    request = store.request(run, "signal", name=name, value=value, by=sender.by, via=sender.via)
    look_owner(store, run, min(_LOOK, patience.total_seconds()))
    while (answer := store.answer(run, request)) is None:
        if store.owner(run) is None:  # it ended before it looked
            with suppress(RunHeld):
                _serve(store, run, clock)
        elif time.monotonic() >= end:
            return "queued"
        else:
            time.sleep(_POLL)
    if answer:
        raise SignalRefused(name=name, why=answer)
    return "taken"


def _record(store: Store, run: RunName, name: str, value: str, sender: Sender, clock: Clock) -> None:
    journal = Journal.open(store, run, create=False, clock=clock, wait=timedelta(0), attach=False)
    try:
        receive(journal, name, value, uuid.uuid4().hex, sender)
    finally:
        journal.close(None)


def _serve(store: Store, run: RunName, clock: Clock) -> None:
    """Take what lies in the inbox of a run that nobody has."""
    journal = Journal.open(store, run, create=False, clock=clock, wait=timedelta(0), attach=False)
    try:
        take_signals(journal)
    finally:
        journal.close(None)


def said(sent: Sent, run: RunName, name: str) -> str:
    """What became of the signal, for whoever sent it."""
    match sent:
        case "kept":
            return f"run {run}: the signal {name} is kept until a durable cell waits for it"
        case "taken":
            return f"run {run}: its kernel has the signal {name}, and keeps it until a durable cell waits for it"
        case "queued":
            return (
                f"run {run}: its kernel is busy and has not said whether it takes the signal {name}. It lies in the run's inbox, survives a "
                "restart, and is looked at when that kernel comes to it, which may still refuse it: do not send it again, look at the run"
            )
        case _ as never:
            assert_never(never)
