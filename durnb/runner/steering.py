"""Steers a run from outside: by its journal where nobody has it, else by asking the kernel that does."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from typing import Final

from durnb.clock import Clock
from durnb.engine import overview
from durnb.engine.owner import interrupt_owner, look_owner
from durnb.engine.steering import InFile, Steer, steer
from durnb.errors import RunHeld, UsageError
from durnb.journal import Journal, RunName, Store, task_claimed
from durnb.records import dataclass
from durnb.runner.exits import Exit
from durnb.runner.task import queue_again, task_of

PATIENCE: Final = 30.0  # seconds for a cell that was interrupted to leave
_POLL: Final = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Steered:
    """What follows, in words; `taken` is False where the kernel that has the run will take the wish in only when its step ends."""

    said: str
    taken: bool = True


def steer_run(store: Store, run: RunName, wish: Steer, in_file: InFile, clock: Clock) -> Steered:
    """Carry the wish out. A run that is cancelled while a cell of it runs has that cell interrupted; one that can go on is queued for a worker.

    Raises UsageError where the wish can't hold, RunHeld where the run changed hands meanwhile, and the JournalErrors.
    """
    steered = _steered(store, run, wish, in_file, clock)
    if wish.wanted in ("resume", "rerun", "resolve") and wish.answer != "abort" and task_claimed(store, run.key) is None:
        queue_again(store, run.key, clock)
    return steered


def _steered(store: Store, run: RunName, wish: Steer, in_file: InFile, clock: Clock) -> Steered:
    with suppress(RunHeld):
        if store.owner(run) is None:
            return Steered(_record(store, run, wish, in_file, clock))
    return _ask(store, run, wish, in_file, clock)


def _record(store: Store, run: RunName, wish: Steer, in_file: InFile, clock: Clock) -> str:
    journal = Journal.open(store, run, create=False, clock=clock, wait=timedelta(0), attach=False)
    try:
        said = steer(journal, wish, in_file, asks=_asks(store, run))
        rows = [overview.json_row(overview.unowned(row)) for row in overview.rows(journal.history)]
        journal.write_status({**overview.as_json(journal.history), "steps": rows})
    finally:
        journal.close(None)
    return said


def _asks(store: Store, run: RunName) -> bool:
    """Whether a step asked when the run was run last: a question that is put before a step starts is in no journal."""
    task = task_of(store, run.key)
    return task is not None and task.exit == Exit.ASKS and task.run == str(run)


def _ask(store: Store, run: RunName, wish: Steer, in_file: InFile, clock: Clock) -> Steered:
    owner = store.owner(run)
    request = store.request(run, wish.wanted, **wish.facts)
    answer = look_owner(store, run) or {"busy": True}
    if wish.wanted == "cancel" and interrupt_owner(store, run):
        _until_served(store, run, request)
    if store.owner(run) is None and store.asked(run, request):  # it ended before it looked
        store.withdraw(run, request)
        return Steered(_record(store, run, wish, in_file, clock))
    if refused := answer.get("refused", {}).get(request):
        raise UsageError(str(refused))
    if store.asked(run, request):
        return Steered(f"process {owner} is at work in it, and takes this in when its step ends", taken=False)
    return Steered(str(answer.get("done", {}).get(request, "taken in by the kernel that has it")))


def _until_served(store: Store, run: RunName, request: str) -> None:
    end = time.monotonic() + PATIENCE
    while store.asked(run, request) and store.owner(run) is not None and time.monotonic() < end:
        time.sleep(_POLL)
