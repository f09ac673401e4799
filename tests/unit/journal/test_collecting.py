"""Collections in real stores: what goes, what stays, and what is said before."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from durnb.errors import JournalDamaged
from durnb.events import CheckpointSaved, RunFinished
from durnb.journal import (
    Journal,
    RunName,
    Store,
    check,
    files_of,
    own_lengths,
    preview,
    read_lengths,
)
from unit.journal.collecting_samples import KEEP, OTHER, big, edits, finished, gc, packs, removed
from unit.journal.journal_samples import CLOCK, RUN, ended, heard, opened, process, run_step, started, succeeded, told


@pytest.fixture(autouse=True)
def _whole(store: Store) -> Iterator[None]:
    """After each test the store is whole."""
    yield
    assert check(store) == []


def test_old_checkpoints_go_with_their_packs_and_small_values_and_the_rest_is_read_as_before(store: Store) -> None:
    journal = opened(store)
    versions = [big() for _ in range(4)]
    digests = edits(journal, "load", *versions)
    kept = run_step(journal, "train", [big()])
    collected = gc(store, journal)
    assert removed(collected)["checkpoints", str(RUN), "load"] == (2, 0)
    assert removed(collected)["small values", str(RUN), ""][0] == 2
    assert removed(collected)["packs", "", ""][0] == 2
    assert collected.bytes >= 2 * 100_000
    assert len(packs(store)) == 3 == len(journal.listed)
    for old in digests[:2]:
        for digest in old:
            with pytest.raises(KeyError):
                journal.read(digest)
    for digest, version in ((digests[2][1], versions[2]), (digests[3][1], versions[3])):
        assert journal.read(digest) == version
    journal.close()
    journal = opened(store)
    assert len(journal.read(kept[0])) == 100_000
    assert list(journal.history.steps["load"].dropped) == [4, 6]
    assert gc(store, journal).removed == ()
    journal.close()


def test_what_is_dropped_can_be_stored_again(store: Store) -> None:
    journal = opened(store)
    version = big()
    (first,) = edits(journal, "load", version)
    edits(journal, "load", big(), big())
    gc(store, journal)
    assert edits(journal, "load", version) == [first]
    assert [journal.read(digest) for digest in first] == [b"small " + version[:20], version]
    journal.close()


def test_bytes_that_a_kept_checkpoint_shares_with_a_dropped_one_stay(store: Store) -> None:
    journal = opened(store)
    shared, small = big(), b"everybody's"
    for number in range(1, 5):
        digests = run_step(journal, "load", [small, shared, big(70_000)], number)
    gc(store, journal)
    assert [bytes(journal.read(digest)) for digest in digests[:2]] == [small, shared]
    assert len(packs(store)) == 3  # the first holds what all share, and a dead buffer
    journal.close()


def test_a_manifest_that_was_saved_again_lets_go_of_what_it_held(store: Store) -> None:
    journal = opened(store)
    digests = run_step(journal, "load", [b"old", big()])
    number = journal.history.seq
    with journal.draft("load") as draft:
        manifest = json.dumps({"groups": [{"stream": draft.add(b"new"), "buffers": [draft.add(big())]}]})
        signature = journal.sign((journal.history.store, str(RUN), str(number - 1), "checkpoint"), manifest.encode())
        draft.commit(CheckpointSaved(step="load", checkpoint=number, manifest=manifest, signature=signature, save=0.1, size=1))
    gc(store, journal)
    with pytest.raises(KeyError):
        journal.read(digests[0])
    assert len(packs(store)) == 1
    journal.close()


def test_a_value_that_the_journal_has_itself_needs_no_pack_of_another_run(store: Store) -> None:
    journal, other = opened(store), opened(store, OTHER)
    run_step(journal, "load", [b"x" * 50_000])
    run_step(other, "load", [os.urandom(50_000) for _ in range(90)] + [b"x" * 50_000])  # too many for its journal: they lie in a pack
    gc(store, journal)
    assert (len(packs(store)), journal.listed) == (1, frozenset())
    journal.close()
    other.close()


def test_what_a_kernel_still_uses_stays(store: Store) -> None:
    journal = opened(store)
    digests = edits(journal, "load", *(big() for _ in range(4)))
    gc(store, journal, needed=lambda: [4])
    assert len(journal.read(digests[0][1])) == 100_000
    with pytest.raises(KeyError):
        journal.read(digests[1][1])
    journal.close()


def test_the_file_of_a_run_shrinks_when_its_small_values_go(store: Store) -> None:
    journal = opened(store)
    for number in range(1, 41):
        run_step(journal, "load", [bytes([number]) + os.urandom(60_000 - n) for n in range(5)], number)
    journal.close(None)
    before = store.file(RUN, "duckdb").stat().st_size
    gc(store)
    assert store.file(RUN, "duckdb").stat().st_size < before / 3


def test_runs_that_nobody_has_are_looked_into_and_those_that_others_have_are_named(store: Store) -> None:
    journal = opened(store, OTHER)
    edits(journal, "load", big(), big(), big())
    journal.close()
    child = process(store, 'journal = opened(store)\nsay("owns")\nheard()')
    assert heard(child) == "owns"
    collected = gc(store)
    assert collected.owned == {RUN: child.pid}
    assert removed(collected)["checkpoints", str(OTHER), "load"] == (1, 0)
    told(child)
    ended(child)


def test_a_pack_of_another_run_stays_and_one_of_nobody_goes(store: Store) -> None:
    journal, other = opened(store), opened(store, OTHER)
    version = big()
    edits(journal, "load", version, big(), big())
    (digests,) = edits(other, "load", version)
    (store.objects / "0123.pack").write_bytes(b"what a kill left")
    (store.objects / ".4567.pack.tmp").write_bytes(b"half of a pack")
    collected = gc(store, journal)
    assert removed(collected)["packs", "", ""] == (1, len(b"what a kill left"))
    assert removed(collected)["leftovers", "", ""] == (1, len(b"half of a pack"))
    assert other.read(digests[1]) == version
    assert len(packs(store)) == 3
    assert list(store.objects.glob(".*.tmp")) == []
    journal.close()
    other.close()


def test_a_pack_that_is_mapped_is_read_to_the_end_after_it_was_removed(store: Store) -> None:
    journal = opened(store)
    version = big(1 << 20)
    edits(journal, "load", version)
    (name,) = packs(store)
    with (store.objects / name).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
        edits(journal, "load", big(), big())
        gc(store, journal)
        assert name not in packs(store)
        assert mapped[: 1 << 20] == version
    journal.close()


def test_what_was_put_back_by_mapping_outlives_its_pack_and_can_be_stored_again(store: Store) -> None:
    journal = opened(store)
    version = big(1 << 20)
    ((_, digest),) = edits(journal, "load", version)
    (mapped,) = journal.read_all([digest], [True])
    edits(journal, "load", big(), big())
    gc(store, journal)
    assert mapped == version
    with journal.draft("keep") as draft:
        assert draft.add(mapped) == digest
        journal.append(started("keep"))
        manifest = json.dumps({"groups": [{"stream": digest, "buffers": []}]})
        signature = journal.sign((journal.history.store, str(journal.run), str(journal.history.seq), "checkpoint"), manifest.encode())
        draft.commit(succeeded("keep", manifest=manifest, signature=signature))
    assert journal.read(digest) == version
    journal.close()


@pytest.mark.parametrize("size", [100_000, 1 << 20])
def test_bytes_in_two_packs_are_found_in_the_one_that_is_left(store: Store, size: int) -> None:
    """Two kernels that save the same at the same time write it twice; the pack that one of them knows of may go with the other's run."""
    journal, other = opened(store), opened(store, OTHER)
    version = big(size)
    for each in (journal, other):
        each.append(started("load"))
    drafts = [(each, each.draft("load")) for each in (journal, other)]
    digest = {draft.add(version) for _, draft in drafts}.pop()
    for each, draft in drafts:
        manifest = json.dumps({"groups": [{"stream": digest, "buffers": []}]})
        signature = each.sign((each.history.store, str(each.run), "3", "checkpoint"), manifest.encode())
        draft.commit(succeeded("load", manifest=manifest, signature=signature))
    other.append(RunFinished())
    other.close()
    for _ in range(2):
        finished(store, RunName("late", _ + 1))
    mine = journal.listed
    journal.packs._places[bytes.fromhex(digest)] = next(  # as after a restart, where the order in which packs are met is chance
        place for name in packs(store) - mine for key, place in _entries(journal, name) if key == bytes.fromhex(digest)
    )
    gc(store)
    assert OTHER not in store.runs()
    assert journal.read_all([digest], [True]) == [version]
    assert journal.read(digest) == version
    journal.close()


