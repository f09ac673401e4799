"""Packs that are mostly dead, written anew."""

from __future__ import annotations

import mmap
import signal
from collections.abc import Iterator

import pytest

from durnb.errors import JournalDamaged
from durnb.journal import (
    Journal,
    RunName,
    Store,
    check,
    preview,
)
from unit.journal.collecting_samples import COLLECTS, KEEP, OTHER, big, edits, gc, removed
from unit.journal.journal_samples import CLOCK, RUN, ended, opened, process, run_step


@pytest.fixture(autouse=True)
def _whole(store: Store) -> Iterator[None]:
    """After each test the store is whole."""
    yield
    assert check(store) == []


def pinned(store: Store, run: RunName = RUN, size: int = 3_000_000) -> tuple[Journal, list[str], bytes]:
    """A run of whose first pack only a small part is needed: a buffer that every version of the step shares."""
    journal, shared = opened(store, run), big(70_000)
    for number in range(1, 4):
        digests = run_step(journal, "load", [b"s", shared, big(size if number == 1 else 80_000)], number)
    return journal, digests, shared


def test_what_is_needed_of_a_pack_that_is_mostly_dead_is_written_anew(store: Store) -> None:
    journal, digests, shared = pinned(store)
    foreseen = preview(store, KEEP, clock=CLOCK, own=journal)
    collected = gc(store, journal)
    assert removed(collected) == removed(foreseen)
    assert 2_900_000 < collected.bytes < 3_100_000
    assert sum(path.stat().st_size for path in store.objects.glob("*.pack")) < 300_000
    assert journal.read(digests[1]) == shared
    assert gc(store, journal).removed == ()
    journal.close()
    journal = opened(store)
    assert journal.read(digests[1]) == shared
    run_step(journal, "load", [b"s", shared, big()], 4)
    journal.close()


def test_a_pack_that_is_mapped_serves_on_after_it_was_written_anew(store: Store) -> None:
    journal, digests, shared = pinned(store)
    places = [journal.packs.find(bytes.fromhex(digest)) for digest in digests[1:2]]
    assert places[0] is not None
    with (store.objects / places[0].pack).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
        gc(store, journal)
        assert not (store.objects / places[0].pack).exists()
        assert mapped[places[0].offset : places[0].offset + len(shared)] == shared
    journal.close()


def test_a_pack_that_another_run_lists_is_not_written_anew(store: Store) -> None:
    journal, _, shared = pinned(store)
    other = opened(store, OTHER)
    edits(other, "load", shared)
    gc(store, journal)
    assert max(path.stat().st_size for path in store.objects.glob("*.pack")) > 3_000_000
    journal.close()
    other.close()


def test_no_more_is_written_anew_than_was_allowed(store: Store) -> None:
    journal, _, _ = pinned(store)
    gc(store, journal, copies=10_000)
    assert max(path.stat().st_size for path in store.objects.glob("*.pack")) > 3_000_000
    gc(store, journal)
    assert max(path.stat().st_size for path in store.objects.glob("*.pack")) < 300_000
    journal.close()


def test_a_damaged_buffer_is_not_written_anew_as_if_it_were_whole(store: Store) -> None:
    journal, digests, shared = pinned(store)
    place = journal.packs.find(bytes.fromhex(digests[1]))
    assert place is not None
    path = store.objects / place.pack
    whole = path.read_bytes()
    path.write_bytes(whole[: place.offset] + b"!" + whole[place.offset + 1 :])
    gc(store, journal)
    with pytest.raises(JournalDamaged, match=place.pack):
        journal.read(digests[1])
    path.write_bytes(whole)
    assert journal.read(digests[1]) == shared
    journal.close()


@pytest.mark.parametrize("point", ["pack-rewritten", "checkpoints-dropped", "packs-hidden"])
def test_a_kill_while_a_pack_is_written_anew_loses_nothing(store: Store, point: str) -> None:
    journal, digests, shared = pinned(store)
    journal.close()
    assert ended(process(store, COLLECTS, DURNB_FAULTS=f"{point}=kill")) == (-signal.SIGKILL, "")
    assert check(store) == []
    gc(store)
    journal = opened(store)
    assert journal.read(digests[1]) == shared
    assert sum(path.stat().st_size for path in store.objects.glob("*.pack")) < 300_000
    journal.close()
