"""Steps that only wait go on waiting without a kernel: in a foreground run, in a worker, and when they are told to stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

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


def test_a_run_sleeps_without_a_kernel_and_goes_on_in_time(desk: Any, effect: Effect) -> None:
    desk.notebook(
        f"%%durable load\n{effect('load')}\nx = 1",
        f"%%durable send --once\nimport durnb\n{effect('sleeps')}\ndurnb.sleep('12s')\n{effect('woke')}",
    )
    done = desk.durnb("run", "etl.ipynb", "--suspend-after", "1s")
    assert done.returncode == 0, done.stderr
    assert "suspended: step send waits until" in done.stderr
    assert desk.lines("effects") == ["load", "sleeps", "sleeps", "woke"]  # the body of a step that sleeps runs again, up to there
    history = _history(desk)
    attempts = history.steps["send"].last.attempts
    assert [(attempt.status, attempt.suspended) for attempt in attempts] == [("crashed", True), ("succeeded", False)]
    assert attempts[1].ended - attempts[0].started >= timedelta(seconds=12)
    assert (history.epoch, history.steps["send"].last.crashes) == (2, 0)
    assert desk.output().metadata.durnb.deaths == 0


def test_a_sleep_of_two_days_ends_the_command_and_a_worker_wakes_it_in_time_or_when_it_is_told_to(desk: Any, effect: Effect) -> None:
    desk.notebook(
        "%durable panel", f"%%durable load\n{effect('load')}\nx = 1", f"%%durable send\nimport durnb\ndurnb.sleep('2d')\n{effect('woke')}"
    )
    done = desk.durnb("run", "etl.ipynb", "--suspend-after", "1s", "--no-wait")
    assert done.returncode == 6, done.stderr
    panel, _, sleeps = (cell.outputs for cell in desk.output().cells)
    until = f"until {datetime.now().astimezone() + timedelta(days=2):%Y-%m-%d}"
    assert "send waits, without a kernel" in panel[-1]["data"]["text/html"]
    assert f"waits without a kernel · {until}" in sleeps[0]["data"]["text/plain"]
    (seen,) = json.loads(desk.durnb("ls", "--json").stdout)
    assert seen["standing"] == "suspended"
    assert timedelta(days=1.9) < datetime.fromisoformat(seen["wake"]) - datetime.now(UTC) <= timedelta(days=2)
    status = json.loads(desk.durnb("status", "etl.ipynb", "--json").stdout)
    assert (status["state"], status["waits_for"]) == ("suspended", [])
    assert desk.durnb("worker", ".", "--once").returncode == 0
    assert _history(desk).epoch == 1
    store = Store.of(desk.folder / "etl.ipynb")
    put_task(store, replace(_task(desk), wake=datetime.now(UTC)))
    assert desk.durnb("worker", ".", "--once").returncode == 0
    assert _task(desk).standing == "suspended"  # it came too early, and went on sleeping
    assert (desk.lines("effects"), _history(desk).epoch) == (["load"], 2)
    nothing = desk.durnb("wake", "etl.ipynb", "load")
    assert (nothing.returncode, "step 'load' is in no sleep; send sleeps" in nothing.stderr) == (2, True)
    assert desk.durnb("wake", "etl.ipynb").stdout == "run default.1: its step sleeps no more\n"
    assert desk.durnb("worker", ".", "--once").returncode == 0
    assert (desk.lines("effects"), _task(desk).exit) == (["load", "woke"], 0)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def bot(desk: Any) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The bot of docs/deploy.md, and where it listens."""
    page = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text()
    (desk.folder / "bot.py").write_text(page.rpartition("```python\n")[2].partition("```")[0])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    process = subprocess.Popen(
        [sys.executable, "bot.py", str(port)], cwd=desk.folder, stdout=subprocess.PIPE, text=True, env={**os.environ, "PATH": path}
    )
    until(lambda: _listens(port), "the bot")
    yield f"http://127.0.0.1:{port}", process
    process.kill()
    process.communicate()


def test_a_run_that_waits_for_a_person_goes_on_when_the_bot_of_the_docs_sends_the_answer(
    desk: Any, effect: Effect, bot: tuple[str, subprocess.Popen[str]]
) -> None:
    desk.notebook(f"%%durable pay\nimport durnb\nanswer = durnb.wait_for('approve')\n{effect('pay')}\nprint(answer)")
    address, process = bot
    done = desk.durnb("run", "etl.ipynb", "--suspend-after", "1s", "--no-wait", "--notify", address)
    assert done.returncode == 6, done.stderr
    assert "step pay waits for approve" in done.stderr
    assert "notify:" not in done.stderr
    assert process.stdout is not None
    link = process.stdout.readline().split()[-1]
    assert desk.durnb("worker", ".", "--once").returncode == 0
    assert desk.lines("effects") == []
    urllib.request.urlopen(link).close()
    assert desk.durnb("worker", ".", "--once").returncode == 0
    assert (desk.lines("effects"), desk.text(0)) == (["pay"], "True\n")
    assert _task(desk).exit == 0


def test_sigterm_lets_the_calls_in_flight_return_and_begins_no_other(desk: Any, effect: Effect) -> None:
    work = (
        "def work(n):\n    open('effects', 'a').write(f'{n}\\n')\n    time.sleep(0.5)\n    open('ends', 'a').write(f'{n}\\n')\n    return n"
    )
    cell = f"%%durable work\nimport durnb, time\n{work}\nfound = durnb.map(work, range(40), concurrency=2)\nprint(sum(found))"
    desk.notebook(cell)
    running = subprocess.Popen(
        [sys.executable, "-m", "durnb.cli", "run", "etl.ipynb"],
        cwd=desk.folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    until(lambda: len(desk.lines("ends")) >= 3 or running.poll() is not None, "some calls")
    os.kill(running.pid, signal.SIGTERM)
    _, told = running.communicate(timeout=200)
    assert running.returncode == 6, told
    assert len(desk.lines("effects")) == len(desk.lines("ends")) < 40
    done = desk.durnb("run", "etl.ipynb")
    assert done.returncode == 0, done.stderr
    assert sorted(map(int, desk.lines("effects"))) == list(range(40))
    assert desk.text(0) == "780\n"


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
