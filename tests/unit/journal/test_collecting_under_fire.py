"""Collections at the same time as commits and other collections, and collections that are killed."""

from __future__ import annotations

import fcntl
import random
import shutil
import signal
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from durnb.errors import StoreBusy
from durnb.journal import (
    Limits,
    RunName,
    Store,
    check,
    read_history,
)
from unit.journal.collecting_samples import COLLECTS, OTHER, big, edits, finished, gc, packs, removed
from unit.journal.journal_samples import CLOCK, RUN, ended, failed, heard, opened, process, run_step, started, told


@pytest.fixture(autouse=True)
def _whole(store: Store) -> Iterator[None]:
    """After each test the store is whole."""
    yield
    assert check(store) == []


COMMITS = """
journal = opened(store, RunName("busy", 1))
say("begun")
shared = os.urandom(100_000)
for number in range(1, 31):
    run_step(journal, "load", [b"small %d" % number, shared, os.urandom(80_000 + number)], number)
journal.close()
say("done")
"""


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


@pytest.mark.parametrize("point", ["run-unlinked", "run-unlisted"])
def test_a_run_begins_anew_under_the_name_of_one_whose_deletion_was_killed(store: Store, full: Path, point: str) -> None:
    shutil.copytree(full, store.notebook.parent, dirs_exist_ok=True)
    assert ended(process(store, COLLECTS, DURNB_FAULTS=f"{point}=kill")) == (-signal.SIGKILL, "")
    gone = ({RunName("default", 1), RunName("default", 2)} - set(store.runs())).pop()
    journal = opened(store, gone)
    assert (journal.history.epoch, journal.history.steps) == (1, {})
    (digests,) = edits(journal, "load", big())
    gc(store, journal)
    assert len(journal.read(digests[1])) == 100_000
    assert len(journal.listed) == 1
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
