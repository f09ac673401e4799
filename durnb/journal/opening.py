"""Opening a run's file: its database, and the fold of all its events."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from durnb.clock import Clock
from durnb.errors import JournalDamaged, JournalForeign, UsageError
from durnb.fold import History
from durnb.journal import rows
from durnb.journal.database import Database, errors
from durnb.journal.lease import Lease
from durnb.journal.names import RunName
from durnb.journal.store import Store


def open_database(store: Store, run: RunName, lease: Lease, clock: Clock, *, read_only: bool = False) -> tuple[Database, History]:
    """The run's file under our lease, and the fold of its events. Raises the JournalErrors; the file is then as it was."""
    path = store.file(run, "duckdb")
    database = Database.open(path, clock.now(), read_only=read_only)
    try:
        history = _fold(database, path)
        if history.run and history.run != str(run):
            raise JournalForeign(path=str(path), why=f"it is the journal of run {history.run}")
        if (lease.acknowledged or 0) > history.seq:
            raise JournalDamaged(path=str(path), why=f"events {history.seq + 1} to {lease.acknowledged} are gone")
    except BaseException:
        database.discard()
        raise
    return database, history


def _fold(database: Database, path: Path) -> History:
    history = History()
    with errors(path), _no_collection():
        try:
            for each in rows.after(database.connection, 0):
                history.apply(each)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise JournalDamaged(path=str(path), why=f"event {history.seq}: {type(error).__name__}: {error}") from error
    return history


@contextmanager
def _no_collection() -> Iterator[None]:
    """A fold makes a million objects that all stay: looking for garbage among them doubles its time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def check_there(store: Store, run: RunName) -> None:
    """Raises UsageError where there is no such run."""
    if not store.file(run, "duckdb").exists():
        raise UsageError(f"{store.notebook.name} has no run {run}")
