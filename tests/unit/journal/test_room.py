"""Whether a save fits is known before a byte of it is written."""

from __future__ import annotations

import mmap
import os
import shutil
from pathlib import Path

import pytest

from durnb.errors import NoRoom
from durnb.journal import Journal, Limits, Store, collect
from durnb.journal.room import free_on_disk, size_of_store
from unit.journal.journal_samples import CLOCK, NO_WAIT, RUN, run_step, started, succeeded


def files(store: Store) -> list[str]:
    return sorted(path.name for path in store.objects.iterdir())


def save(journal: Journal, *values: bytes | mmap.mmap) -> None:
    """A checkpoint that asks for room first, as the engine's do."""
    with journal.draft("train") as draft:
        draft.reserve(values)
        for value in values:
            draft.add(value)
        draft.commit(succeeded("train"))


def test_a_save_that_max_store_does_not_allow_is_refused_before_it_begins_and_the_run_goes_on(journal: Journal, store: Store) -> None:
    run_step(journal, "load", [os.urandom(200_000)])
    journal.append(started("train"))
    limit = size_of_store(store.folder) + 1_000_000
    journal.room.limit = lambda: limit
    before, seq = files(store), journal.history.seq
    with pytest.raises(NoRoom) as caught:
        save(journal, os.urandom(500_000), os.urandom(600_000))
    assert (caught.value.step, caught.value.limit) == ("train", limit)
    assert "%durable save train" in str(caught.value)
    assert (files(store), journal.history.seq) == (before, seq)
    save(journal, os.urandom(500_000))


def test_what_is_stored_already_takes_no_room(journal: Journal, store: Store) -> None:
    stored = [os.urandom(400_000), os.urandom(400_001)]
    run_step(journal, "load", [*stored, b"small"])
    journal.append(started("train"))
    limit = size_of_store(store.folder) + 300_000
    journal.room.limit = lambda: limit
    save(journal, *stored, b"small", os.urandom(100_000))
    with pytest.raises(NoRoom):
        save(journal, stored[0], os.urandom(400_001))  # of a length that is stored: only its digest tells that it is new


def test_where_it_is_tight_what_may_go_goes_first(journal: Journal, store: Store) -> None:
    for number in range(1, 5):
        run_step(journal, "load", [os.urandom(400_000)], number)
    journal.append(started("train"))
    limit = size_of_store(store.folder) + 300_000
    journal.room.limit = lambda: limit
    kept = Limits(checkpoints=2, runs=1)
    journal.room.collect = lambda: _collect(store, kept, journal)
    save(journal, os.urandom(800_000))
    assert len(journal.history.steps["load"].dropped) == 2
    with pytest.raises(NoRoom):
        save(journal, os.urandom(3_000_000))
    assert journal.history.steps["load"].checkpoint is not None


def _collect(store: Store, limits: Limits, journal: Journal) -> None:
    collect(store, limits, clock=CLOCK, patience=NO_WAIT, own=journal)


def test_a_save_that_does_not_fit_on_the_disk_is_refused_before_it_begins(journal: Journal, store: Store, tmp_path: Path) -> None:
    run_step(journal, "load", [os.urandom(200_000)])
    journal.append(started("train"))
    before = files(store)
    with (tmp_path / "sparse").open("w+b") as file:
        file.truncate(shutil.disk_usage(tmp_path).free + 10**9)
        huge = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with pytest.raises(NoRoom, match="the disk of") as caught:
        save(journal, huge)
    assert caught.value.limit == 0
    assert files(store) == before


def test_the_room_on_a_disk_is_that_of_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    assert 0 < free_on_disk(tmp_path / "not" / "there") <= shutil.disk_usage(tmp_path).free


def test_what_a_store_takes_are_its_journals_and_packs(journal: Journal, store: Store) -> None:
    run_step(journal, "load", [os.urandom(200_000)])
    assert size_of_store(store.folder) > 200_000 + store.file(RUN, "duckdb").stat().st_size
    assert size_of_store(store.folder / "none") == 0
