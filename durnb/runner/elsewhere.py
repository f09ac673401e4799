"""Finished steps that a new run of a notebook will not have, because another run of it, under another key, has them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from durnb.clock import Clock
from durnb.journal import RunName, Store
from durnb.runner.request import RunRequest
from durnb.runner.runview import fresh_status

_OPEN = frozenset({"open", "suspended", "paused"})


def left_elsewhere(store: Store, request: RunRequest, clock: Clock) -> str:
    """That an open run of other key and the same parameters holds finished steps, and how to go on with it: of several, the one used last.

    Empty where there is none, or where the request goes on with a run of its own, or is for a new one whatever there is.
    """
    runs = store.runs() if request.mode == "auto" else []
    newest = {run.key: run for run in runs}
    statuses = {key: fresh_status(store, run, clock) for key, run in newest.items()}
    if request.key in newest and statuses[request.key].get("state", "open") in _OPEN:
        return ""
    others = {key: status for key, status in statuses.items() if key != request.key and _holds(status, request.parameters)}
    key = max(others, key=lambda one: str(others[one].get("at")), default=None)
    return "" if key is None else _said(store, newest[key], _finished(others[key]), request)


def _holds(status: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    return status.get("state") in _OPEN and status.get("parameters") == dict(parameters) and _finished(status) > 0


def _finished(status: Mapping[str, Any]) -> int:
    return sum(step.get("status") == "finished" for step in status.get("steps", ()) if isinstance(step, Mapping))


def _said(store: Store, run: RunName, finished: int, request: RunRequest) -> str:
    owner = store.owner(run)
    every = " --all" if request.every else ""
    command = f"durnb run {shlex.quote(store.notebook.name)} --key {shlex.quote(run.key)} --resume{every}"
    first = f", once the kernel that has it (process {owner}) is shut down" if owner is not None else ""
    return f"run {run} is open and holds {finished} finished step{'s' * (finished != 1)}; this is another run: {command} goes on with that one{first}"
