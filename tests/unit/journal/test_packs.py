from __future__ import annotations

import errno
import fcntl
import os
import pickle
import threading
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from durnb.errors import DiskFull, JournalDamaged
from durnb.journal import Journal, RunName, Store, check
from durnb.journal.disk import as_journal_error
from durnb.journal.packs import PAGE, Packs, PackWriter, read_index
from unit.journal.journal_samples import RUN, opened, run_step, started, succeeded


def packs_of(store: Store) -> list[Path]:
    return sorted(store.objects.glob("*.pack"))


def test_bytes_come_back_whatever_their_size_and_kind(journal: Journal) -> None:
    values = [b"", b"x", bytes(64_000), bytes(64_001), os.urandom(4096 * 20), os.urandom(3_000_001)]
    digests = run_step(journal, "load", values)
    assert digests == [blake3(value).hexdigest() for value in values]
    for digest, value in zip(digests, values, strict=True):
        got = journal.read(digest)
        assert type(got) is bytearray
        assert got == value
    with journal.draft() as draft:
        for kind in (bytearray, memoryview, pickle.PickleBuffer):
            assert draft.add(kind(values[-1])) == digests[-1]
        assert draft.size == 0


def test_small_bytes_need_no_pack(journal: Journal, store: Store) -> None:
    run_step(journal, "load", [b"x" * 64_000, b"y"])
    assert packs_of(store) == []
    assert not store.file(RUN, "packs").exists()


def test_many_small_values_of_one_commit_go_to_its_pack(journal: Journal, store: Store) -> None:
    values = [os.urandom(50_000) for _ in range(120)]
    digests = run_step(journal, "load", values)
    assert len(packs_of(store)) == 1
    assert [bytes(journal.read(digest)) for digest in digests] == values


def test_buffers_lie_at_pages_and_the_pack_is_listed(journal: Journal, store: Store) -> None:
    run_step(journal, "load", [os.urandom(100_001), os.urandom(70_000), b"small"])
    (pack,) = packs_of(store)
    entries = read_index(pack)
    assert [(offset % PAGE, length) for _, offset, length in entries] == [(0, 100_001), (0, 70_000)]
    assert store.file(RUN, "packs").read_text() == f"{pack.name}\n"


def test_equal_bytes_are_stored_once_over_steps_runs_and_reopening(store: Store) -> None:
    big, small = os.urandom(500_000), b"s" * 1000
    first = opened(store)
    run_step(first, "load", [big, small, big, small])
    run_step(first, "more", [small, big, os.urandom(500_000)])
    first.close()
    first = opened(store)
    run_step(first, "again", [big, small])
    other = opened(store, RunName("default", 1))
    run_step(other, "load", [small, big])
    assert len(packs_of(store)) == 2
    assert sum(pack.stat().st_size for pack in packs_of(store)) < 1_020_000
    listed = set(store.file(other.run, "packs").read_text().split())
    assert len(listed) == 1
    assert listed < set(store.file(RUN, "packs").read_text().split())
    first.close()
    other.close()
    assert check(store) == []


def test_the_size_of_a_draft_is_what_is_newly_written(journal: Journal) -> None:
    journal.append(started("load"))
    big = os.urandom(100_000)
    with journal.draft("load") as draft:
        draft.add(b"abc")
        draft.add(b"abc")
        assert draft.size == 3
        draft.add(big)
        draft.add(big)
        assert 100_003 <= draft.size < 100_003 + PAGE
        draft.commit(succeeded("load"))
    with journal.draft("load") as draft:
        draft.add(big)
        draft.add(b"abc")
        assert draft.size == 0


def test_an_abandoned_draft_leaves_nothing(journal: Journal, store: Store) -> None:
    with journal.draft("load") as draft:
        draft.add(bytes(200_000))
        draft.add(b"small")
        assert len(list(store.objects.glob(".*.tmp"))) == 1
    assert [path.name for path in store.objects.iterdir()] == [".lock"]
    with pytest.raises(KeyError):
        journal.read(blake3(bytes(200_000)).hexdigest())


@pytest.mark.parametrize("damage", ["gone", "cut", "empty", "flipped buffer", "flipped index", "flipped footer", "longer"])
def test_a_damaged_pack_is_noticed_when_its_bytes_are_read(store: Store, damage: str) -> None:
    journal = opened(store)
    digests = run_step(journal, "load", [os.urandom(100_000), os.urandom(200_000)])
    journal.close()
    (pack,) = packs_of(store)
    content = bytearray(pack.read_bytes())
    match damage:
        case "gone":
            pack.unlink()
        case "cut":
            pack.write_bytes(content[:-5000])
        case "empty":
            pack.write_bytes(b"")
        case "longer":
            pack.write_bytes(bytes(content) + b"x")
        case _:
            content[{"flipped buffer": 50, "flipped index": -60, "flipped footer": -20}[damage]] ^= 1
            pack.write_bytes(content)
    journal = opened(store)
    with pytest.raises(JournalDamaged, match=pack.name):
        journal.read(digests[0])
    journal.close()
    assert any(pack.name in problem for problem in check(store))


def test_a_pack_that_goes_while_the_run_is_open_is_damage(store: Store) -> None:
    journal = opened(store)
    (digest,) = run_step(journal, "load", [bytes(100_000)])
    packs_of(store)[0].unlink()
    with pytest.raises(JournalDamaged, match="gone"):
        journal.read(digest)
    with journal.draft("load") as draft:
        assert draft.add(bytes(100_000)) == digest
        assert draft.size > 0
    journal.close()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), min_size=1, max_size=12), st.data())
def test_a_pack_truncated_at_any_offset_is_not_taken(tmp_path: Path, sizes: list[tuple[int, int]], data: st.DataObject) -> None:
    writer = PackWriter(tmp_path)
    values = [bytes([byte]) * size for size, byte in sizes]
    digests = [writer.write(memoryview(value)) for value in values]
    writer.seal()
    packs = Packs(tmp_path)
    packs.refresh()
    for digest, value in zip(digests, values, strict=True):
        place = packs.find(digest)
        assert place is not None
        assert packs.read(digest, place) == value
    path = tmp_path / writer.name
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(JournalDamaged):
        read_index(path)
    path.unlink()


def test_a_collection_waits_for_a_draft_and_a_draft_for_a_collection(journal: Journal, store: Store) -> None:
    draft = journal.draft("load")
    draft.add(bytes(100_000))
    with (store.objects / ".lock").open("rb") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        journal.append(started("load"))
        draft.commit(succeeded("load"))
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        done = threading.Event()

        def add() -> None:
            with journal.draft("load") as second:
                second.add(bytes(100_000))
                done.set()

        thread = threading.Thread(target=add)
        thread.start()
        assert not done.is_set()
        fcntl.flock(lock, fcntl.LOCK_UN)
        thread.join()
        assert done.is_set()


def test_a_quota_and_a_size_limit_are_a_full_disk() -> None:
    for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        assert isinstance(as_journal_error(OSError(code, "x"), Path("p")), DiskFull)


@pytest.mark.parametrize("count", [1, 2**20, 2**40, 2**63])
def test_a_footer_that_promises_too_much_is_not_believed(tmp_path: Path, count: int) -> None:
    path = tmp_path / "x.pack"
    path.write_bytes(b"durnbpk1" + count.to_bytes(8, "little") + bytes(8) + bytes(32))
    with pytest.raises(JournalDamaged, match="not as long"):
        read_index(path)
