"""Sends a run what a step of it waits for: by its journal where nobody has it, else by asking the kernel that does."""

from __future__ import annotations

import difflib
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, Literal, assert_never

from durnb.clock import Clock
from durnb.engine.mail import Sender, awaited, receive, take_signals, wake
from durnb.engine.over import notebook_of, run_command
from durnb.engine.owner import look_owner
from durnb.engine.runs import INTERACTIVE
from durnb.errors import RunHeld, SignalRefused, UsageError
from durnb.journal import Journal, RunName, Store, task_claimed
from durnb.records import dataclass

Sent = Literal["kept", "taken", "queued"]
"""Recorded in the run that nobody has; recorded by the kernel that has it; or on the disk, for that kernel to find."""

PATIENCE: Final = timedelta(seconds=10)
_LOOK: Final = 5.0  # seconds for the kernel's answer that it looked; what it found is told by the inbox
_POLL: Final = 0.05  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of something that was sent to a run; `awaited` are the signals that its steps waited for then, where that is known.

    `goes_on` says who has to go on with a run that nobody has.
    """

    sent: Sent
    refused: str = ""
    awaited: tuple[str, ...] = ()
    goes_on: str = ""


def send_signal(
    store: Store, run: RunName, name: str, value: str, *, sender: Sender, clock: Clock, patience: timedelta = PATIENCE
) -> Delivery:
    """Send `value` (JSON) under `name`, and wait up to `patience` for the word of the kernel that has the run.

    Raises SignalRefused where the wait for it can't take the value, and the JournalErrors: then nothing was sent.
    """

    def record(journal: Journal) -> None:
        receive(journal, name, value, uuid.uuid4().hex, sender)

    facts = {"name": name, "value": value, "by": sender.by, "via": sender.via}
    delivery = _send(store, run, "signal", facts, record, clock, patience)
    if delivery.refused:
        raise SignalRefused(name=name, why=delivery.refused)
    return delivery


def send_wake(store: Store, run: RunName, step: str, *, clock: Clock, patience: timedelta = PATIENCE) -> Sent:
    """End the sleeps of `step`, or ("") of the only step that sleeps, as `send_signal` sends. Raises UsageError where there is none, and the JournalErrors."""
    delivery = _send(store, run, "wake", {"step": step}, lambda journal: wake(journal, step, uuid.uuid4().hex), clock, patience)
    if delivery.refused:
        raise UsageError(delivery.refused)
    return delivery.sent


def _send(
    store: Store, run: RunName, kind: str, facts: Mapping[str, Any], record: Callable[[Journal], object], clock: Clock, patience: timedelta
) -> Delivery:
    """What became of it, and why the run's owner refused it ("" where it did not); `record` does it where nobody has the run."""
    end = time.monotonic() + patience.total_seconds()
    with suppress(RunHeld):
        if store.owner(run) is None:
            return _opened(store, run, record, clock)
    request = store.request(run, kind, **facts)
    names = (look_owner(store, run, min(_LOOK, patience.total_seconds())) or {}).get("awaited") or ()
    while (answer := store.answer(run, request)) is None:
        if store.owner(run) is None:  # it ended before it looked
            with suppress(RunHeld):
                _opened(store, run, take_signals, clock)
        elif time.monotonic() >= end:
            return Delivery(sent="queued")
        else:
            time.sleep(_POLL)
    return Delivery(sent="taken", refused=answer, awaited=tuple(map(str, names)))


def _opened(store: Store, run: RunName, act: Callable[[Journal], object], clock: Clock) -> Delivery:
    """Do it in the journal of a run that nobody has; what was waited for is what its steps waited for before."""
    journal = Journal.open(store, run, create=False, clock=clock, wait=timedelta(0), attach=False)
    try:
        names = awaited(journal.history)
        act(journal)
        return Delivery(sent="kept", awaited=names, goes_on=_goes_on(journal))
    finally:
        journal.close(None)


def _goes_on(journal: Journal) -> str:
    run, history = journal.run, journal.history
    if task_claimed(journal.store, run.key) is not None:
        return "the runner that has it goes on"
    if run.key == INTERACTIVE:
        return "run the cell that waits again, and it goes on"
    return f"durnb worker, or {run_command(history, notebook_of(journal))}, goes on with it"


def said(delivery: Delivery, run: RunName, name: str) -> str:
    """What became of the signal, for whoever sent it."""
    match delivery.sent:
        case "kept" if name in delivery.awaited:
            return f"run {run}: it has the signal {name}, for which it waits; {delivery.goes_on}"
        case "kept":
            return f"run {run}: the signal {name} is kept until a durable cell waits for it{unexpected(name, delivery.awaited)}"
        case "taken":
            return f"run {run}: its kernel has the signal {name}, and keeps it until a durable cell waits for it{unexpected(name, delivery.awaited)}"
        case "queued":
            return (
                f"run {run}: its kernel is busy and has not said whether it takes the signal {name}. It lies in the run's inbox, survives a "
                "restart, and is looked at when that kernel comes to it, which may still refuse it: do not send it again, look at the run"
            )
        case _ as never:
            assert_never(never)


def unexpected(name: str, names: tuple[str, ...]) -> str:
    """The end of a sentence on a signal that was kept while the run waits for others; empty where it waits for this one, or for none."""
    if not names or name in names:
        return ""
    near = difflib.get_close_matches(name, names, n=1)
    return f"; nothing waits for it now, what is waited for is {', '.join(names)}" + (f": did you mean {near[0]}?" if near else "")
