"""A run that is over: nothing that is asked of it would ever be done, for the next run begins anew."""

from __future__ import annotations

import shlex

from durnb.engine.runs import DEFAULT_KEY, INTERACTIVE
from durnb.errors import UsageError
from durnb.fold import History
from durnb.journal import Journal


def check_goes_on(history: History, notebook: str) -> None:
    """Raises UsageError for a run that is over, naming what begins the next; `notebook` is the file's name."""
    if history.status != "open":
        raise UsageError(over(history, notebook))


def over(history: History, notebook: str) -> str:
    """That the run is over, and what begins the next."""
    begins = "%durable new in the notebook" if key_of(history) == INTERACTIVE else run_command(history, notebook)
    return f"run {history.run} is {history.status}: {begins} begins a new one, in which every step runs"


def run_command(history: History, notebook: str) -> str:
    """What is typed in a terminal for the key of the run, in words where its parameters belong to it."""
    command = f"durnb run {shlex.quote(notebook)}"
    if history.parameters:
        return f"{command} with its parameters"
    return command if key_of(history) == DEFAULT_KEY else f"{command} --key {shlex.quote(key_of(history))}"


def key_of(history: History) -> str:
    """The key of the run, without its number."""
    return history.run.rpartition(".")[0]


def notebook_of(journal: Journal) -> str:
    """The file's name, wherever it was when the run began."""
    return journal.store.notebook.name
