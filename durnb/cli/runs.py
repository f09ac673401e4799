"""Runs as rows of a table, for the commands that list them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import click

from durnb.cli.tables import print_table
from durnb.cli.words import time_in_words
from durnb.journal import Store
from durnb.runner.glance import Glance
from durnb.runner.unread import unread

RUN_HEADS: Final = ("notebook", "run", "stands", "steps", "at", "last told", "why")


def run_row(one: Glance, folder: Path) -> tuple[str, ...]:
    """A run in a row: its notebook as seen from `folder`."""
    notebook = one.notebook.relative_to(folder) if one.notebook.is_relative_to(folder) else one.notebook
    waits = f"waits for {' or '.join(one.waits_for)}" if one.waits_for else ""
    why = ", ".join(filter(None, (waits, f"goes on {time_in_words(one.wake)}" if one.wake else ""))) or one.reason
    return (str(notebook), one.run or one.key, one.standing, f"{one.finished}/{one.steps}", one.step or "", time_in_words(one.at), why)


def say_unread(stores: Iterable[Store]) -> None:
    """Tell, on stderr, of files of theirs that can't be read, and so are missing in what is shown."""
    for store in stores:
        for each in unread(store):
            click.echo(f"durnb: {each}", err=True)


def runs_table(found: Sequence[Glance], folder: Path) -> None:
    """Print them."""
    print_table(RUN_HEADS, (run_row(one, folder.resolve()) for one in found), numbers=frozenset({"steps"}))
