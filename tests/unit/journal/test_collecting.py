"""Collections in real stores: what goes, what stays, and that the store is whole after each."""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import random
import shutil
import signal
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from durnb.errors import JournalDamaged, StoreBusy, UsageError
from durnb.events import CheckpointSaved, RunAbandoned, RunFinished
from durnb.journal import Collected, Journal, Limits, RunName, Store, check, collect, preview, read_history
from unit.journal.journal_samples import CLOCK, NO_WAIT, RUN, ended, failed, heard, opened, process, run_step, started, succeeded, told

KEEP = Limits(checkpoints=2, runs=2)
OTHER = RunName("default", 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store that is whole at the end of the test, too."""
    store = Store.of(tmp_path / "etl.ipynb")
    yield store
    assert check(store) == []


def gc(store: Store, own: Journal | None = None, limits: Limits = KEEP, **options: object) -> Collected:
    return collect(store, limits, clock=CLOCK, own=own, **{"patience": NO_WAIT, **options})  # type: ignore[arg-type]  # passed on


def removed(collected: Collected) -> dict[tuple[str, str, str], tuple[int, int]]:
    return {(one.what, one.run, one.step): (one.count, one.bytes) for one in collected.removed}


def packs(store: Store) -> set[str]:
    return {path.name for path in store.objects.glob("*.pack")}


def edits(journal: Journal, step: str, *versions: bytes) -> list[list[str]]:
    """A step that ran once for each of `versions`; the digests of each run."""
    done = len(journal.history.steps[step].executions) if step in journal.history.steps else 0
    return [run_step(journal, step, [b"small " + version[:20], version], done + n) for n, version in enumerate(versions, 1)]


def big(size: int = 100_000) -> bytes:
    return os.urandom(size)


def finished(store: Store, run: RunName, *, told: bool = True) -> None:
    """A whole run; `told` says whether its status file got to say that it ended."""
    journal = opened(store, run)
    run_step(journal, "load", [big()])
    journal.append(RunFinished())
    if told:
        journal.write_status({"state": "finished"})
    journal.close()


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


def test_only_the_runs_that_ended_last_stay_and_never_goes_one_that_is_open_or_owned(store: Store) -> None:
    for number in (1, 2, 3, 4):
        finished(store, RunName("default", number), told=number != 3)
    abandoned = opened(store, RunName("day", 1))
    abandoned.append(RunAbandoned(why="old"))
    abandoned.close()
    journal = opened(store)
    run_step(journal, "load", [big()])
    journal.close(None)
    owner = opened(store, RunName("day", 2))
    owner.append(RunFinished())
    collected = gc(store)
    assert store.runs() == [RunName("day", 1), RunName("day", 2), RunName("default", 4), RUN]
    assert sorted(one.run for one in collected.removed if one.what == "run") == ["default.1", "default.2", "default.3"]
    assert not [path for path in store.folder.iterdir() if path.name.startswith(("default.1.", "default.2.", "default.3."))]
    assert len(packs(store)) == 2
    owner.close()
    assert gc(store, limits=Limits(checkpoints=2, runs=1)).left == {}
    assert RUN in store.runs()


def test_by_itself_a_kernel_looks_only_at_runs_that_said_that_they_ended(store: Store) -> None:
    for number in (1, 2, 3, 4):
        finished(store, RunName("default", number), told=number != 1)
    gc(store, every_run=False)
    assert [run.number for run in store.runs()] == [1, 3, 4]


def test_a_run_that_says_that_it_ended_and_did_not_is_not_deleted(store: Store) -> None:
    finished(store, RunName("default", 2))
    finished(store, RunName("default", 3))
    journal = opened(store)
    run_step(journal, "load", [big()])
    journal.write_status({"state": "finished"})
    journal.close()
    status = json.loads(store.file(RUN, "status.json").read_text())
    store.file(RUN, "status.json").write_text(json.dumps({**status, "at": "2020-01-01T00:00:00+00:00"}))
    gc(store, every_run=False)
    assert RUN in store.runs()


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


def test_bytes_in_two_packs_are_found_in_the_one_that_is_left(store: Store) -> None:
    """Two kernels that save the same at the same time write it twice; the pack that one of them knows of may go with the other's run."""
    journal, other = opened(store), opened(store, OTHER)
    version = big()
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
    assert journal.read(digest) == version
    journal.close()


def _entries(journal: Journal, name: str) -> list[tuple[bytes, object]]:
    journal.packs.refresh()
    return list(journal.packs.entries(name))


def test_a_commit_keeps_a_collection_waiting_and_is_not_kept_waiting_by_it(store: Store) -> None:
    journal, other = opened(store), opened(store, OTHER)
    edits(other, "load", big(), big(), big())
    other.close()
    journal.append(started("load"))
    with journal.draft("load") as draft:
        draft.add(big())
        with pytest.raises(StoreBusy, match="saves into"):
            gc(store)
        assert len(packs(store)) == 3  # the run that nobody has let go of one, which is still there
        before = journal.history.seq
        journal.append(failed("load"))
        assert journal.history.seq == before + 1
    assert removed(gc(store))["packs", "", ""][0] == 1
    journal.close()


def test_a_collection_waits_for_a_short_commit(store: Store) -> None:
    journal = opened(store)
    run_step(journal, "load", [big()])
    (store.objects / "0123.pack").write_bytes(b"nobody's")
    with (store.objects / ".lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        done = threading.Event()

        def work() -> None:
            gc(store, patience=timedelta(seconds=60))
            done.set()

        thread = threading.Thread(target=work)
        thread.start()
        assert (store.objects / "0123.pack").exists()
        fcntl.flock(lock, fcntl.LOCK_UN)
        thread.join()
    assert done.is_set()
    assert not (store.objects / "0123.pack").exists()
    journal.close()


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


def test_what_killed_processes_left_of_a_run_goes_and_requests_that_wait_for_it_stay(store: Store) -> None:
    finished(store, OTHER)
    dead = [f".default.1.packs.{'a1' * 6}.tmp", f".default.1.status.json.{'b2' * 6}.tmp", f".default.1.duckdb.{'c3' * 6}.new.wal"]
    live = [f".default.11.packs.{'a1' * 6}.tmp", ".notebook.json.0123456789ab.tmp", f".default.1.packs.x.2.packs.{'a1' * 6}.tmp"]
    for name in (*dead, *live):
        (store.folder / name).write_bytes(b"half")
    (store.folder / "gone.1.lock").write_text("")
    (store.folder / "gone.1.packs").write_text("0123.pack\n")
    (store.objects / "0123.pack").write_bytes(b"of the run that is gone")
    asked = store.request(RunName("gone", 1), "collect")
    gc(store)
    assert not [name for name in dead if (store.folder / name).exists()]
    assert all((store.folder / name).exists() for name in live)
    assert not (store.folder / "gone.1.lock").exists()
    assert "0123.pack" not in packs(store)
    assert [path for path in store.file(RunName("gone", 1), "inbox").iterdir() if asked in path.name]
    for name in live:
        (store.folder / name).unlink()


def test_a_journal_that_somebody_took_away_by_other_means_keeps_its_packs(store: Store, tmp_path: Path) -> None:
    journal = opened(store)
    (digests,) = edits(journal, "load", big())
    journal.close()
    file = store.file(RUN, "duckdb")
    file.rename(tmp_path / "away")
    gc(store)
    (tmp_path / "away").rename(file)
    journal = opened(store)
    assert len(journal.read(digests[1])) == 100_000
    journal.close()


def test_whoever_waits_for_a_run_that_is_deleted_meanwhile_has_no_share_in_its_lock(store: Store) -> None:
    finished(store, OTHER)
    code = """
from durnb.journal.lease import Lease
lease = Lease.acquire(store.file(RunName("default", 1), "lock"), run="default.1", notebook="etl", clock=CLOCK, wait=timedelta(seconds=60))
say("has it", lease.acknowledged)
heard()
"""
    from durnb.journal.lease import Lease

    path = store.file(OTHER, "lock")
    lease = Lease.acquire(path, run="default.1", notebook="etl", clock=CLOCK, wait=NO_WAIT)
    child = process(store, "say('here')\n" + code)
    assert heard(child) == "here"
    _until_waiting(child.pid, path)
    path.unlink()
    lease.release()
    assert heard(child) == "has it None"
    assert store.owner(OTHER) == child.pid
    told(child)
    ended(child)


def _until_waiting(pid: int, path: Path) -> None:
    """Until the process has opened the lock."""
    while not any(os.path.samefile(link, path) for link in Path(f"/proc/{pid}/fd").iterdir() if link.exists()):
        pass


def test_a_run_that_was_deleted_is_none_and_one_of_its_name_begins_anew(store: Store) -> None:
    finished(store, OTHER)
    finished(store, RunName("default", 2))
    gc(store, limits=Limits(checkpoints=1, runs=1))
    with pytest.raises(UsageError, match=r"no run default\.1"):
        opened(store, OTHER, create=False)
    with pytest.raises(UsageError, match=r"no run default\.1"):
        read_history(store, OTHER, CLOCK)
    journal = opened(store, OTHER)
    assert (journal.history.epoch, journal.history.steps, journal.listed) == (1, {}, frozenset())
    journal.close()


def test_a_run_that_can_not_be_read_is_left_and_said(store: Store) -> None:
    finished(store, OTHER)
    journal = opened(store)
    edits(journal, "load", big())
    journal.close()
    whole = store.file(RUN, "duckdb").read_bytes()
    store.file(RUN, "duckdb").write_bytes(whole[:9000])
    collected = gc(store)
    assert list(collected.left) == [RUN]
    assert "damaged" in collected.left[RUN]
    store.file(RUN, "duckdb").write_bytes(whole)


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


COMMITS = """
journal = opened(store, RunName("busy", 1))
say("begun")
shared = os.urandom(100_000)
for number in range(1, 31):
    run_step(journal, "load", [b"small %d" % number, shared, os.urandom(80_000 + number)], number)
journal.close()
say("done")
"""


def test_commits_and_collections_at_the_same_time_disturb_neither(store: Store) -> None:
    """Two processes commit, two collect, one of them with a run of its own."""
    children = [process(store, COMMITS.replace("busy", name)) for name in ("busy", "brisk")]
    assert [heard(child) for child in children] == ["begun", "begun"]
    collects = "while heard() == 'go':\n    try:\n        collect(store, Limits(checkpoints=1, runs=1), clock=CLOCK, patience=timedelta(seconds=30))\n    finally:\n        say('ok')"
    other = process(store, collects)
    journal = opened(store)
    rounds = 0
    while any(child.poll() is None for child in children) or rounds < 5:
        rounds += 1
        told(other)
        edits(journal, "own", big())
        gc(store, journal, limits=Limits(checkpoints=1, runs=1), patience=timedelta(seconds=30))
        assert heard(other) == "ok"
    assert [ended(child) for child in children] == [(0, "done\n")] * 2
    told(other, "stop")
    assert ended(other) == (0, "")
    journal.close()
    assert check(store) == []
    gc(store)
    for name in ("busy", "brisk"):
        assert len(read_history(store, RunName(name, 1), CLOCK).steps["load"].executions) == 30


def test_a_forked_child_collects_nothing_of_its_parents_run(store: Store) -> None:
    code = """
journal = opened(store)
for number in range(1, 5):
    run_step(journal, "load", [os.urandom(100_000)], number)
pid = os.fork()
if pid == 0:
    try:
        collect(store, Limits(checkpoints=1, runs=1), clock=CLOCK, patience=timedelta(0), own=journal)
    except JournalForked:
        say("refused")
    quiet_exit()
os.waitpid(pid, 0)
say(len(journal.history.steps["load"].checkpoints), len(journal.listed))
journal.close()
"""
    assert ended(process(store, code)) == (0, "refused\n4 4\n")
    assert len(packs(store)) == 4


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook's folder whose store has two runs and two checkpoints too many."""
    store = Store.of(tmp_path_factory.mktemp("full") / "etl.ipynb")
    for number in (1, 2, 3):
        finished(store, RunName("default", number))
    journal = opened(store)
    edits(journal, "load", *(big() for _ in range(4)))
    journal.close()
    return store.notebook.parent


COLLECTS = "collect(store, Limits(checkpoints=2, runs=1), clock=CLOCK, patience=timedelta(0), own=opened(store, attach=False))"


@pytest.mark.parametrize(
    "point",
    [
        "checkpoints-dropped",
        "run-relisted",
        "packs-hidden",
        "pack-unlinked",
        "pack-unlinked@2",
        "run-verified",
        "run-unlinked",
        "run-unlisted",
    ],
)
def test_a_collection_killed_at_any_point_leaves_a_whole_store_and_the_next_one_ends_it(store: Store, full: Path, point: str) -> None:
    shutil.copytree(full, store.notebook.parent, dirs_exist_ok=True)
    name, _, count = point.partition("@")
    child = process(store, COLLECTS, DURNB_FAULTS=f"{name}=kill{'@' + count if count else ''}")
    assert ended(child) == (-signal.SIGKILL, "")
    assert check(store) == []
    journal = opened(store)
    history = journal.history
    assert list(history.steps["load"].checkpoints)[-2:] == [8, 10]
    gc(store, journal, limits=Limits(checkpoints=2, runs=1))
    assert store.runs() == [RunName("default", 3), RUN]
    assert (len(packs(store)), len(journal.listed)) == (3, 2)
    assert [path.name for path in store.objects.iterdir() if path.name.startswith(".")] == [".lock"]
    assert not [path.name for path in store.folder.iterdir() if path.name.startswith(("default.1", "default.2", "."))]
    journal.close()


def test_a_collection_killed_at_any_time_loses_nothing(store: Store) -> None:
    chance = random.Random(3)
    work = """
journal = opened(store)
while True:
    step = journal.history.steps.get("load")
    run_step(journal, "load", [os.urandom(100), os.urandom(70_000)], len(step.executions) + 1 if step else 1)
    collect(store, Limits(checkpoints=1, runs=1), clock=CLOCK, patience=timedelta(0), own=journal)
    say(journal.history.steps["load"].current)
"""
    current = 0
    for _ in range(5):
        child = process(store, work)
        for _ in range(chance.randrange(1, 9)):
            current = int(heard(child))
        child.kill()
        lines = [line for line in ended(child)[1].splitlines(keepends=True) if line.endswith("\n")]
        current = int(lines[-1]) if lines else current
        assert check(store) == []
        step = read_history(store, RUN, CLOCK).steps["load"]
        assert step.current is not None
        assert step.current >= current


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
