"""A lookout over many stores reads a store again only where it changed, and sees what is new."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from durnb.journal import RunName, Store
from durnb.runner.lookout import Lookout
from durnb.runner.request import RunRequest
from durnb.runner.task import Task, put_task
from durnb.testing import FakeClock

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SLEEPERS = 200


def _sleeper(folder: Path, name: str) -> tuple[Store, Task]:
    store = Store.of(folder / f"{name}.ipynb")
    store.create()
    request = RunRequest(notebook=store.notebook, output=folder / f"{name}.out.ipynb", key="default")
    task = Task(request=request, standing="suspended", at=NOW, began=NOW, run="default.1", wake=NOW + timedelta(days=2))
    put_task(store, task)
    return store, task


@pytest.fixture
def sleepers(tmp_path: Path) -> list[tuple[Store, Task]]:
    return [_sleeper(tmp_path, f"nb{n}") for n in range(SLEEPERS)]


def _settled(folder: Path) -> tuple[Lookout, FakeClock]:
    """A lookout that has seen that nothing changed lately."""
    clock = FakeClock()
    lookout = Lookout([folder], None, clock)
    lookout.search()
    lookout.look()
    clock.sleep(10)
    lookout.look()
    return lookout, clock


def test_a_store_is_read_again_only_where_it_changed(tmp_path: Path, sleepers: list[tuple[Store, Task]]) -> None:
    lookout, _ = _settled(tmp_path)
    before = {seen.store.folder: seen.tasks for seen in lookout.look()}
    assert len(before) == SLEEPERS
    store, task = sleepers[7]
    put_task(store, replace(task, wake=NOW))
    after = {seen.store.folder: seen.tasks for seen in lookout.look()}
    assert [folder for folder in after if after[folder] is not before[folder]] == [store.folder]
    assert after[store.folder][0].wake == NOW


def test_a_change_within_the_tick_of_the_last_look_is_seen_and_a_clock_that_was_set_back_costs_no_reading(tmp_path: Path) -> None:
    store, task = _sleeper(tmp_path, "etl")
    clock = FakeClock()
    lookout = Lookout([tmp_path], None, clock)
    lookout.search()
    ahead = NOW.timestamp() + 1e9  # the folder changed before the clock was set back
    os.utime(store.folder, (ahead, ahead))
    (seen,) = lookout.look()
    put_task(store, replace(task, wake=NOW))
    os.utime(store.folder, (ahead, ahead))
    clock.sleep(10)
    lookout.look()
    assert seen.tasks[0].wake == NOW
    before = seen.tasks
    lookout.look()
    assert seen.tasks is before


def test_a_request_to_a_sleeper_is_seen_in_an_inbox_new_or_old(tmp_path: Path) -> None:
    store, task = _sleeper(tmp_path, "etl")
    lookout, clock = _settled(tmp_path)
    (seen,) = lookout.look()
    assert not seen.asked(task)
    run = RunName("default", 1)
    request = store.request(run, "signal", name="approve", value="1")
    lookout.look()
    assert seen.asked(task)
    store.withdraw(run, request)
    clock.sleep(10)
    lookout.look()
    assert not seen.asked(task)
    store.request(run, "signal", name="approve", value="1")  # the inbox was there, so the store's folder has not changed
    lookout.look()
    assert seen.asked(task)


def test_a_new_notebook_beside_known_ones_is_found_without_a_walk(tmp_path: Path) -> None:
    _sleeper(tmp_path, "etl")
    lookout, _ = _settled(tmp_path)
    assert len(lookout.look()) == 1
    new, _ = _sleeper(tmp_path, "new")
    assert new.folder in {seen.store.folder for seen in lookout.look()}
