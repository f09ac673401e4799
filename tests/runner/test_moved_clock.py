"""A clock that is moved under a worker: a sleep of two days ends when they have passed by it, never before, and nothing else is upset."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from durnb.clock import SystemClock
from durnb.journal import RunName, Store, read_history
from durnb.runner.glance import glances
from durnb.runner.task import task_of
from install_faketime import find_faketime
from runner.conftest import StartsWorker, until

Effect = Callable[[str], str]


# libfaketime 0.9.10 takes the absolute times for which Python sleeps since 3.11, by the clock that counts seconds, for such of the wall clock.
SLEEP = """import select, time
def sleep(seconds):
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        select.select([], [], [], left)
time.sleep = sleep
"""


@dataclass(frozen=True, slots=True)
class MovedClock:
    """The wall clock of the programs that are started in `environment`; that which counts seconds is left alone, as it is by whoever sets a clock."""

    file: Path
    environment: dict[str, str]

    def move(self, offset: str) -> None:
        """To the true time and `offset`, such as +2d."""
        beside = self.file.with_suffix(".new")
        beside.write_text(f"{offset}\n")
        beside.replace(self.file)


@pytest.fixture
def clock(tmp_path: Path) -> MovedClock:
    library = find_faketime()
    if library is None:
        pytest.skip("libfaketime is not installed: python tests/install_faketime.py, as root on Debian")
    file, modules = tmp_path / "clock", tmp_path / "modules"
    modules.mkdir()
    (modules / "sitecustomize.py").write_text(SLEEP)
    moved = MovedClock(
        file,
        {
            **os.environ,
            "LD_PRELOAD": str(library),
            "PYTHONPATH": os.pathsep.join((str(modules), *filter(None, [os.environ.get("PYTHONPATH")]))),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        },
    )
    moved.move("+0")
    return moved


def _history(desk: Any) -> Any:
    return read_history(Store.of(desk.folder / "etl.ipynb"), RunName("default", 1), SystemClock())


def test_a_sleep_of_two_days_ends_when_the_clock_is_moved_past_it_and_a_clock_that_jumps_upsets_nothing(
    desk: Any, effect: Effect, clock: MovedClock, worker: StartsWorker
) -> None:
    gate = "import os, time\nopen('inside', 'w').close()\nwhile not os.path.exists('go'): time.sleep(0.05)"
    path = desk.notebook(
        f"%%durable send\nimport durnb\n{effect('sleeps')}\ndurnb.sleep('2d')\n{effect('woke')}",
        f"%%durable work\n{gate}\n{effect('work')}",
    )
    store = Store.of(path)
    assert desk.durnb("run", "etl.ipynb", "--queue", "--suspend-after", "0s").returncode == 0
    worker(environment=clock.environment)
    until(lambda: (task := task_of(store, "default")) is not None and task.standing == "suspended", "the suspension")
    wake = task_of(store, "default").wake  # type: ignore[union-attr]  # it was there a line above
    clock.move("-3d")
    until(lambda: "the clock was set back by 3 d" in (desk.folder / "worker.log").read_text(), "a look by the earlier clock")
    clock.move("+2d")
    until((desk.folder / "inside").exists, "the second step")
    clock.move("+9d")
    until(lambda: "set forward, or the machine slept, by 7 d" in (desk.folder / "worker.log").read_text(), "a look by the later clock")
    assert [glance.standing for glance in glances(store, SystemClock())] == ["running"]
    (desk.folder / "go").touch()
    until(lambda: (task := task_of(store, "default")) is not None and task.standing == "ended", "the end")
    history = _history(desk)
    sleeping, woken = history.steps["send"].last.attempts
    assert sleeping.suspended
    assert woken.started >= wake
    assert woken.ended - sleeping.started >= timedelta(days=2)
    assert (history.status, history.epoch) == ("finished", 2)
    assert task_of(store, "default").deaths == 0  # type: ignore[union-attr]  # as above
    assert desk.lines("effects") == ["sleeps", "sleeps", "woke", "work"]
