from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from durnb import mapped
from durnb.errors import JournalDamaged, JournalError, PackDamaged
from durnb.journal import Journal, Store, check, mapping
from durnb.journal.packs import aside, read_index
from unit.journal.journal_samples import opened, run_step, started, succeeded

BIG = mapped.BIG + 5_000


def flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0x40]))


@pytest.fixture
def bare(store: Store) -> Iterator[Journal]:
    """A journal whose store is not checked afterwards: the test damages it."""
    journal = opened(store)
    yield journal
    journal.close()


def test_big_buffers_are_mapped_and_each_is_the_callers_own(journal: Journal, store: Store) -> None:
    values = [os.urandom(BIG), b"small", os.urandom(200_000), os.urandom(BIG)]
    digests = run_step(journal, "load", values)
    asked = [*digests, digests[0]]
    first = journal.read_all(asked, [True] * 5)
    assert [bytes(each) for each in first] == [*values, values[0]]
    assert [type(each) for each in first] == [memoryview, bytearray, bytearray, memoryview, memoryview]
    for each in first:
        each[0] ^= 1
    assert [bytes(each)[1:] for each in first] == [value[1:] for value in [*values, values[0]]]
    assert [bytes(each) for each in journal.read_all(asked, [False] * 5)] == [*values, values[0]]


def test_much_is_checked_a_moment_later_and_nothing_is_committed_before(
    bare: Journal, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping, "SOON", 0)
    digests = run_step(bare, "load", [os.urandom(BIG), os.urandom(BIG)])
    (pack,) = store.objects.glob("*.pack")
    flip(pack, read_index(pack)[1][1] + BIG - 1)
    assert len(bare.read_all(digests, [True, True])) == 2
    bare.append(started("next"))
    before = bare.history.seq
    draft = bare.draft("next")
    draft.add(b"x")
    with pytest.raises(PackDamaged, match="Restart the kernel and Run All") as told:
        draft.commit(succeeded("next"))
    assert bare.history.seq == before
    assert Path(told.value.kept).name == aside(pack.name)
    with pytest.raises(PackDamaged):
        bare.check()
    bare.close()
    again = opened(store)
    with pytest.raises(JournalDamaged, match=r"kept as .*damaged"):
        again.read_all(digests, [True, True])
    again.close()


def test_what_is_checked_later_may_be_collected_meanwhile(bare: Journal, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapping, "SOON", 0)
    value = os.urandom(BIG)
    (digest,) = run_step(bare, "load", [value])
    (view,) = bare.read_all([digest], [True])
    (pack,) = store.objects.glob("*.pack")
    pack.unlink()
    assert bytes(view) == value
    with bare.draft("next") as draft:
        draft.add(b"x")
    bare.check()


def test_whatever_is_not_plain_numbers_is_checked_before_anybody_sees_it(bare: Journal, store: Store) -> None:
    (digest,) = run_step(bare, "load", [os.urandom(BIG)])
    (pack,) = store.objects.glob("*.pack")
    flip(pack, BIG // 2)
    with pytest.raises(JournalDamaged, match="not those that were written"):
        bare.read_all([digest], [False])


@pytest.mark.skipif(not Path("/proc/self/pagemap").exists(), reason="the page tables can be asked on Linux only")
def test_mapped_memory_that_nobody_wrote_to_is_stored_without_being_read_again(journal: Journal) -> None:
    value = os.urandom(BIG)
    (digest,) = run_step(journal, "load", [value])
    (view,) = journal.read_all([digest], [True])
    token = mapped.token_of_buffer(view)
    assert token is not None
    assert journal.packs.digest_at(mapping.place_of_token(token)) == bytes.fromhex(digest)
    with journal.draft("again") as draft:
        assert draft.add(view) == digest
        view[BIG // 2] ^= 1
        assert mapped.token_of_buffer(view) is None
        assert draft.add(view) == blake3(view).hexdigest() != digest


OFFSETS = {
    "first byte": lambda entries, size: entries[0][1],
    "inside": lambda entries, size: entries[0][1] + entries[0][2] // 2,
    "last byte": lambda entries, size: entries[0][1] + entries[0][2] - 1,
    "padding": lambda entries, size: entries[0][1] + entries[0][2],
    "first of the next": lambda entries, size: entries[1][1],
    "digest in the index": lambda entries, size: size - 56 - 96,
    "offset in the index": lambda entries, size: size - 56 - 96 + 33,
    "length in the index": lambda entries, size: size - 56 - 96 + 41,
    "magic": lambda entries, size: size - 56,
    "count": lambda entries, size: size - 48,
    "place of the index": lambda entries, size: size - 40,
    "digest of the index": lambda entries, size: size - 1,
}


@pytest.mark.parametrize("where", OFFSETS)
@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("size", [100_001, BIG])
def test_a_byte_that_changed_on_the_disk_is_never_taken_for_the_value(
    bare: Journal, store: Store, where: str, plain: bool, size: int
) -> None:
    values = [os.urandom(size), os.urandom(size)]
    digests = run_step(bare, "load", values)
    (pack,) = store.objects.glob("*.pack")
    flip(pack, OFFSETS[where](read_index(pack), pack.stat().st_size))
    bare.close()
    again = opened(store)
    if where == "padding":
        assert [bytes(each) for each in again.read_all(digests, [plain, plain])] == values
    else:
        with pytest.raises(JournalDamaged):
            again.read_all(digests, [plain, plain])
    again.close()
    assert (check(store) == []) == (where == "padding")


@pytest.mark.parametrize("cut", [1, 57, 4096, BIG])
def test_a_pack_that_was_cut_short_is_named(bare: Journal, store: Store, cut: int) -> None:
    digests = run_step(bare, "load", [os.urandom(BIG)])
    (pack,) = store.objects.glob("*.pack")
    os.truncate(pack, pack.stat().st_size - cut)
    if cut > 4096:  # where the bytes end too early, even whoever knows the index can't map them
        with pytest.raises(JournalDamaged, match=pack.name):
            bare.read_all(digests, [True])
    bare.close()
    again = opened(store)
    with pytest.raises(JournalDamaged, match=pack.name):
        again.read_all(digests, [True])
    again.close()


@pytest.mark.parametrize("size", [100_001, BIG])
def test_what_was_damaged_is_stored_anew_and_read_from_there(bare: Journal, store: Store, size: int) -> None:
    value = os.urandom(size)
    (digest,) = run_step(bare, "load", [value])
    (pack,) = store.objects.glob("*.pack")
    flip(pack, size // 2)
    with pytest.raises(JournalDamaged):
        bare.read_all([digest], [False])
    assert run_step(bare, "load", [value], 2) == [digest]
    bare.close()
    for _ in range(3):
        again = opened(store)
        assert [bytes(each) for each in again.read_all([digest], [True])] == [value]
        again.close()


def test_a_journal_whose_file_was_removed_takes_nothing_more(bare: Journal, store: Store) -> None:
    bare.append(started("load"))
    store.file(bare.run, "duckdb").unlink()
    with bare.draft("load") as draft, pytest.raises(JournalError, match="was removed or replaced"):
        draft.commit(succeeded("load"))
    with pytest.raises(JournalError, match="Run All, which begins anew"):
        bare.check()