def _entries(journal: Journal, name: str) -> list[tuple[bytes, object]]:
    journal.packs.refresh()
    return list(journal.packs.entries(name))


def test_a_preview_says_what_a_collection_does_and_changes_nothing(store: Store) -> None:
    for number in (1, 2, 3):
        finished(store, RunName("default", number), told=number != 1)
    journal, other = opened(store), opened(store, RunName("other", 1))
    edits(journal, "load", *(big() for _ in range(4)))
    edits(other, "load", *(big() for _ in range(3)))
    other.close()
    (store.objects / "0123.pack").write_bytes(b"nobody's")
    (store.objects / ".4567.pack.tmp").write_bytes(b"half")
    contents = _contents(store)
    foreseen = preview(store, KEEP, clock=CLOCK, own=journal)
    assert _contents(store) == contents
    done = gc(store, journal)
    assert removed(foreseen) == removed(done)
    assert foreseen.bytes == done.bytes
    journal.close()


def test_what_a_killed_writer_left_half_written_goes_after_an_hour(store: Store) -> None:
    with subprocess.Popen(["true"]) as gone:
        pass  # its number is nobody's now
    journal = opened(store)
    edits(journal, "load", big())
    journal.close()
    request = store.request(OTHER, "collect")
    inbox = store.file(OTHER, "inbox")

    def half_written(folder: Path, name: str, pid: int, minutes: int) -> Path:
        path = folder / f".{name}.{pid}.0123456789ab.tmp"
        path.write_bytes(b"half")
        at = CLOCK.now().timestamp() - 60 * minutes
        os.utime(path, (at, at))
        return path

    left = [
        half_written(folder, name, gone.pid, 61)
        for folder, name in ((store.folder, "default.task.json"), (inbox, "1.json"), (store.objects, "0123.pack"), (store.folder, "a\nb"))
    ]
    kept = [half_written(store.folder, "b.task.json", os.getpid(), 61), half_written(store.folder, "c.task.json", gone.pid, 59)]
    foreseen = preview(store, KEEP, clock=CLOCK)
    assert removed(foreseen)["leftovers", "", ""] == (4, 16)
    assert removed(gc(store))["leftovers", "", ""] == (4, 16)
    assert ([path.exists() for path in left], [path.exists() for path in kept]) == ([False] * 4, [True] * 2)
    assert store.asked(OTHER, request)


