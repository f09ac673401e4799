"""Steps that only wait go on waiting without a kernel: in a foreground run, in a worker, and when they are told to stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from durnb.clock import SystemClock
from durnb.journal import RunName, Store, read_history
from durnb.runner.task import put_task, task_of
from runner.conftest import until

Effect = Callable[[str], str]


def _fails_once(effect: Effect, delay: str) -> str:
    """A step whose first attempt fails, and whose second comes after `delay`."""
    body = f"{effect('send')}\nif len(open('effects').readlines()) < 3: raise ValueError('not yet')\nprint('sent')"
    return f"%%durable send --retries 2 --delay {delay}\n{body}"


def _task(desk: Any) -> Any:
    return task_of(Store.of(desk.folder / "etl.ipynb"), "default")


def _history(desk: Any) -> Any:
    return read_history(Store.of(desk.folder / "etl.ipynb"), RunName("default", 1), SystemClock())


def test_a_run_waits_for_its_next_attempt_without_a_kernel_and_goes_on(desk: Any, effect: Effect) -> None:
    desk.notebook(f"%%durable load\n{effect('load')}\nx = 1", _fails_once(effect, "12s"))
    done = desk.durnb("run", "etl.ipynb", "--suspend-after", "1s")
    assert done.returncode == 0, done.stderr
    assert "suspended: step send waits until" in done.stderr
    assert desk.lines("effects") == ["load", "send", "send"]
    assert desk.text(1) == "sent\n"
    history = _history(desk)
    attempts = history.steps["send"].last.attempts
    assert [attempt.status for attempt in attempts] == ["exception", "succeeded"]
    assert attempts[1].started - attempts[0].ended >= timedelta(seconds=11)  # a second of it may be jitter
    assert history.epoch == 2
    assert desk.output().metadata.durnb.deaths == 0


def test_a_sleep_of_two_days_ends_the_command_and_a_worker_wakes_it_when_the_clock_says_so(desk: Any, effect: Effect) -> None:
    desk.notebook(f"%%durable load\n{effect('load')}\nx = 1", _fails_once(effect, "2d"))
    done = desk.durnb("run", "etl.ipynb", "--suspend-after", "1s", "--no-wait")
    assert done.returncode == 6, done.stderr
    (seen,) = json.loads(desk.durnb("ls", "--json").stdout)
    assert seen["standing"] == "suspended"
    assert timedelta(days=1.9) < datetime.fromisoformat(seen["wake"]) - datetime.now(UTC) <= timedelta(days=2)
    status = json.loads(desk.durnb("status", "etl.ipynb", "--json").stdout)
    assert (status["state"], status["waits_for"]) == ("suspended", [])
    assert desk.durnb("worker", ".", "--once").returncode == 0
    assert desk.lines("effects") == ["load", "send"]
    store, task = Store.of(desk.folder / "etl.ipynb"), _task(desk)
    put_task(store, replace(task, wake=datetime.now(UTC)))
    assert desk.durnb("worker", ".", "--once").returncode == 0
    assert _task(desk).standing == "suspended"  # it came too early, and went on waiting
    assert desk.lines("effects") == ["load", "send"]
    assert _history(desk).epoch == 2


def test_sigterm_suspends_a_step_that_waits_without_a_loss(desk: Any, effect: Effect) -> None:
    desk.notebook(f"%%durable load\n{effect('load')}\nx = 1", _fails_once(effect, "2d"))
    running = subprocess.Popen(
        [sys.executable, "-m", "durnb.cli", "run", "etl.ipynb"],
        cwd=desk.folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    store = Store.of(desk.folder / "etl.ipynb")

    def waits() -> bool:
        return any(
            step["step"] == "send" and step["status"] == "failed" for step in (store.status(RunName("default", 1)) or {}).get("steps", ())
        )

    until(waits, "the wait")
    os.kill(running.pid, signal.SIGTERM)
    _, told = running.communicate(timeout=200)
    assert running.returncode == 6, told
    history = _history(desk)
    assert [attempt.status for attempt in history.steps["send"].last.attempts] == ["exception"]
    assert history.suspended.step == "send"
    assert _task(desk).wake is not None
