"""kill -9 of kernels, of the worker, and of all of them as by a reboot, at random places: every run ends as if none had been killed.

By default a few kills; ``DURNB_TRIALS=all`` kills for three minutes, and queues another run whenever one has ended.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psutil
import pytest

from durnb.clock import SystemClock
from durnb.journal import RunName, Store, check, read_history
from durnb.runner.exits import Exit
from durnb.runner.request import RunRequest
from durnb.runner.task import Task, queue_once, tasks_of
from durnb.steps import Attempt
from runner.conftest import until

LONG = os.environ.get("DURNB_TRIALS") == "all"
KILLS = 10_000 if LONG else 3
SECONDS = 180 if LONG else 100_000  # kills end by their number or by the time, whichever comes first
NOTEBOOKS = 2 if LONG else 1
CALLS = 4
WHAT = ("kernel", "stopped worker", "both", "worker")
PLAIN = """import os, time, durnb
def effect(*words):
    file = os.open('effects', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, ' '.join(map(str, words)).encode() + b'\\n')
    os.fsync(file)
    os.close(file)
def work(n):
    effect(run, 'call', n)
    time.sleep(0.1)
    return n
"""
STEPS = {
    "load": "time.sleep(0.2)\ntotal = 1",
    "map": f"total += sum(durnb.map(work, range({CALLS}), concurrency=2))",
    "big": "big = bytes(range(256)) * 12_000\ntime.sleep(0.2)",
    "wait": "durnb.sleep('2s')\ntotal += len(big)",
    "last": "time.sleep(0.2)\ntotal += 1",
}
TOTAL = 1 + sum(range(CALLS)) + 256 * 12_000 + 1


class Workers:
    """One worker after the other. `kernels` counts those that were killed."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk
        self.kernels = 0
        self._stopped: list[psutil.Process] = []
        self.start()

    def start(self) -> None:
        with (self._desk.folder / "worker.log").open("a") as log:
            command = [sys.executable, "-m", "durnb.cli", "worker", ".", "--kernels", "2"]
            environment = {**os.environ, "DURNB_MAX_CRASHES": "100000"}
            self.process = subprocess.Popen(command, cwd=self._desk.folder, stderr=log, text=True, env=environment)

    def kill(self, victims: str) -> None:
        """A kernel, the worker (its kernels end by themselves), both, or the worker while its kernels are stopped: the next worker has to end those."""
        worker = psutil.Process(self.process.pid)
        kernels = worker.children()
        match victims:
            case "kernel":
                chosen = kernels[:1]
            case "both":
                chosen = kernels
            case _:
                chosen = []
        for kernel in chosen:
            _kill(kernel)
        if victims == "stopped worker":
            for kernel in kernels:
                with suppress(psutil.NoSuchProcess):
                    kernel.suspend()
            self._stopped += kernels
        if victims != "kernel":
            _kill(worker)
            self.process.wait()
            self.start()
        self.kernels += len(kernels) if victims != "kernel" else len(chosen)

    def close(self) -> None:
        worker = psutil.Process(self.process.pid)
        for each in [
            *worker.children(recursive=True),
            worker,
            *self._stopped,
        ]:  # one that had not begun its run when it was stopped is nobody's
            _kill(each)
        self.process.wait()


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()


class Queue:
    """The runs of some notebooks: of each one at a time, the next when that has ended."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk
        cells = [PLAIN, *(f"%%durable {name}\neffect(run, '{name}')\n{body}" for name, body in STEPS.items()), "print(run, total)"]
        paths = [
            desk.notebook({"source": "run = ''", "metadata": {"tags": ["parameters"]}}, *cells, name=f"nb{i}.ipynb")
            for i in range(NOTEBOOKS)
        ]
        self.stores = [Store.of(path) for path in paths]
        self._rounds = 0

    def add(self) -> None:
        """Queue a run of each notebook whose runs have all ended."""
        for store in self.stores:
            if all(task.standing == "ended" for task in tasks_of(store)):
                self._rounds += 1
                run, output = f"r{self._rounds}", store.notebook.with_name(f"r{self._rounds}.out.ipynb")
                request = RunRequest(
                    notebook=store.notebook,
                    output=output,
                    key=run,
                    parameters={"run": run},
                    max_restarts=100_000,
                    suspend_after=timedelta(0),
                )
                assert queue_once(store, Task(request=request, standing="queued", at=SystemClock().now()))

    def tasks(self) -> Iterator[tuple[Store, Task]]:
        return ((store, task) for store in self.stores for task in tasks_of(store))

    def over(self) -> bool:
        return all(task.standing == "ended" for _, task in self.tasks())


@pytest.mark.parametrize("seed", [20261126])
def test_whatever_is_killed_every_run_ends_as_if_nothing_had_been(desk: Any, seed: int) -> None:
    chance = random.Random(seed)
    queue = Queue(desk)
    queue.add()
    workers = Workers(desk)
    end = time.monotonic() + SECONDS
    kills = 0
    try:
        while kills < KILLS and time.monotonic() < end and not (queue.over() and not LONG):
            lines = len(desk.lines("effects")) + chance.choice((0, 1, 1, 2, 3))
            until(lambda lines=lines: len(desk.lines("effects")) >= lines or queue.over(), "progress")
            time.sleep(chance.uniform(0, 0.6))  # where in a step it hits is left to chance
            workers.kill(WHAT[kills % len(WHAT)])
            kills += 1
            if LONG:
                queue.add()
        until(queue.over, "the end")
    finally:
        workers.close()
    _check(desk, queue, workers.kernels)
    print(f"{kills} kills, {workers.kernels} kernels killed, {len(list(queue.tasks()))} runs, {len(desk.lines('effects'))} effects")


def _check(desk: Any, queue: Queue, killed: int) -> None:
    begun = Counter(desk.lines("effects"))
    died = 0
    for store, task in queue.tasks():
        log = (desk.folder / "worker.log").read_text()
        assert (task.exit, task.run) == (Exit.FINISHED, f"{task.key}.1"), (task, log)
        assert desk.text(len(STEPS) + 3, task.request.output.name) == f"{task.key} {TOTAL}\n"
        history = read_history(store, RunName(task.key, 1), SystemClock())
        for step in STEPS:
            attempts = [attempt for execution in history.steps[step].executions for attempt in execution.attempts]
            assert [attempt.status for attempt in attempts].count("succeeded") == 1
            assert attempts[-1].status == "succeeded"  # what was finished was never begun again
            assert len(attempts) - _died(attempts) <= begun[f"{task.key} {step}"] <= len(attempts)
            died += _died([attempt for attempt in attempts if not attempt.suspended])
        for n in range(CALLS):
            assert 1 <= begun[f"{task.key} call {n}"] <= begun[f"{task.key} map"]
    assert died <= killed
    assert [problem for store in queue.stores for problem in check(store)] == []


def _died(attempts: list[Attempt]) -> int:
    return sum(attempt.status == "crashed" for attempt in attempts)
