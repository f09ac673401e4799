"""Journals of every released schema must still open, say the same, and take more events."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from durnb.clock import SystemClock
from durnb.fold import History
from durnb.journal import Journal, RunName, Store, check, read_history
from durnb.journal.schema import SCHEMA

HERE = Path(__file__).parent
RUN = RunName("day=2026-11-20", 1)
CLOCK = SystemClock()
SCHEMAS = [1, 2, 3]
# The step fetch by the number of its executions: the current checkpoint, all that serve, those that retention dropped.
FETCHED = {1: (6, [6], []), 3: (17, [6, 17], [15])}


@pytest.fixture(params=SCHEMAS)
def golden(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("DURNB_SECRET", "the key of the golden journals")
    shutil.unpack_archive(HERE / f"journal-{request.param}.tar.xz", tmp_path, filter="data")
    return Store.of(tmp_path / "etl.ipynb")


def test_every_released_schema_has_a_golden_journal() -> None:
    assert sorted(path.name for path in HERE.glob("journal-*")) == [f"journal-{schema}.tar.xz" for schema in SCHEMAS]
    assert SCHEMAS[-1] == SCHEMA
    assert all(path.stat().st_size < 1_000_000 for path in HERE.glob("journal-*"))


def test_a_golden_journal_is_whole(golden: Store) -> None:
    assert golden.runs() == [RUN]
    assert check(golden) == []


def test_a_golden_journal_says_what_it_said(golden: Store) -> None:
    history = read_history(golden, RUN, CLOCK)
    assert_known(history)
    assert not history.attached
    epoch = history.epoch
    journal = Journal.open(golden, RUN, create=False, clock=CLOCK, wait=timedelta(0))
    assert_known(journal.history)
    assert journal.history.epoch == epoch + 1
    checkpoint = journal.history.steps["fetch"].checkpoints[6]
    facts = (golden.id, str(RUN), str(journal.history.steps["fetch"].executions[0].started_seq), "checkpoint")
    assert journal.verify(facts, checkpoint.manifest.encode(), checkpoint.signature)
    journal.close()
    assert check(golden) == []


def assert_known(history: History) -> None:
    assert (history.run, history.notebook, history.parameters) == (str(RUN), "etl.ipynb", {"day": "2026-11-20"})
    assert {name: step.status for name, step in history.steps.items()}.items() >= {"fetch": "succeeded", "report": "new"}.items()
    assert history.steps["fit"].answer == "retry"
    assert history.steps["fit"].executions[0].line == (("fetch", 6),)
    assert history.steps["report"].rerun
    assert history.requests >= {"r1", "r2"}
    assert_calls_known(history)
    fetch = history.steps["fetch"]
    assert fetch.checkpoints[6].fingerprint == "f1"
    known = (fetch.current, list(fetch.checkpoints), list(fetch.dropped))
    assert known == FETCHED[len(fetch.executions)]
    first, second = fetch.executions[0].attempts
    assert first.error is not None
    assert first.error.message == "no “such” file"
    assert first.retry_in == 1.0
    assert (second.status, second.ran) == ("succeeded", 1.0)


def assert_calls_known(history: History) -> None:
    if "calls" not in history.steps:
        return
    calls = history.steps["calls"].calls
    known = {call[0]: (made.status, made.value, made.failures) for call, made in calls.made.items()}
    assert known == {
        "a": ("succeeded", '{"x":1}', 0),
        "b": ("succeeded", "", 0),
        "c": ("started", "", 0),
        "d": ("failed", "", 1),
        "e": ("succeeded", "7", 0),
    }
    assert [(call[0], wait.what) for call, wait in calls.waits.items()] == [("f", "sleep")]
    assert {call[0]: point.position for call, point in calls.loops.items()} == {"0": 5}
    assert list(history.signals) == ["r4"]


def test_the_bytes_of_a_golden_journal_can_be_read(golden: Store) -> None:
    journal = Journal.open(golden, RUN, create=False, clock=CLOCK, wait=timedelta(0), attach=False)
    with journal.draft() as draft:
        small, big = draft.add(b"small"), draft.add(bytes(range(256)) * 300)
        assert draft.size == 0
    assert [bytes(journal.read(digest)) for digest in (small, big)] == [b"small", bytes(range(256)) * 300]
    journal.close()
