"""Collects what retention does not keep: whole runs, old checkpoints with their small values, and packs that no run lists any more.

The lists of the runs are the roots. A run's list grows before the commit that needs it and shrinks after the one that lets go, so at any instant it
names at least what the run needs. Packs go only under an exclusive lock that no commit shares, and by unlinking: whoever has one mapped keeps it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import field
from datetime import timedelta
from pathlib import Path
from typing import Final

from durnb import faults
from durnb.clock import Clock
from durnb.errors import StoreBusy
from durnb.journal import deletion, disk, forks
from durnb.journal.collected import Collected, Removed, What
from durnb.journal.compaction import rewrite, rewrites
from durnb.journal.journal import Journal
from durnb.journal.names import RunName
from durnb.journal.pruning import Pruning, pruning_of
from durnb.journal.retention import Limits, runs_to_delete
from durnb.journal.room import free_on_disk
from durnb.journal.sighting import Sighting, damaged_in, is_draft, is_pack, left_by_writers, listings
from durnb.journal.store import Store
from durnb.records import dataclass

_POLL: Final = 0.02  # seconds
_SHRINK: Final = 1_000_000  # bytes of deleted small values from which on a rewrite of those around them is worth its time
_ANY: Final = 1 << 62

Needed = Callable[[], Collection[int]]


@contextmanager
def exclusion(folder: Path, clock: Clock, patience: timedelta) -> Iterator[None]:
    """While this lasts no commit of any run counts on a pack in `folder`. Raises StoreBusy where one does so for longer than `patience`."""
    with disk.at(folder):
        disk.make_folder(folder)
        lock = forks.Descriptor(folder / ".lock", os.O_RDWR | os.O_CREAT)
    try:
        end = clock.monotonic() + patience.total_seconds()
        while not _locked(lock.number):
            if clock.monotonic() >= end:
                raise StoreBusy(path=str(folder), seconds=patience.total_seconds())
            clock.sleep(_POLL)
        yield
    finally:
        lock.close()


def _locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def collect(
    store: Store,
    limits: Limits,
    *,
    clock: Clock,
    patience: timedelta,
    own: Journal | None = None,
    needed: Needed = tuple,
    every_run: bool = True,
    copies: int = _ANY,
) -> Collected:
    """Remove what may go. `own` is the run that this process has, of which it still uses `needed`.

    Without `every_run` checkpoints of other runs stay. Of packs that are mostly dead, what is needed is written anew: up to `copies` bytes.
    A crash at any instruction, and a collection by another process at the same time, lose nothing. Raises StoreBusy where packs could not be
    looked at because of a commit, JournalForked, DiskFull, JournalReadOnly; what was removed until then is gone.
    """
    work = _Collection(sighting=Sighting(store, clock, own), limits=limits, needed=needed, copies=copies)
    work.remove_half_written()
    work.delete_runs(thorough=every_run)
    if every_run:
        work.prune_others()
    if own is not None:
        work.rewrite_packs(own)
    with exclusion(store.objects, clock, patience):
        small = work.prune(own) if own is not None else 0
        doomed = work.hide_packs()
    work.unlink(doomed)
    if own is not None and small > _SHRINK:
        own.shrink()
    return work.sighting.result()


@dataclass(slots=True, kw_only=True)
class _Collection:
    """One collection as it goes."""

    sighting: Sighting
    limits: Limits
    needed: Needed
    copies: int  # bytes that may still be written anew
    rewritten: dict[str, int] = field(default_factory=dict)
    half_written: list[int] = field(default_factory=list)  # bytes of small files that were removed

    @property
    def _store(self) -> Store:
        return self.sighting.store

    def remove_half_written(self) -> None:
        """Small files of writers that are gone."""
        with disk.at(self._store.folder):
            for path in left_by_writers(self._store, self.sighting.clock.now()):
                self.half_written.append(disk.size_of(path))
                path.unlink(missing_ok=True)

    def delete_runs(self, *, thorough: bool) -> None:
        """Whole runs that are over and too many, and what killed deletions left."""
        clock = self.sighting.clock
        for run in runs_to_delete(self.sighting.states(thorough=thorough), self.limits.runs):
            with self.sighting.leaving(run):
                size = deletion.delete_run(self._store, run, clock)
                if size is not None:
                    self.sighting.removed.append(Removed(what="run", count=1, bytes=size, run=str(run)))
        for run in deletion.litter(self._store):
            with self.sighting.leaving(run):
                deletion.remove_litter(self._store, run, clock)

    def prune_others(self) -> None:
        """Old checkpoints of the runs that nobody has."""
        for run in self.sighting.others():
            with self.sighting.leaving(run):
                self._prune_unowned(run)

    def _prune_unowned(self, run: RunName) -> None:
        store = self._store
        journal = Journal.open(store, run, create=False, clock=self.sighting.clock, wait=timedelta(0), attach=False)
        try:
            with disk.at(store.folder):
                deletion.remove(*deletion.leftovers(store, run))
            self.rewrite_packs(journal)
            self.prune(journal)
        finally:
            journal.close(None)

    def rewrite_packs(self, journal: Journal) -> None:
        """Have what the run needs of packs that are mostly dead in packs of their own, so that it need not list the old ones."""
        found = self._pruning(journal)
        with disk.at(self._store.folder):
            for each in rewrites(journal.packs, found.packs, found.big, listings(self._store)):
                if each.after <= min(self.copies, free_on_disk(self._store.folder)) and rewrite(journal, each):
                    self.copies -= each.after
                    self.rewritten[each.name] = each.after

    def _pruning(self, journal: Journal) -> Pruning:
        needed = self.needed() if journal is self.sighting.own else ()
        with disk.at(self._store.objects):
            journal.packs.refresh()
        keep = self.limits.checkpoints
        return journal.ask(lambda connection: pruning_of(connection, journal.history, journal.packs, journal.listed, keep, needed))

    def prune(self, journal: Journal) -> int:
        """Let go of what the run need not keep; bytes of small values. Nobody may be writing a checkpoint of it."""
        found, small = self._pruning(journal), 0
        if found.dropped or found.small:
            small = journal.let_go(found.dropped)
            self.sighting.removed += found.removed(journal.run)
        faults.point("checkpoints-dropped")
        journal.relist(found.packs)
        faults.point("run-relisted")
        return small

    def hide_packs(self) -> list[Path]:
        """Take their names from the packs that no run lists, so that no commit will count on them; these, and what is nobody's. Under exclusion."""
        objects = self._store.objects
        with disk.at(objects):
            listed, there = listings(self._store), sorted(os.listdir(objects))
            unlisted = [objects / name for name in there if is_pack(name) and name not in listed]
            dead = [objects / name for name in there if is_draft(name)]
            gone, damaged = damaged_in(there, listed)
            self._note("packs", [disk.size_of(path) - self.rewritten.get(path.name, 0) for path in unlisted])
            self._note("damaged packs", [disk.size_of(objects / name) for name in gone])
            self.sighting.damaged = {name: disk.size_of(objects / name) for name in damaged}
            self._note("leftovers", [*self.half_written, *(disk.size_of(path) for path in dead)])
            hidden = [path.rename(path.with_name(f".{path.name}.tmp")) for path in unlisted]
            disk.sync_folder(objects)
        if (own := self.sighting.own) is not None:
            own.packs.refresh()
        faults.point("packs-hidden")
        return [*hidden, *dead, *(objects / name for name in gone)]

    def _note(self, what: What, sizes: Collection[int]) -> None:
        if sizes:
            self.sighting.removed.append(Removed(what=what, count=len(sizes), bytes=sum(sizes)))

    def unlink(self, doomed: Collection[Path]) -> None:
        """The disk's part, which may take a while, is done when commits may go on."""
        for path in doomed:
            with disk.at(path):
                path.unlink(missing_ok=True)  # another collection may have come upon it
            faults.point("pack-unlinked")
