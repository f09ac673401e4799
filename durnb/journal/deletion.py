"""The end of a whole run: its files go in an order that a crash at any instruction leaves either a whole run, or none and some litter.

The journal's file decides: what has one is a run. Everything that another run of the same name could mistake for its own goes before it, or is
made to say nothing; the list of packs goes after it, for until then it is needed.
"""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Final

from durnb import faults
from durnb.clock import Clock
from durnb.errors import JournalError
from durnb.journal import disk, lease
from durnb.journal.lease import Lease
from durnb.journal.names import RunName
from durnb.journal.opening import open_database
from durnb.journal.retention import ENDED
from durnb.journal.store import Store

_NOW: Final = timedelta(0)


def delete_run(store: Store, run: RunName, clock: Clock) -> int | None:
    """Delete a run that is over; the bytes of its files, its packs not counted. None where it turns out not to be over, and then nothing is touched.

    Raises RunHeld and the JournalErrors; then it is whole, or gone but for litter that `remove_litter` takes away.
    """
    held = _acquire(store, run, clock)
    try:
        if not _is_over(store, run, held, clock):
            return None
        faults.point("run-verified")
        path, size = store.file(run, "duckdb"), size_of_run(store, run)
        with disk.at(path):
            remove(store.file(run, "inbox"), store.file(run, "status.json"))
            held.forget()
            path.unlink()
            disk.sync_folder(store.folder)
        faults.point("run-unlinked")
        _remove_rest(store, run)
        return size
    finally:
        held.release()


def _acquire(store: Store, run: RunName, clock: Clock) -> Lease:
    return Lease.acquire(store.file(run, "lock"), run=str(run), notebook=str(store.notebook), clock=clock, wait=_NOW)


def _is_over(store: Store, run: RunName, held: Lease, clock: Clock) -> bool:
    """Whether the run is over, by its events; its log is then folded into its file, so that one file is the run."""
    database, history = open_database(store, run, held, clock)
    if history.status not in ENDED:
        database.discard()
        return False
    database.close()
    log = store.file(run, "duckdb").with_suffix(".duckdb.wal")
    if log.exists():
        raise JournalError(f"{log} could not be folded into its journal, so run {run} was not deleted")
    return True


def _remove_rest(store: Store, run: RunName) -> None:
    """What is left of a run without a journal; its lock goes last, for we hold it."""
    with disk.at(store.folder):
        remove(*leftovers(store, run), store.file(run, "packs"))
        disk.sync_folder(store.folder)
        faults.point("run-unlisted")
        remove(store.file(run, "lock"))


def remove(*paths: Path) -> None:
    """Files and folders, there or not. Raises OSError."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def litter(store: Store) -> list[RunName]:
    """The runs of which a deletion, or a making, that was killed left a lock and no journal; requests to a run that is not there yet are no litter.

    A run whose journal somebody took away by other means is none of them: its lock remembers that it had events.
    """
    if not store.folder.is_dir():
        return []
    locks = sorted(store.folder.glob("*.lock"))
    return [run for lock in locks if (run := store.run_of(lock.stem)) is not None and _is_litter(store, run)]


def _is_litter(store: Store, run: RunName) -> bool:
    return not store.file(run, "duckdb").exists() and lease.acknowledged(store.file(run, "lock")) is None


def remove_litter(store: Store, run: RunName, clock: Clock) -> None:
    """Remove what is left of a run that `litter` named, unless somebody has begun it since. Raises RunHeld, JournalReadOnly."""
    held = _acquire(store, run, clock)
    try:
        if _is_litter(store, run):
            _remove_rest(store, run)
    finally:
        held.release()


def leftovers(store: Store, run: RunName) -> list[Path]:
    """Half-written files of the run's dead owners. Only whoever has the lease, and writes none of them now, may ask.

    Names that were cut could be another run's, and are left.
    """
    made = re.compile(
        rf"\.{re.escape(run.file)}\.(?:(?:packs|status\.json)\.[0-9]+\.[0-9a-f]+\.tmp|duckdb\.(?:[0-9a-f]+\.new(?:\.wal)?|spill))"
    )
    return sorted(path for path in store.folder.iterdir() if made.fullmatch(path.name))


def size_of_run(store: Store, run: RunName) -> int:
    """Bytes of the run's own files, without packs. Raises OSError."""
    inbox = store.file(run, "inbox")
    files = [store.file(run, suffix) for suffix in ("duckdb", "duckdb.wal", "packs", "status.json", "lock")]
    return sum(map(disk.size_of, [*files, *(inbox.iterdir() if inbox.is_dir() else ())]))
