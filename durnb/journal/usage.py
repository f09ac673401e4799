"""What a store takes on the disk: its files by run, and the length of every stored value of a run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING

from durnb.clock import Clock
from durnb.fold import History
from durnb.journal import disk
from durnb.journal.deletion import size_of_run
from durnb.journal.disk import size_of
from durnb.journal.journal import Journal
from durnb.journal.lease import Lease
from durnb.journal.names import RunName
from durnb.journal.opening import open_database
from durnb.journal.packs import Packs, put_aside, read_list
from durnb.journal.references import small_values
from durnb.journal.room import size_of_store
from durnb.journal.sighting import is_draft, is_pack
from durnb.journal.store import Store
from durnb.records import dataclass

if TYPE_CHECKING:  # duckdb takes 0.1 s to import, so only the first open does
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFiles:
    """Bytes of one run: `journal` in its own files, `packs` in those that it lists, `shared` of these in such as other runs list too."""

    run: RunName
    owner: int | None
    state: str
    journal: int
    packs: int
    shared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFiles:
    """Bytes of a whole store: `unlisted` in packs that no run lists, `half_written` in such as are in the making or were left so,
    `damaged` in such as were found to be damaged and put aside.
    """

    runs: tuple[RunFiles, ...]
    total: int
    unlisted: int
    half_written: int
    damaged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """The stored values of a run: bytes by digest (hex). `allotted` are the bytes of small values and of whole packs, padding and all.

    `small` are the bytes of the small values, `events` those of the events, which are in the run's own file both.
    """

    of: dict[str, int]
    allotted: int
    small: int
    events: int


def files_of(store: Store) -> StoreFiles:
    """The files of `store`, runs that somebody has included. Raises JournalReadOnly."""
    with disk.at(store.folder):
        packs = {name: size_of(store.objects / name) for name in _names(store)}
        lists = {run: read_list(store.file(run, "packs")) for run in store.runs()}
        listings = Counter(name for listed in lists.values() for name in listed)
        return StoreFiles(
            runs=tuple(_run_files(store, run, listed, packs, listings) for run, listed in lists.items()),
            total=size_of_store(store.folder),
            unlisted=sum(size for name, size in packs.items() if is_pack(name) and not listings[name]),
            half_written=sum(size for name, size in packs.items() if is_draft(name)),
            damaged=sum(size for name, size in packs.items() if put_aside(name) is not None),
        )


def _names(store: Store) -> list[str]:
    return os.listdir(store.objects) if store.objects.is_dir() else []


def _run_files(store: Store, run: RunName, listed: Collection[str], packs: dict[str, int], listings: Counter[str]) -> RunFiles:
    return RunFiles(
        run=run,
        owner=store.owner(run),
        state=str((store.status(run) or {}).get("state", "open")),
        journal=size_of_run(store, run),
        packs=sum(packs.get(name, 0) for name in listed),
        shared=sum(packs.get(name, 0) for name in listed if listings[name] > 1),
    )


def own_lengths(journal: Journal) -> Lengths:
    """The lengths of the values of a run that this process has. Raises JournalError."""
    with disk.at(journal.store.objects):
        journal.packs.refresh()
    return journal.ask(lambda connection: _lengths(connection, journal.packs, journal.listed))


def read_lengths(store: Store, run: RunName, clock: Clock) -> tuple[History, Lengths]:
    """The state of a run that nobody has, and the lengths of its values. Raises RunHeld and the JournalErrors."""
    lease = Lease.acquire(store.file(run, "lock"), run=str(run), notebook=str(store.notebook), clock=clock, wait=timedelta(0))
    try:
        database, history = open_database(store, run, lease, clock, read_only=True)
        try:
            packs = Packs(store.objects)
            packs.refresh()
            return history, _lengths(database.connection, packs, read_list(store.file(run, "packs")))
        finally:
            database.discard()
    finally:
        lease.release()


def _lengths(connection: DuckDBPyConnection, packs: Packs, listed: Collection[str]) -> Lengths:
    small = {digest.hex(): length for digest, length in small_values(connection).items()}
    big = {digest.hex(): place.length for name in listed for digest, place in packs.entries(name)}
    files = sum(size_of(packs.folder / name) for name in listed)
    (events,) = connection.execute("select coalesce(sum(octet_length(encode(detail))), 0) from events").fetchone() or (0,)
    in_file = sum(small.values())
    return Lengths(of={**big, **small}, allotted=in_file + files, small=in_file, events=int(events))
