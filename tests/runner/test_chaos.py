"""kill -9 of kernels, of the worker, and of all of them as by a reboot, at random places: every run ends as if none had been killed.

DURNB_TRIALS sets how many kills there are.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil
import pytest

from durnb.journal import Store
from durnb.runner.task import task_of
from runner.conftest import until

NOTEBOOKS = 2
STEPS = 4
KILLS = int(os.environ.get("DURNB_TRIALS", "4"))
WHAT = ("kernel", "both", "worker")
BODY = """%%durable step{n}
import os, time
with open('effects', 'a') as effects: effects.write('{name} {n} begins\\n')
time.sleep(0.3)
total = total + {n} if {n} else 0
with open('effects', 'a') as effects: effects.write('{name} {n} ends\\n')
"""


class Workers:
    """One worker after the other."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk
        self.start()

    def start(self) -> None:
        with (self._desk.folder / "worker.log").open("a") as log:
            command = [sys.executable, "-m", "durnb.cli", "worker", ".", "--kernels", "2", "--once"]
            environment = {**os.environ, "DURNB_MAX_CRASHES": "100000"}
            self.process = subprocess.Popen(command, cwd=self._desk.folder, stderr=log, text=True, env=environment)

    def over(self) -> bool:
        return self.process.poll() is not None

    def kill(self, victims: str) -> None:
        """kernel, worker or both; a worker that is gone is followed by the next."""
        if not self.over():
            whole = psutil.Process(self.process.pid)
            kernels = whole.children()
            for kernel in kernels if victims == "both" else kernels[:1] if victims == "kernel" else []:
                _kill(kernel)
            if victims != "kernel":
                _kill(whole)
                self.process.wait()
        if self.over():
            self.start()

    def close(self) -> None:
        if not self.over():
            whole = psutil.Process(self.process.pid)
            for each in [*whole.children(recursive=True), whole]:
                _kill(each)
        self.process.wait()


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()


@pytest.mark.parametrize("seed", [20261126])
def test_whatever_is_killed_every_run_ends_as_if_nothing_had_been(desk: Any, seed: int) -> None:
    chance = random.Random(seed)
    names = [f"nb{i}" for i in range(NOTEBOOKS)]
    for name in names:
        steps = [BODY.format(n=n, name=name) for n in range(STEPS)]
        desk.notebook(*steps, "print(total)", name=f"{name}.ipynb")
        assert desk.durnb("run", f"{name}.ipynb", "--queue", "--max-restarts", "100000").returncode == 0
    tasks = [lambda name=name: task_of(Store.of(desk.folder / f"{name}.ipynb"), "default") for name in names]

    def ended() -> bool:
        return all((task := read()) is not None and task.standing == "ended" for read in tasks)

    def has_lines(count: int) -> Callable[[], bool]:
        return lambda: len(desk.lines("effects")) >= count or ended() or workers.over()

    workers = Workers(desk)
    try:
        for kill in range(KILLS):
            until(has_lines(len(desk.lines("effects")) + chance.randint(1, 3)), "progress")
            if ended():
                break
            workers.kill(WHAT[kill % len(WHAT)])
        until(lambda: ended() or workers.over(), "the end")
    finally:
        workers.close()
    for name, read in zip(names, tasks, strict=True):
        assert (read().exit, read().run) == (0, "default.1"), (desk.folder / "worker.log").read_text()
        assert desk.text(STEPS, f"{name}.out.ipynb") == f"{sum(range(STEPS))}\n"
    _check_effects(desk.lines("effects"), names)


def _check_effects(lines: list[str], names: list[str]) -> None:
    """Each step was begun at least once, at most once more for each kill, and never again after a later step was begun: its end had been kept."""
    begun = Counter(line for line in lines if line.endswith("begins"))
    for name in names:
        order = [int(line.split()[1]) for line in lines if line.startswith(f"{name} ") and line.endswith("begins")]
        assert order == sorted(order), order
        assert all(1 <= begun[f"{name} {n} begins"] <= 1 + KILLS for n in range(STEPS))
