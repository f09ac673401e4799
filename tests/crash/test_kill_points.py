"""SIGKILL at each named point and at places between: nothing committed is lost or run twice, nothing uncommitted is taken as done.

Each trial is a fresh store and a fresh sequence of kernels, each killed somewhere until one comes through. `DURNB_TRIALS` says how many (150).
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crash.equivalence import LOAD, POINTS, Book, Kill, Trial
from kernel.driver import CellResult, KernelDriver, Nursery

Pair = tuple[Nursery, Nursery]

CELLS = {
    "plain": "import json\nbase = [1, 2, 3]",
    "load": "%%durable load\neffect('load')\ndie('load.1')\ndata = {'rows': base * 2}\ndie('load.2')\nprint('loaded', len(data['rows']))",
    "grow": "%%durable grow --retries 1\ndata['rows'].append(len(data['rows']))\ndie('grow.1')\neffect('grow')\nblob = b'x' * 200_000",
    "touch": "data['rows'].append('plain')",
    "total": "# durable: total\neffect('total')\ndie('total.1')\ntotal = sum(x for x in data['rows'] if x != 'plain')\ndie('total.2')\ntotal",
}
STEPS = ("load", "grow", "total")
LABELS = tuple(re.findall(r"die\('([^']+)'\)", "\n".join(CELLS.values())))
END = {"data": "{'rows': [1, 2, 3, 1, 2, 3, 6, 'plain']}", "total": "18", "blob": repr(b"x" * 200_000), "base": "[1, 2, 3]"}


@dataclass
class Life:
    """A notebook over many kernels, and what was promised of it so far."""

    folder: Path
    nurseries: Pair
    committed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.trial = Trial(Book("kill points", "", "pass"), self.folder, self.nurseries)
        self.trial.place.write(CELLS.items())

    def live(self, kill: Kill | None = None, stop_after: str = "") -> bool:
        """One kernel from the first cell: until `kill` strikes, or until `stop_after` has ended and it is killed, or to the end (True)."""
        with self.trial.kernel(kill) as driver:
            assert driver.run(LOAD).ok
            for name, source in CELLS.items():
                before = self.executions()
                result = driver.run(source, name)
                self._holds(name, result, before, kill)
                if result.status == "died":
                    return False
                if name == stop_after:
                    return False
            assert driver.names(*END) == END
            self._shown(driver)
        return True

    def _holds(self, name: str, result: CellResult, before: Counter[str], kill: Kill | None) -> None:
        """What every cell must keep to, whether its kernel lived or died."""
        ran = self.executions() - before
        assert ran.total() == 0 or (set(ran) == {name} and ran[name] == 1), f"{name} ran {ran}"
        if name in self.committed:
            assert not ran, f"{name} was committed and ran again"
        if result.status == "died":
            assert kill is not None
            if kill.where == "after-commit" or kill.where in ("after-commit@2", "after-commit@4", "after-commit@6"):
                self.committed.add(name)
            return
        assert result.ok, f"{result}\n{chr(10).join(result.traceback)}"
        if name in STEPS:
            assert name in self.committed or ran[name] == 1, f"{name} was taken as done, and never ran to its end"
            self.committed.add(name)

    def _shown(self, driver: KernelDriver) -> None:
        """Run All once more: every step is reused, and shows what it showed."""
        for name, source in CELLS.items():
            result = driver.run(source, name)
            assert result.replayed == (name in STEPS), str(result)
            assert result.text == {"load": "loaded 6\n", "total": "18"}.get(name, "")
        assert driver.names(*END) == END

    def executions(self) -> Counter[str]:
        return Counter({step: sum(n for (_, _, name), n in self.trial.effects().items() if name == step) for step in STEPS})

    def check(self) -> None:
        """The journal opens, and is in order."""
        assert self.trial.store_problems() == []


def somewhere(choice: random.Random) -> tuple[Kill, str]:
    """A kill at any point, label or boundary; for a boundary the cell after which the kernel is killed."""
    match choice.randrange(3):
        case 0:
            return Kill("fault", 0, choice.choice(POINTS), choice.choice(STEPS)), ""
        case 1:
            return Kill("inside", 0, choice.choice(LABELS)), ""
        case _:
            return Kill("boundary", 0, ""), choice.choice(list(CELLS))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("point", POINTS)
def test_a_kernel_killed_at_a_point_of_a_step_goes_on_at_that_step(point: str, step: str, tmp_path: Path, light: Pair) -> None:
    life = Life(tmp_path, light)
    assert not life.live(Kill("fault", 0, point, step))
    before = life.committed.copy()
    assert before == set(STEPS[: STEPS.index(step) + (point == "after-commit")])
    assert life.live()
    life.check()
    assert all(life.executions()[name] == 1 for name in before)
    assert life.executions()[step] == (1 if point in ("after-commit", "step-started") else 2)


@pytest.mark.parametrize("count", range(1, 7))
@pytest.mark.parametrize("point", POINTS[2:])
def test_a_kernel_killed_in_any_commit_of_a_run_goes_on(point: str, count: int, tmp_path: Path, light: Pair) -> None:
    life = Life(tmp_path, light)
    assert not life.live(Kill("fault", 0, f"{point}@{count}"))
    life.check()
    assert life.live()
    life.check()


@pytest.mark.parametrize("label", LABELS)
def test_a_kernel_killed_in_a_body_runs_that_body_again_from_clean_inputs(label: str, tmp_path: Path, light: Pair) -> None:
    life = Life(tmp_path, light)
    assert not life.live(Kill("inside", 0, label))
    assert life.live()
    life.check()


def test_a_kernel_killed_at_the_same_point_again_and_again_loses_nothing(tmp_path: Path, light: Pair) -> None:
    life = Life(tmp_path, light)
    for step in STEPS:
        for point in POINTS:
            for _ in range(2 if point != "after-commit" else 1):
                assert not life.live(Kill("fault", 0, point, step))
                life.check()
    assert life.live()
    assert life.executions() == {"load": 7, "grow": 7, "total": 7}


@pytest.mark.parametrize("seed", range(int(os.environ.get("DURNB_TRIALS", "").removeprefix("all") or 150) // 5))
def test_a_notebook_killed_five_times_somewhere_ends_right(seed: int, tmp_path: Path, light: Pair) -> None:
    choice = random.Random(seed)
    life = Life(tmp_path, light)
    for _ in range(5):
        kill, stop_after = somewhere(choice)
        life.live(kill, stop_after)
    assert life.live()
    life.check()


def test_a_kernel_killed_at_any_message_loses_nothing_that_it_reported(tmp_path: Path, light: Pair) -> None:
    life = Life(tmp_path, light)
    choice = random.Random(0)
    for _ in range(40):
        done: set[str] = set()
        with life.trial.kernel() as driver:
            driver.run(LOAD)
            pending = [(name, driver.begin(source, name)) for name, source in CELLS.items()]
            heard = choice.randrange(1, 30)
            driver.until(lambda: sum(len(r.messages) for _, r in pending) >= heard or all(r.idle for _, r in pending), what="messages")  # noqa: B023  # called here only
            driver.kill()
            done = {name for name, result in pending if result.replied and result.ok and name in STEPS}
        before = life.executions()
        with life.trial.kernel() as driver:
            driver.run(LOAD)
            for name, source in CELLS.items():
                assert driver.run(source, name).ok
            assert driver.names(*END) == END
        again = life.executions() - before
        assert not done & set(+again), f"{done} were reported as finished, and {again} ran again"
        life.check()
        life = Life(tmp_path / str(_), light)


def test_a_full_disk_before_the_commit_leaves_the_step_unfinished_and_the_rest_safe(tmp_path: Path, light: Pair) -> None:
    life = Life(tmp_path, light)
    with KernelDriver(life.trial.place, light[0]) as driver:
        facts = {"effects": str(life.trial.effects_file), "root": str(tmp_path), "kernel": 1, "die": {}, "plain": False}
        driver.start(install={"in_kernel": facts}, DURNB_FAULTS="before-commit:grow=enospc")
        results = driver.run_all([("durnb", LOAD), *CELLS.items()])
        assert [result.ok for result in results] == [True, True, True, False]
        assert results[-1].ename == "DiskFull"
    life.committed = {"load"}
    life.trial.kernels = 1
    assert life.live()
    life.check()
