"""What one run lets go of, told from its file and its state, before anything is done."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING

from durnb.clock import Clock
from durnb.events import CheckpointsDropped
from durnb.fold import History
from durnb.journal.collected import Removed
from durnb.journal.lease import Lease
from durnb.journal.names import RunName
from durnb.journal.opening import open_database
from durnb.journal.packs import Packs, read_list
from durnb.journal.references import dead_values, mentioned, needed_packs, small_digests
from durnb.journal.retention import superfluous
from durnb.journal.store import Store
from durnb.records import dataclass

if TYPE_CHECKING:  # duckdb takes 0.1 s to import, so only the first open does
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """Checkpoints and other bytes by the events that let them go, and small values that are dead then, with their lengths.

    `big` are the digests that the run still refers to then and has no small value of, `packs` those that it has to list for them.
    """

    dropped: list[CheckpointsDropped]
    small: dict[bytes, int]
    big: set[bytes]
    packs: set[str]

    def removed(self, run: RunName) -> list[Removed]:
        """The same as facts."""
        found = [
            Removed(what="checkpoints", count=len(each.checkpoints), bytes=0, run=str(run), step=each.step)
            for each in self.dropped
            if each.checkpoints
        ]
        dead = Removed(what="small values", count=len(self.small), bytes=sum(self.small.values()), run=str(run))
        return [*found, *([dead] if self.small else [])]


def pruning_of(
    connection: DuckDBPyConnection, history: History, packs: Packs, listed: Collection[str], keep: int, needed: Collection[int] = ()
) -> Pruning:
    """What the run of `history` lets go of, where `keep` checkpoints of each step stay and somebody uses `needed`. Raises DuckDB's errors."""
    dropped = superfluous(history, keep, needed)
    alive = mentioned(connection, [seq for each in dropped for seq in each.events])
    small = dead_values(connection, alive)
    big = alive - small_digests(connection)
    return Pruning(dropped=dropped, small=small, big=big, packs=needed_packs(packs, listed, big))


def read_pruning(store: Store, packs: Packs, run: RunName, clock: Clock, keep: int) -> Pruning:
    """What a run that nobody has would let go of; nothing is changed. Raises RunHeld and the JournalErrors."""
    lease = Lease.acquire(store.file(run, "lock"), run=str(run), notebook=str(store.notebook), clock=clock, wait=timedelta(0))
    try:
        database, history = open_database(store, run, lease, clock, read_only=True)
        try:
            return pruning_of(database.connection, history, packs, read_list(store.file(run, "packs")), keep)
        finally:
            database.discard()
    finally:
        lease.release()
