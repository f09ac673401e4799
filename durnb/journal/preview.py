"""What a collection would remove. Nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from datetime import timedelta

from durnb.clock import Clock
from durnb.errors import StoreBusy
from durnb.journal import deletion, disk
from durnb.journal.collect import Needed, exclusion
from durnb.journal.collected import Collected, Removed, What
from durnb.journal.compaction import rewrites
from durnb.journal.journal import Journal
from durnb.journal.names import RunName
from durnb.journal.packs import Packs
from durnb.journal.pruning import Pruning, pruning_of, read_pruning
from durnb.journal.retention import Limits, runs_to_delete
from durnb.journal.sighting import Sighting, damaged_in, is_draft, is_pack, left_by_writers, listings
from durnb.journal.store import Store


def preview(store: Store, limits: Limits, *, clock: Clock, own: Journal | None = None, needed: Needed = tuple) -> Collected:
    """What `collect` would remove now. Raises JournalForked, JournalReadOnly."""
    sighting = Sighting(store, clock, own)
    deleted = runs_to_delete(sighting.states(thorough=True), limits.runs)
    with disk.at(store.folder):
        sighting.removed += [Removed(what="run", count=1, bytes=deletion.size_of_run(store, run), run=str(run)) for run in deleted]
    packs = Packs(store.objects)
    with disk.at(store.objects):
        packs.refresh()
    found: dict[RunName, Pruning] = {}
    if own is not None:
        found[own.run] = _of_own(own, limits, needed)
    for run in sighting.others():
        with sighting.leaving(run):
            if run not in deleted:
                found[run] = read_pruning(store, packs, run, clock, limits.checkpoints)
    with disk.at(store.folder):
        listed = listings(store, without=deleted)
        anew = [one for each in found.values() for one in rewrites(packs, each.packs, each.big, listed)]
    for run, pruning in found.items():
        sighting.removed += pruning.removed(run)
    kept = {name for each in found.values() for name in each.packs}.difference(one.name for one in anew)
    _preview_packs(sighting, [*found, *deleted, *deletion.litter(store)], kept, {one.name: one.after for one in anew})
    return sighting.result()


def _of_own(own: Journal, limits: Limits, needed: Needed) -> Pruning:
    with disk.at(own.store.objects):
        own.packs.refresh()
    return own.ask(lambda connection: pruning_of(connection, own.history, own.packs, own.listed, limits.checkpoints, needed()))


def _preview_packs(sighting: Sighting, told: Collection[RunName], needed: Collection[str], anew: Mapping[str, int]) -> None:
    """The packs that no list would name: those of the runs `told` will name what is `needed`, the others' stay as they are.

    `anew` gives the bytes of what will stand for a pack.
    """
    objects = sighting.store.objects
    with disk.at(objects):
        listed = {*needed, *listings(sighting.store, without=told)}
        there = sorted(os.listdir(objects)) if objects.is_dir() else []
        unlisted = [name for name in there if is_pack(name) and name not in listed]
        _note(sighting, "packs", [disk.size_of(objects / name) - anew.get(name, 0) for name in unlisted])
        gone, damaged = damaged_in(there, listed)
        _note(sighting, "damaged packs", [disk.size_of(objects / name) for name in gone])
        sighting.damaged = {name: disk.size_of(objects / name) for name in damaged}
        drafts = [objects / name for name in there if is_draft(name)] if _nobody_writes(sighting) else []
        _note(sighting, "leftovers", [disk.size_of(path) for path in (*drafts, *left_by_writers(sighting.store, sighting.clock.now()))])


def _nobody_writes(sighting: Sighting) -> bool:
    """Whether what lies there half-written is nobody's."""
    if not sighting.store.objects.is_dir():
        return False
    try:
        with exclusion(sighting.store.objects, sighting.clock, timedelta(0)):
            return True
    except StoreBusy:
        return False


def _note(sighting: Sighting, what: What, sizes: Collection[int]) -> None:
    if sizes:
        sighting.removed.append(Removed(what=what, count=len(sizes), bytes=sum(sizes)))
