"""How the runs of a store stand, seen from outside; what can't be seen now is said, and hinders nobody."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from durnb.clock import Clock
from durnb.errors import DurnbError, JournalDamaged
from durnb.journal import disk
from durnb.journal.collected import Collected, Removed
from durnb.journal.journal import Journal, read_history
from durnb.journal.names import RunName
from durnb.journal.packs import put_aside, read_list
from durnb.journal.retention import ENDED, RunState
from durnb.journal.store import Store
from durnb.journal.temporaries import left_in
from durnb.records import dataclass

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Sighting:
    """One look at a store, and what came of it so far: see `Collected`. `own` is the run that this process has."""

    store: Store
    clock: Clock
    own: Journal | None = None
    removed: list[Removed] = field(default_factory=list)
    owned: dict[RunName, int] = field(default_factory=dict)
    left: dict[RunName, str] = field(default_factory=dict)
    damaged: dict[str, int] = field(default_factory=dict)

    def states(self, *, thorough: bool) -> list[RunState]:
        """Every run. Only if `thorough`, those are opened of which the last owner did not say that they ended; else they count as open."""
        return [self._state(run, thorough=thorough) for run in self.store.runs()]

    def _state(self, run: RunName, *, thorough: bool) -> RunState:
        if self.own is not None and run == self.own.run:
            return RunState(run=run, state=self.own.history.status, at=self.own.history.last_step_event or _LONG_AGO)
        if self.store.owner(run) is not None:
            return RunState(run=run, state="owned", at=_LONG_AGO)
        told = _told_end(self.store, run)
        if told is not None or not thorough:
            return told or RunState(run=run, state="open", at=_LONG_AGO)
        with self.leaving(run):
            history = read_history(self.store, run, self.clock)
            return RunState(run=run, state=history.status, at=history.last_step_event or _LONG_AGO)
        return RunState(run=run, state="unreadable", at=_LONG_AGO)

    def others(self) -> Iterator[RunName]:
        """The runs that nobody has; those that other processes have are noted."""
        for run in self.store.runs():
            if self.own is not None and run == self.own.run:
                continue
            if (pid := self.store.owner(run)) is not None:
                self.owned[run] = pid
            else:
                yield run

    @contextmanager
    def leaving(self, run: RunName) -> Iterator[None]:
        """What can't be done with the run now is noted, and goes no further."""
        try:
            yield
        except DurnbError as error:
            self.left[run] = str(error)

    def result(self) -> Collected:
        return Collected(removed=tuple(self.removed), owned=self.owned, left=self.left, damaged=self.damaged)


def _told_end(store: Store, run: RunName) -> RunState | None:
    """How and when the run ended, by its owner's last word; None where that is not that it did. A run that ended does not begin again."""
    status = store.status(run) or {}
    try:
        at = datetime.fromisoformat(str(status.get("updated") or status.get("at")))
    except ValueError:
        return None
    state = status.get("state")
    return RunState(run=run, state=state, at=at) if state in ENDED and at.tzinfo is not None else None


def listings(store: Store, without: Collection[RunName] = ()) -> Counter[str]:
    """By how many runs each pack is listed, the runs `without` left out.

    Raises OSError, and JournalDamaged for a list that is not one: it is no empty one.
    """
    gone = {store.file(run, "packs") for run in without}
    return Counter(name for file in store.folder.glob("*.packs") if file not in gone for name in _names_in(file))


def _names_in(file: Path) -> set[str]:
    try:
        names = read_list(file)
    except UnicodeDecodeError as error:
        raise JournalDamaged(path=str(file), why="it is no list of packs") from error
    if not all(map(is_pack, names)):
        raise JournalDamaged(path=str(file), why="it is no list of packs")
    return names


def half_written(store: Store) -> bool:
    """Whether packs lie there that are in the making, or that a killed process left so."""
    try:
        return any(map(is_draft, os.listdir(store.objects)))
    except FileNotFoundError:
        return False


def damaged_in(names: Iterable[str], listed: Collection[str]) -> tuple[list[str], list[str]]:
    """Of the files in ``objects``, the packs that were put aside as damaged: such as no run lists any more, and such as one does."""
    aside = sorted(name for name in names if put_aside(name) is not None)
    return [name for name in aside if put_aside(name) not in listed], [name for name in aside if put_aside(name) in listed]


def left_by_writers(store: Store, now: datetime) -> list[Path]:
    """Small files that writers which are gone left half-written, an hour ago or before. Raises OSError."""
    folders = [store.folder, store.folder / "once", store.objects, *store.folder.glob("*.inbox")]
    if store.folder.parent.name == ".durnb":
        folders.append(store.folder.parent)
    return sorted(path for folder in folders for path in left_in(folder, now.timestamp()))


def remove_left_by_writers(store: Store, now: datetime) -> None:
    """Remove them; harmless while others do. Raises JournalReadOnly."""
    with disk.at(store.folder):
        for path in left_by_writers(store, now):
            path.unlink(missing_ok=True)


def is_pack(name: str) -> bool:
    """Whether a file of this name in ``objects`` is a whole pack."""
    return name.endswith(".pack") and not name.startswith(".")


def is_draft(name: str) -> bool:
    """Whether it is a pack in the making, or one that was collected: nobody's, where nobody shares the lock."""
    return name.endswith(".pack.tmp") and name.startswith(".")
