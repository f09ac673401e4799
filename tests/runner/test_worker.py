"""The worker: a real process with real kernels, killed, shared, told to stop."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil

from durnb.journal import Store
from durnb.runner.schedule import Schedule, add
from durnb.runner.task import task_of
from runner.conftest import StartsWorker, until

Effect = Callable[[str], str]
GATE = "import os, time\nopen('inside', 'w').close()\nwhile not os.path.exists('go'): time.sleep(0.01)"


def _task(desk: Any, key: str = "default", name: str = "etl.ipynb") -> Any:
    return task_of(Store.of(desk.folder / name), key)


def _ended(desk: Any, key: str = "default", name: str = "etl.ipynb") -> Callable[[], bool]:
    return lambda: (task := _task(desk, key, name)) is not None and task.standing == "ended"


def _gated(desk: Any, effect: Effect) -> None:
    desk.notebook(
        f"%%durable load\n{effect('load')}\ndata = [1]", f"%%durable wait\n{effect('wait')}\n{GATE}\ndata.append(2)", "print(data)"
    )


def test_what_a_killed_worker_left_is_taken_over_by_the_next(desk: Any, effect: Effect, worker: StartsWorker) -> None:
    _gated(desk, effect)
    assert desk.durnb("run", "etl.ipynb", "--queue").returncode == 0
    assert [one["standing"] for one in json.loads(desk.durnb("ls", "--json").stdout)] == ["queued"]
    first = worker()
    until(lambda: (desk.folder / "inside").exists(), "the second step")
    kernel = _task(desk).kernel
    os.kill(kernel, signal.SIGSTOP)  # a kernel that does not notice that its parent is gone
    first.kill()
    first.wait()
    second, third = worker(), worker()
    until(lambda: _task(desk).kernel not in (None, kernel), "another kernel")
    assert not psutil.pid_exists(kernel) or psutil.Process(kernel).status() == psutil.STATUS_ZOMBIE
    (desk.folder / "go").touch()
    until(_ended(desk), "the end")
    assert (_task(desk).exit, _task(desk).run, _task(desk).deaths) == (0, "default.1", 1)
    assert desk.lines("effects") == ["load", "wait", "wait"]
    assert desk.text(2) == "[1, 2]\n"
    for process in (second, third):
        process.terminate()
        assert process.wait(timeout=120) == 0


def test_a_worker_that_is_told_to_stop_leaves_its_runs_to_the_next(desk: Any, effect: Effect, worker: StartsWorker) -> None:
    _gated(desk, effect)
    assert desk.durnb("run", "etl.ipynb", "--queue").returncode == 0
    first = worker("--drain", "0s")
    until(lambda: (desk.folder / "inside").exists(), "the second step")
    first.terminate()
    assert first.wait(timeout=120) == 0
    assert (_task(desk).standing, _task(desk).exit) == ("ended", 143)
    (desk.folder / "go").touch()
    assert worker("--once").wait(timeout=120) == 0
    assert _task(desk).exit == 0
    assert desk.lines("effects") == ["load", "wait", "wait"]


def test_of_two_kernels_at_most_one_runs_where_one_is_allowed_and_the_urgent_goes_first(desk: Any, worker: StartsWorker) -> None:
    cell = "%%durable one\nopen('effects', 'a').write(f'{n} begins\\n')\nopen('effects', 'a').write(f'{n} ends\\n')"
    desk.notebook({"source": "n = 0", "metadata": {"tags": ["parameters"]}}, cell)
    for n, priority in ((1, 0), (2, 5), (3, 0)):
        assert (
            desk.durnb("run", "etl.ipynb", "-p", f"n={n}", "--queue", "--priority", str(priority), "--output", f"{n}.ipynb").returncode == 0
        )
    assert worker("--once", "--kernels", "1").wait(timeout=200) == 0
    assert desk.lines("effects") == [f"{n} {what}" for n in (2, 1, 3) for what in ("begins", "ends")]


def test_a_step_that_asks_ends_the_run_until_it_is_answered(desk: Any, effect: Effect, worker: StartsWorker) -> None:
    desk.notebook(f"%%durable pay --once\n{effect('pay')}\nif len(open('effects').readlines()) == 1: 1 / 0")
    assert desk.durnb("run", "etl.ipynb", "--queue").returncode == 0
    assert worker("--once").wait(timeout=120) == 0
    assert _task(desk).exit == 1
    assert worker("--once").wait(timeout=120) == 0
    assert desk.lines("effects") == ["pay"]
    assert desk.durnb("resolve", "etl.ipynb", "pay", "retry").returncode == 0
    assert worker("--once").wait(timeout=120) == 0
    assert (_task(desk).exit, desk.lines("effects")) == (0, ["pay", "pay"])


def test_a_schedule_runs_its_missed_tick_once_however_many_workers_look(desk: Any, effect: Effect, worker: StartsWorker) -> None:
    path = desk.notebook({"source": "day = None", "metadata": {"tags": ["parameters"]}}, f"%%durable load\n{effect('load')}\nprint(day)")
    asked = desk.durnb("schedule", "etl.ipynb", "0 3 1 1 *", "--tz", "Europe/Berlin", "-p", "day={tick:%Y-%m-%d}")
    assert asked.returncode == 0, asked.stderr
    store = Store.of(path)
    scheduled = json.loads(desk.durnb("schedules", "--json").stdout)[0]
    since = datetime.now(UTC) - timedelta(days=800)
    add(store, Schedule(notebook=path, cron="0 4 2 1 *", tz="UTC", handled=since, parameters={"day": "{tick:%d.%m.}"}))
    both = [worker("--once"), worker("--once")]
    assert [process.wait(timeout=200) for process in both] == [0, 0]
    assert desk.lines("effects") == ["load"]
    assert [one["run"].partition("@")[0] for one in json.loads(desk.durnb("ls", "--all", "--json").stdout)] == ["day=02.01."]
    assert desk.durnb("unschedule", "etl.ipynb", scheduled["id"]).returncode == 0
    assert [one["cron"] for one in json.loads(desk.durnb("schedules", "--json").stdout)] == ["0 4 2 1 *"]
    assert desk.durnb("schedule", "etl.ipynb", "0 25 * * *").returncode == 2
