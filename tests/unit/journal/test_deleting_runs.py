"""Whole runs that are deleted: which, and what whoever comes upon one meanwhile or later finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from durnb.errors import UsageError
from durnb.events import RunAbandoned, RunFinished
from durnb.journal import (
    Limits,
    RunName,
    Store,
    check,
    read_history,
)
from durnb.journal.lease import Lease
from unit.journal.collecting_samples import OTHER, big, edits, finished, gc, packs, until_waiting
from unit.journal.journal_samples import CLOCK, NO_WAIT, RUN, ended, heard, opened, process, run_step, told


@pytest.fixture(autouse=True)
def _whole(store: Store) -> Iterator[None]:
    """After each test the store is whole."""
    yield
    assert check(store) == []


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


def test_what_killed_processes_left_of_a_run_goes_and_requests_that_wait_for_it_stay(store: Store) -> None:
    finished(store, OTHER)
    dead = [f".default.1.packs.12.{'a1' * 6}.tmp", f".default.1.status.json.12.{'b2' * 6}.tmp", f".default.1.duckdb.{'c3' * 6}.new.wal"]
    live = [f".default.11.packs.12.{'a1' * 6}.tmp", ".notebook.json.12.0123456789ab.tmp", f".default.1.packs.x.2.packs.12.{'a1' * 6}.tmp"]
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
    path = store.file(OTHER, "lock")
    lease = Lease.acquire(path, run="default.1", notebook="etl", clock=CLOCK, wait=NO_WAIT)
    child = process(store, "say('here')\n" + code)
    assert heard(child) == "here"
    until_waiting(child.pid, path)
    path.unlink()
    lease.release()
    assert heard(child) == "has it None"
    assert store.owner(OTHER) == child.pid
    told(child)
    ended(child)


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


def test_a_kernel_that_waited_for_a_run_which_was_deleted_begins_it(store: Store) -> None:
    finished(store, OTHER)
    lease = Lease.acquire(store.file(OTHER, "lock"), run="default.1", notebook="etl", clock=CLOCK, wait=NO_WAIT)
    code = """
from durnb.engine.runs import Wish, attach
wish = Wish(key="default", runner=True, parameters={"day": 1})
journal = attach(store, wish, clock=CLOCK, wait=timedelta(seconds=60), resume_within=timedelta(hours=1), connection_file=None)
say(journal.run, journal.history.epoch, journal.history.parameters)
journal.close()
"""
    child = process(store, "say('here')\n" + code)
    assert heard(child) == "here"
    until_waiting(child.pid, store.file(OTHER, "lock"))
    for path in list(store.folder.glob("default.1.*")):
        path.unlink()
    lease.release()
    assert ended(child) == (0, "default.1 1 {'day': 1}\n")


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
