from __future__ import annotations

import json

import duckdb
import pytest

from durnb.journal import Journal, Store, check
from unit.journal.journal_samples import RUN, failed, opened, run_step, started, succeeded


def test_a_store_that_is_whole_has_no_problems(store: Store) -> None:
    assert check(store) == []
    journal = opened(store)
    run_step(journal, "load", [b"x", bytes(100_000)])
    journal.close()
    assert check(store) == []


def test_a_run_that_is_owned_is_said_not_to_be_checked(journal: Journal, store: Store) -> None:
    (problem,) = check(store)
    assert "owned by process" in problem


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("delete from blobs", "is not stored"),
        ("update blobs set data = 'other'::blob", "is not what was written"),
        ("insert into blobs select * from blobs", "is stored twice"),
        (
            "update events set detail = replace(detail, '\"signature\":\"', '\"signature\":\"0') where kind = 'step_succeeded'",
            "not signed by this user",
        ),
        ("update events set seq = 9 where seq = 4", "does not follow"),
        ("create or replace view steps as select 1 as step", "not found"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(store: Store, statement: str, problem: str) -> None:
    journal = opened(store)
    run_step(journal, "load", [b"x"])
    journal.close()
    with duckdb.connect(store.file(RUN, "duckdb")) as connection:
        connection.execute(statement)
    assert any(problem in found for found in check(store)), check(store)


def test_bytes_that_were_never_stored_and_packs_that_are_not_listed_are_named(store: Store) -> None:
    journal = opened(store)
    journal.append(started("load"))
    manifest = json.dumps({"groups": [{"stream": "ab" * 32, "buffers": []}], "outputs": "", "ambient": {"@cwd": {"payload": "cd" * 32}}})
    journal.append(succeeded("load", manifest=manifest))
    run_step(journal, "train", [bytes(100_000)])
    journal.append(started("late"), failed("late"))
    journal.close()
    store.file(RUN, "packs").write_text("")
    problems = [problem for problem in check(store) if ": event" in problem]
    assert [problem.partition(": ")[2].split(":")[0] for problem in problems] == ["event 4 (step_succeeded)"] * 2 + [
        "event 6 (step_succeeded)"
    ]
    assert "no pack that the run lists" in problems[2]


def test_checking_changes_nothing(store: Store) -> None:
    journal = opened(store)
    run_step(journal, "load", [b"x", bytes(100_000)])
    journal.close(None)
    before = {path: path.read_bytes() for path in store.folder.rglob("*") if path.is_file() and path.suffix != ".lock"}
    check(store)
    assert {path: path.read_bytes() for path in before} == before
