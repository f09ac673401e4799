"""Which run a kernel attaches to."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import field
from datetime import timedelta
from typing import Any, Literal

from durnb.clock import Clock
from durnb.engine import overview
from durnb.errors import UsageError
from durnb.events import RunAbandoned, RunFinished
from durnb.fold import History
from durnb.journal import Journal, RunName, Store
from durnb.records import dataclass

Mode = Literal["auto", "new", "resume"]
INTERACTIVE = "interactive"
DEFAULT_KEY = "default"
"""The key of a run of the runner that has no parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The run that is wanted: its key, and whether the unfinished one is resumed, or the next begun.

    `runner` follows the runner's rules: an unfinished run whose last event is older than `resume_within` is abandoned, unless `mode` is "resume".
    """

    key: str = INTERACTIVE
    mode: Mode = "auto"
    runner: bool = False
    number: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


def default_wish(environ: dict[str, str]) -> Wish:
    """The run that the environment asks for: ``DURNB_RUN`` (a key, by the runner's rules) and ``DURNB_RUN_MODE``. Raises UsageError."""
    mode = environ.get("DURNB_RUN_MODE", "auto")
    if mode not in ("auto", "new", "resume"):
        raise UsageError(f"DURNB_RUN_MODE: {mode!r} is not auto, new or resume")
    key = environ.get("DURNB_RUN", "")
    try:
        parameters = json.loads(environ.get("DURNB_RUN_PARAMETERS") or "{}")
    except ValueError as error:
        raise UsageError(f"DURNB_RUN_PARAMETERS is not JSON: {error}") from None
    return Wish(key=key, mode=mode, runner=True, parameters=parameters) if key else Wish(key=INTERACTIVE)  # type: ignore[arg-type]  # checked above


def attach(
    store: Store,
    wish: Wish,
    *,
    clock: Clock,
    wait: timedelta,
    resume_within: timedelta,
    connection_file: str | None,
    steps: Collection[str] = (),
) -> Journal:
    """Open the wished run, or begin it; a run that is left for the next is finished where all `steps` of the notebook are, else abandoned.

    Raises RunHeld and the JournalErrors.
    """
    newest = RunName(wish.key, wish.number) if wish.number is not None else store.newest(wish.key)
    if newest is None:
        return _begin(store, RunName(wish.key, 1), wish, clock=clock, wait=wait, connection_file=connection_file)
    try:
        journal = Journal.open(store, newest, create=False, clock=clock, wait=wait, connection_file=connection_file)
    except UsageError:
        if wish.number is not None or newest in store.runs():
            raise
        return _begin(
            store, newest, wish, clock=clock, wait=wait, connection_file=connection_file
        )  # it was over, and has just been deleted
    if goes_on(journal.history, wish, clock, resume_within):
        return journal
    if journal.history.status == "open":
        why = "a new run was asked for" if wish.mode == "new" else f"its last event is older than {resume_within}"
        journal.append(RunFinished() if _is_complete(journal.history, steps) else RunAbandoned(why=why))
    journal.write_status(overview.as_json(journal.history))  # attaching said that it goes on
    journal.close("new")
    return _begin(store, RunName(wish.key, newest.number + 1), wish, clock=clock, wait=wait, connection_file=connection_file)


def _is_complete(history: History, steps: Collection[str]) -> bool:
    known = history.steps
    return bool(steps) and all(name in known and known[name].checkpoint is not None and not known[name].unfinished for name in steps)


def _begin(store: Store, run: RunName, wish: Wish, *, clock: Clock, wait: timedelta, connection_file: str | None) -> Journal:
    return Journal.open(store, run, create=True, clock=clock, wait=wait, connection_file=connection_file, parameters=wish.parameters)


def goes_on(history: History, wish: Wish, clock: Clock, resume_within: timedelta) -> bool:
    """Whether the wish is for that run, the newest of its key, and not for the next."""
    if wish.number is not None:
        return True
    if history.status != "open":
        return False
    if wish.mode == "new":
        return not any(step.checkpoints for step in history.steps.values())
    if not wish.runner or wish.mode == "resume" or history.updated is None or history.suspended is not None:
        return True
    # the attach of this very kernel is the last event; what counts is the one before
    return clock.now() - (history.last_step_event or history.updated) <= resume_within
