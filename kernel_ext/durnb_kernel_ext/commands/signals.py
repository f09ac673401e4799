"""Commands that send what a step waits for, and end its sleeps."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from durnb.engine import operations
from durnb.engine.mail import Sender, awaited, json_of, receive
from durnb.engine.sending import said, send_signal, unexpected
from durnb.engine.session import Session
from durnb.errors import UsageError
from durnb.journal import RunName, Store
from durnb_kernel_ext.commands import command

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension's magic calls the commands


@command("signal", "[--to NOTEBOOK] NAME [VALUE]")
def signal(extension: Extension, words: list[str]) -> str:
    """sends a signal to this notebook's run, whoever has it, or to another notebook's; VALUE is JSON, or text"""
    other, words = (words[1], words[2:]) if words[:1] == ["--to"] and len(words) > 1 else (None, words)
    if not words or len(words) > 2 or words[0].startswith("--"):
        raise UsageError("%durable signal takes a NAME and a VALUE: %durable signal approve true, or --to other.ipynb approve true")
    value = json_of(words[1]) if len(words) == 2 else "null"
    session = extension.engine
    store, run = _run_of(session, other)
    if run is None or (other is None and session.attached):
        names = awaited(session.journal.history)
        receive(session.journal, words[0], value, uuid.uuid4().hex, Sender.here("a cell of this notebook"))
        return _sentence(f"the signal {words[0]} is kept until a durable cell waits for it{unexpected(words[0], names)}")
    delivery = send_signal(store, run, words[0], value, sender=_from(session), clock=session.clock)
    return _sentence(said(delivery, run, words[0]))


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def _from(session: Session) -> Sender:
    notebook = session.kernel.notebook()
    return Sender.here(f"the notebook {notebook.name}" if notebook is not None else "another kernel")


def _run_of(session: Session, other: str | None) -> tuple[Store, RunName | None]:
    """The run that is meant: of this notebook (None where it has none yet), or the one used last of another. Raises UsageError where that has none."""
    if other is None:
        store, run = session.wished()
        return store, run or store.used_last()
    path = Path(os.path.abspath(Path(other).expanduser()))
    root = session.settings().store
    store = Store.of(path, Path(root).expanduser() if root else None)
    run = store.used_last()
    if run is None:
        raise UsageError(f"{other} has no run that could be sent a signal: nothing durable has been run in it")
    return store, run


@command("wake", "STEP")
def wake(extension: Extension, words: list[str]) -> str:
    """ends the durnb.sleep in which an interrupted or killed step is; then run its cell again"""
    if len(words) != 1:
        raise UsageError("%durable wake takes one STEP")
    return operations.wake(operations.steered(extension.engine), words[0]) + "."
