"""Files of runs and schedules that can't be read are told of, wherever one looks for what they should say."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from durnb.cli import cli
from durnb.clock import SystemClock
from durnb.journal import Store
from durnb.runner.diagnosis import diagnose
from durnb.runner.schedule import Schedule, add, schedules_of
from durnb.runner.silence import Silence
from durnb.runner.unread import unread
from durnb.runner.worker import Orders, Worker


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A notebook with one schedule, a task that is no JSON, and a schedule of a later durnb."""
    made = Store.of(tmp_path / "etl.ipynb")
    made.create()
    add(made, Schedule(notebook=made.notebook, cron="0 3 1 1 *", tz="UTC", handled=datetime.now(UTC)))
    (made.folder / "default.task.json").write_text('{"standing": "que')
    (made.folder / "0a1b2c3d4e5f.schedule.json").write_text('{"cron": "@moon", "version": 9}')
    return made


def _said(store: Store) -> list[str]:
    return [str(each) for each in unread(store)]


def test_each_is_named_with_the_cure_and_what_can_be_read_still_is(store: Store) -> None:
    task, schedule = _said(store)
    assert "default.task.json can't be read" in task
    assert "durnb run etl.ipynb" in task
    assert "0a1b2c3d4e5f.schedule.json can't be read" in schedule
    assert "durnb schedule etl.ipynb CRON" in schedule
    assert [one.cron for one in schedules_of(store)] == ["0 3 1 1 *"]


@pytest.mark.parametrize("command", [["ls"], ["ls", "--json"], ["schedules", "--json"]])
def test_the_commands_that_list_say_so_on_stderr(store: Store, command: list[str]) -> None:
    done: Any = CliRunner().invoke(cli, [*command, str(store.notebook.parent)])
    assert done.exit_code == 0
    assert all(f"durnb: {said}" in done.stderr for said in _said(store))
    assert "can't be read" not in done.stdout


def test_the_doctor_finds_them(store: Store) -> None:
    found = [finding for finding in diagnose(store, {"DURNB_SECRET": "s"}) if finding.what == "runner"]
    assert [(finding.grade, finding.cure != "") for finding in found] == [("error", True)] * 2


def test_a_worker_says_it_once(store: Store) -> None:
    said: list[str] = []
    orders = Orders(folders=[store.notebook.parent], root=None, kernels=1, drain=timedelta(0), once=True)
    worker = Worker(orders=orders, environment={}, clock=SystemClock(), watcher=lambda task: Silence(), says=said.append)
    asyncio.run(worker.work())
    assert said[:2] == _said(store)