def test_a_damaged_pack_is_kept_for_as_long_as_a_run_lists_it(store: Store) -> None:
    journal = opened(store)
    edits(journal, "load", big())
    journal.close()
    (pack,) = packs(store)
    (store.objects / pack).rename(store.objects / f"{pack}.damaged")
    (store.objects / "0123.pack.damaged").write_bytes(b"nobody's")
    assert files_of(store).damaged == (store.objects / f"{pack}.damaged").stat().st_size + 8
    foreseen, done = preview(store, KEEP, clock=CLOCK), gc(store)
    for each in (foreseen, done):
        assert removed(each)["damaged packs", "", ""] == (1, 8)
        assert list(each.damaged) == [f"{pack}.damaged"]
    (kept,) = store.objects.glob("*.damaged")
    kept.rename(store.objects / pack)  # for the look that follows each test


def _contents(store: Store) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in store.folder.rglob("*") if path.is_file() and path.suffix not in (".wal", ".lock")}


def test_a_list_that_was_lost_is_written_anew_before_its_packs_are_nobodys(store: Store) -> None:
    journal = opened(store)
    (digests,) = edits(journal, "load", big())
    journal.close()
    store.file(RUN, "packs").unlink()
    gc(store)
    journal = opened(store)
    assert len(journal.read(digests[1])) == 100_000
    journal.close()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"0123456789.pa"])
def test_a_list_that_is_none_stops_the_collection(store: Store, content: bytes) -> None:
    journal = opened(store)
    edits(journal, "load", big())
    (store.folder / "other.1.packs").write_bytes(content)
    with pytest.raises(JournalDamaged, match=r"other\.1\.packs"):
        gc(store, journal)
    assert len(packs(store)) == 1
    (store.folder / "other.1.packs").unlink()
    journal.close()


def test_the_files_of_a_store_are_counted_by_run(store: Store) -> None:
    journal, other = opened(store), opened(store, OTHER)
    version = big()
    edits(journal, "load", version, big())
    edits(other, "load", version)
    other.close()
    (store.objects / "0123.pack").write_bytes(b"nobody's")
    (store.objects / ".4567.pack.tmp").write_bytes(b"half")
    files = files_of(store)
    sizes = {one.run: (one.packs > 200_000, one.shared > 100_000, one.owner) for one in files.runs}
    assert sizes == {RUN: (True, True, os.getpid()), OTHER: (False, True, None)}
    assert (files.unlisted, files.half_written) == (8, 4)
    assert files.total == sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file())
    lengths = own_lengths(journal)
    assert sorted(lengths.of.values()) == [26, 26, 100_000, 100_000]
    assert lengths.small == 52
    assert lengths.allotted > 200_052
    assert lengths.events > 1000
    assert read_lengths(store, OTHER, CLOCK)[1].of.keys() <= lengths.of.keys()
    journal.close()
    (store.objects / "0123.pack").unlink()


def test_a_variable_may_be_called_like_a_part_of_a_manifest(store: Store) -> None:
    journal = opened(store)
    begun = journal.append(started("load"))
    with journal.draft("load") as draft:
        names = {name: {"digest": "ab" * 32, "type": "int"} for name in ("outputs", "stream", "buffers", "payload", "sources")}
        manifest = json.dumps({"names": names, "groups": [{"stream": draft.add(b"x"), "buffers": []}]})
        signature = journal.sign((journal.history.store, str(RUN), str(begun), "checkpoint"), manifest.encode())
        draft.commit(succeeded("load", manifest=manifest, signature=signature))
    gc(store, journal)
    journal.close()
