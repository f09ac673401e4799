"""The journal, killed: at each named point and at any time. What was acknowledged is there, what is there is whole."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from durnb.journal import Store, check, read_history
from unit.journal.journal_samples import CLOCK, RUN, ended, heard, process

POINTS = ("after-pack", "before-commit", "after-commit")

# Steps with small and big values, some of them stored already; each finished one is told.
WORK = """
journal = opened(store)
big = os.urandom(150_000)
for number in range(1000):
    name = f"s{number}"
    if name in journal.history.steps and journal.history.steps[name].status == "succeeded":
        continue
    step = journal.history.steps.get(name)
    run_step(journal, name, [name.encode() * 50, big, os.urandom(80_000), bytes(70_000)], len(step.executions) + 1 if step else 1)
    say(name)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.of(tmp_path / "etl.ipynb")


def finished(store: Store) -> list[str]:
    steps = read_history(store, RUN, CLOCK).steps
    return [name for name, step in steps.items() if step.status == "succeeded"]


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_a_named_point_loses_nothing_that_was_told(store: Store, point: str) -> None:
    for trial in range(4):
        before = len(finished(store)) if trial else 0
        child = process(store, WORK, DURNB_FAULTS=f"{point}=kill@{trial + 1}")
        status, out = ended(child)
        assert status == -signal.SIGKILL
        assert len(out.split()) == trial
        after = finished(store)
        assert len(after) == before + trial + (point == "after-commit")
        assert check(store) == []
    left = [path.name for path in store.objects.glob(".*.tmp")]
    assert left == []


def test_a_kill_at_the_point_of_a_named_step_strikes_there(store: Store) -> None:
    child = process(store, WORK, DURNB_FAULTS="after-commit:s3=kill")
    assert ended(child) == (-signal.SIGKILL, "s0\ns1\ns2\n")
    assert finished(store) == ["s0", "s1", "s2", "s3"]


def test_a_kill_at_any_time_loses_nothing_that_was_told(store: Store) -> None:
    told: set[str] = set()
    chance = random.Random(11)
    for _ in range(12):
        child = process(store, WORK)
        told.update(heard(child) for _ in range(chance.randrange(1, 12)))
        child.kill()
        told.update(line.strip() for line in ended(child)[1].splitlines(keepends=True) if line.endswith("\n"))
        assert store.owner(RUN) is None
        assert told <= set(finished(store))
        assert check(store) == []
