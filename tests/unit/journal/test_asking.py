"""SQL over all runs of a notebook: what it sees, and that it disturbs nobody."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from durnb.errors import JournalReadOnly, RunHeld, UsageError
from durnb.journal import Journal, RunName, Store, ask
from unit.journal.journal_samples import CLOCK, RUN, ended, failed, heard, opened, process, run_step, started, told

OTHER = RunName("day=1", 1)
STEPS = "select run, step, status from steps order by all"


@pytest.fixture
def two(store: Store, journal: Journal) -> Store:
    """`journal`, which this process owns, has two steps; the run ``day=1.1``, which nobody does, has one."""
    with opened(store, OTHER) as other:
        run_step(other, "load", [b"a"])
    run_step(journal, "load", [b"b", b"c"])
    journal.append(started("train"), failed("train"))
    return store


def test_every_run_is_there_be_it_ours_or_nobodys(two: Store) -> None:
    answer = ask(two, STEPS, CLOCK)
    assert answer.columns == ("run", "step", "status")
    assert answer.rows == [
        ("day=1.1", "load", "succeeded"),
        ("interactive.1", "load", "succeeded"),
        ("interactive.1", "train", "exception"),
    ]
    assert answer.left_out == {}


@pytest.mark.parametrize("table", ["steps", "attempts", "checkpoints", "storage", "events"])
def test_our_own_run_says_the_same_as_when_nobody_has_it(two: Store, journal: Journal, table: str) -> None:
    question = f"select * exclude (seq) from {table}" if table == "events" else f"select * from {table}"
    where = " where run = 'interactive.1'" + (" and kind <> 'kernel_detached'" if table == "events" else "")
    where += " and what <> 'events'" if table == "storage" else ""
    ours = ask(two, question + where + " order by all", CLOCK)
    journal.close()
    free = ask(two, question + where + " order by all", CLOCK)
    assert ours.rows == free.rows != []
    assert ours.columns == free.columns


def test_a_run_that_another_process_has_is_left_out_and_named(two: Store) -> None:
    child = process(two, "journal = opened(store, RunName('day=1', 1))\nsay('holds', os.getpid())\nheard()")
    _, pid = heard(child).split()
    answer = ask(two, STEPS, CLOCK)
    told(child)
    ended(child)
    assert [row[0] for row in answer.rows] == ["interactive.1", "interactive.1"]
    assert list(answer.left_out) == ["day=1.1"]
    assert f"process {pid}" in answer.left_out["day=1.1"]


def test_a_run_that_cannot_be_read_is_left_out_and_left_as_it_is(two: Store) -> None:
    foreign, damaged = two.file(RunName("bad", 1), "duckdb"), two.file(RunName("bad", 2), "duckdb")
    foreign.write_bytes(b"SQLite format 3\0" + bytes(9000))
    damaged.write_bytes(two.file(OTHER, "duckdb").read_bytes()[:9000])
    answer = ask(two, "select distinct run from steps order by run", CLOCK)
    assert answer.rows == [("day=1.1",), ("interactive.1",)]
    assert "not a DuckDB file" in answer.left_out["bad.1"]
    assert "bytes are left" in answer.left_out["bad.2"]
    assert foreign.read_bytes().startswith(b"SQLite")
    foreign.unlink()
    damaged.unlink()


def test_a_question_cannot_change_a_run(two: Store, journal: Journal) -> None:
    before = journal.history.seq, two.file(OTHER, "duckdb").read_bytes()
    for change in ("delete from events", "update steps set step = 'x'", "drop table steps"):
        with pytest.raises(UsageError, match="is no query"):
            ask(two, change, CLOCK)
    assert (journal.history.seq, two.file(OTHER, "duckdb").read_bytes()) == before
    assert len(ask(two, "select * from steps", CLOCK).rows) == 3


def test_what_a_killed_owner_had_committed_is_seen(store: Store) -> None:
    child = process(store, "journal = opened(store)\nrun_step(journal, 'load', [b'a'])\nsay('done')\nheard()")
    assert heard(child) == "done"
    child.kill()
    ended(child)
    assert ask(store, STEPS, CLOCK).rows == [("interactive.1", "load", "succeeded")]


def test_our_own_variables_are_no_tables_and_those_there_are_are_named(two: Store) -> None:
    for name in ("rows", "connection", "store"):
        with pytest.raises(
            UsageError,
            match=f"{name} does not exist.*the tables are attempts, calls, checkpoints, events, runs, signals, steps, storage, timers",
        ):
            ask(two, f"select * from {name}", CLOCK)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("selct 1", "syntax error"),
        ("", "there is no SQL"),
        ("select nosuch from steps", "nosuch"),
        ("delete from steps", "delete is no query"),
        ("select 1; create table mine as select 2", "create is no query"),
        ("copy steps to 'steps.csv'", "copy is no query"),
    ],
)
def test_sql_that_cannot_be_answered_is_one_line(two: Store, question: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        ask(two, question, CLOCK)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "question", ["describe steps", "explain select 1", "pivot steps on status using count(*)", "from steps; values (1)"]
)
def test_what_only_asks_is_answered(two: Store, question: str) -> None:
    assert ask(two, question, CLOCK).rows


def test_the_users_own_connections_are_untouched(two: Store) -> None:
    duckdb.execute("create or replace temp table mine as select 7 as x")
    threads = duckdb.execute("select current_setting('threads')").fetchone()
    ask(two, "select count(*) as mine from steps", CLOCK)
    assert duckdb.execute("select x from mine").fetchone() == (7,)
    assert duckdb.execute("select current_setting('threads')").fetchone() == threads
    duckdb.execute("drop table mine")


def test_a_notebook_without_runs_has_empty_tables_and_no_store(tmp_path: Path) -> None:
    answer = ask(Store.of(tmp_path / "new.ipynb"), "select * from steps", CLOCK)
    assert answer.rows == []
    assert answer.columns[:3] == ("run", "step", "status")
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_is_read_can_not_be_written_and_keeps_others_out_until_it_is_closed(store: Store) -> None:
    with opened(store) as journal:
        run_step(journal, "load", [b"a"])
    before = store.file(RUN, "duckdb").read_bytes()
    with Journal.reading(store, RUN, clock=CLOCK) as read:
        assert list(read.history.steps) == ["load"]
        assert Journal.owned_here(store, RUN) is None
        with pytest.raises(JournalReadOnly):
            read.append(started("train"))
        with pytest.raises(RunHeld):
            opened(store)
    assert store.file(RUN, "duckdb").read_bytes() == before
    with opened(store) as journal:
        assert Journal.owned_here(store, RUN) is journal
    assert Journal.owned_here(store, RUN) is None


def test_the_table_of_runs_has_those_that_a_kernel_has_too(two: Store) -> None:
    asked = ask(two, "select run, state, finished, owner from runs order by run", CLOCK)
    assert asked.left_out == {}
    assert [(run, state, owner) for run, state, _, owner in asked.rows] == [
        ("day=1.1", "open", None),
        ("interactive.1", "open", os.getpid()),
    ]
