"""A run, open: its history, and the only way to add to it."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import platform
import socket
import weakref
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import durnb
from durnb.clock import Clock
from durnb.errors import DurnbError, JournalDamaged, JournalError, JournalForeign, JournalForked, UsageError
from durnb.events import Event, KernelAttached, KernelDetached, RunStarted
from durnb.history import History
from durnb.journal import disk, inbox, rows
from durnb.journal.database import Database, errors
from durnb.journal.draft import SMALL, Draft
from durnb.journal.inbox import Request
from durnb.journal.lease import Lease
from durnb.journal.names import RunName
from durnb.journal.packs import Packs, digest_of_bytes, read_list, write_list
from durnb.journal.store import Store
from durnb.journal.trust import Secret, load_secret
from durnb.journal.writer import Writer

NOTHING: Final[Mapping[str, bytes]] = {}


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
