"""Runs in short: what is told of them after their kernel was killed, and of those that wait."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from durnb.cli.runs import run_row
from durnb.engine import overview
from durnb.events import RunFinished, RunSuspended
from durnb.journal import Journal, Store
from durnb.runner.glance import Glance, glances
from durnb.runner.runview import run_facts
from unit.journal.journal_samples import CLOCK, RUN, failed, opened, run_step, started


def _told(journal: Journal) -> None:
    journal.write_status(overview.as_json(journal.history))


def _seen(store: Store) -> Glance:
    (seen,) = glances(store, CLOCK)
    return seen


def test_a_kernel_that_was_killed_before_it_told_of_its_last_step_leaves_a_status_that_is_behind_and_is_made_up_for(tmp_path: Path) -> None:
    store = Store.of(tmp_path / "etl.ipynb")
    journal = opened(store)
    run_step(journal, "load", [b"x"])
    journal.append(started("score"))
    _told(journal)
    assert _seen(store).standing == "running"
    told = store.status(RUN)
    assert told is not None
    run_step(journal, "train", [b"y"])
    journal.close(None)
    seen = _seen(store)
    assert (seen.standing, seen.finished, seen.steps) == ("crashed", 2, 3)
    after = store.status(RUN)
    assert after is not None
    assert [step["status"] for step in after["steps"]] == ["finished", "died", "finished"]
    assert after["at"] == told["at"]  # who looks at a run has not used it
    store.write_status(RUN, {**after, "steps": after["steps"][:1]})
    assert _seen(store).steps == 1  # what is younger than the journal is believed, and nothing is opened


def test_a_run_that_finished_unseen_is_no_longer_told_of_as_crashed(tmp_path: Path) -> None:
    store = Store.of(tmp_path / "etl.ipynb")
    journal = opened(store)
    journal.append(started("load"))
    _told(journal)
    journal.append(RunFinished())
    journal.close(None)
    assert _seen(store).standing == "finished"
    assert json.loads(store.file(RUN, "status.json").read_bytes())["state"] == "finished"


def test_a_run_that_was_interrupted_did_not_fail(tmp_path: Path) -> None:
    store = Store.of(tmp_path / "etl.ipynb")
    journal = opened(store)
    journal.append(started("load"), replace(failed("load"), how="interrupt"))
    journal.close(None)
    assert _seen(store).standing == "interrupted"


def test_a_run_is_of_the_notebook_as_it_is_called_now(tmp_path: Path) -> None:
    with opened(Store.of(tmp_path / "etl.ipynb")) as journal:
        journal.append(started("load"))
    store = Store.of(tmp_path / "renamed.ipynb")
    store.adopt("etl.ipynb")
    assert run_facts(store, RUN, CLOCK)["notebook"] == str(store.notebook)
    with opened(store, create=False) as journal:
        _told(journal)
        assert run_facts(store, RUN, CLOCK)["notebook"] == str(store.notebook)


def test_a_journal_that_can_not_be_read_leaves_what_was_told(tmp_path: Path) -> None:
    store = Store.of(tmp_path / "etl.ipynb")
    with opened(store) as journal:
        journal.append(started("load"))
        _told(journal)
    store.file(RUN, "duckdb").write_bytes(b"no database")
    assert (_seen(store).standing, _seen(store).steps) == ("crashed", 1)


def test_a_run_that_waits_says_for_what(tmp_path: Path) -> None:
    store = Store.of(tmp_path / "etl.ipynb")
    journal = opened(store)
    journal.append(started("pay"))
    journal.append(RunSuspended(step="pay", until=None, signals=("approve", "refuse")))
    journal.close(None)
    seen = _seen(store)
    assert seen.waits_for == ("approve", "refuse")
    assert run_row(seen, tmp_path)[-1] == "waits for approve or refuse"
