"""``durnb du`` and ``durnb gc`` on a store that no kernel has, and on one whose run somebody has."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from durnb.cli import cli
from durnb.errors import UsageError
from durnb.events import RunFinished
from durnb.journal import RunName, Store, check
from unit.journal.journal_samples import RUN, opened, run_step


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.of(tmp_path / "etl.ipynb")
    for number in (1, 2):
        journal = opened(store, RunName("default", number))
        run_step(journal, "load", [b"stream", os.urandom(100_000)])
        journal.append(RunFinished())
        journal.write_status({"state": "finished"})
        journal.close()
    journal = opened(store)
    for number in range(1, 5):
        run_step(journal, "load", [b"stream", os.urandom(100_000)], number)
    journal.write_status({"state": "open"})
    journal.close()
    return store


def said(*words: str, **env: str) -> str:
    done = CliRunner().invoke(cli, words, env=env, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_dry_run_tells_what_the_command_then_does(store: Store) -> None:
    notebook = str(store.notebook)
    foreseen = json.loads(said("gc", notebook, "--dry-run", "--json", DURNB_KEEP_RUNS="1"))
    assert len(list(store.objects.glob("*.pack"))) == 6
    assert "nothing was changed" in said("gc", notebook, "--dry-run", DURNB_KEEP_RUNS="1")
    done = json.loads(said("gc", notebook, "--json", DURNB_KEEP_RUNS="1"))
    assert (foreseen["dry_run"], done["dry_run"]) == (True, False)
    assert {**foreseen, "dry_run": False} == done
    assert done["bytes"] > 300_000
    assert len(list(store.objects.glob("*.pack"))) == 3
    assert check(store) == []
    assert "nothing to remove" in said("gc", notebook, DURNB_KEEP_RUNS="1")


def test_the_room_that_a_run_takes_is_told_by_step_and_that_of_all_runs(store: Store) -> None:
    text = said("du", str(store.notebook))
    for word in ("interactive.1", "default.2", "load", "3 earlier checkpoints", "300 kB", "the store takes"):
        assert word in text
    facts = json.loads(said("du", str(store.notebook), "--run", "default.2", "--json"))
    assert [(one["step"], one["bytes"]) for one in facts["holdings"]] == [("load", 100_006)]
    assert {one["run"] for one in facts["runs"]} == {"default.1", "default.2", "interactive.1"}
    assert facts["total"] > 600_000


def test_a_kernel_that_has_a_run_is_asked_and_named(store: Store) -> None:
    journal = opened(store)
    assert f"process {os.getpid()}: it is left as it is" in said("gc", str(store.notebook), "--dry-run")
    assert journal.requests() == []
    assert f"process {os.getpid()}: it was asked" in said("gc", str(store.notebook))
    assert [request.kind for request in journal.requests()] == ["collect"]
    text = said("du", str(store.notebook), "--run", str(RUN))
    assert f"in the hands of process {os.getpid()}" in text
    assert json.loads(said("du", str(store.notebook), "--run", str(RUN), "--json"))["holdings"] is None
    journal.close()


def test_no_more_is_removed_than_a_kernel_of_the_notebook_would(store: Store) -> None:
    journal = opened(store)
    journal.write_status({"state": "open", "keep": {"keep_checkpoints": 3, "keep_runs": 12, "keep_colours": "x"}})
    journal.close()
    foreseen = json.loads(said("gc", str(store.notebook), "--dry-run", "--json"))
    assert [one["count"] for one in foreseen["removed"] if one["what"] == "checkpoints"] == [1]
    foreseen = json.loads(said("gc", str(store.notebook), "--dry-run", "--json", DURNB_KEEP_CHECKPOINTS="1"))
    assert [one["count"] for one in foreseen["removed"] if one["what"] == "checkpoints"] == [3]


@pytest.mark.parametrize("command", ["gc", "du"])
def test_a_notebook_without_a_store_is_said_to_have_none(tmp_path: Path, command: str) -> None:
    with pytest.raises(UsageError, match="no runs yet"):
        said(command, str(tmp_path / "none.ipynb"))
    assert list(tmp_path.iterdir()) == []
