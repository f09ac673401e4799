"""What a worker starts, and in which order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from durnb.runner.exits import Exit
from durnb.runner.lookout import waiting
from durnb.runner.request import RunRequest
from durnb.runner.task import Task
from durnb.runner.worker import may_start

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TASK = Task(request=RunRequest(notebook=Path("/nb/etl.ipynb"), output=Path("/nb/etl.out.ipynb"), key="default"), standing="queued", at=NOW)


@pytest.mark.parametrize(
    ("changes", "asked", "starts"),
    [
        ({"standing": "queued"}, False, True),
        ({"standing": "running"}, False, True),
        ({"standing": "suspended", "wake": NOW}, False, True),
        ({"standing": "suspended", "wake": NOW + timedelta(seconds=1)}, False, False),
        ({"standing": "suspended", "wake": NOW + timedelta(days=2)}, True, True),
        ({"standing": "suspended"}, False, False),
        *(({"standing": "ended", "exit": code}, True, code in (Exit.TERMINATED, Exit.HELD)) for code in Exit),
    ],
)
def test_what_a_worker_starts(changes: dict[str, Any], asked: bool, starts: bool) -> None:
    assert may_start(replace(TASK, **changes), NOW, lambda task: asked) is starts


def test_of_a_series_the_one_that_began_goes_first_and_alone() -> None:
    def task(key: str, minutes: int, **changes: Any) -> Task:
        return replace(TASK, request=replace(TASK.request, key=key), at=NOW + timedelta(minutes=minutes), **changes)

    first, second = task("a", 1, series="s"), task("b", 2, series="s")
    begun, over, other = task("c", 9, series="s", standing="suspended"), task("d", 0, series="s", standing="ended"), task("e", 3)
    assert waiting([second, first, over, other]) == [first, other]
    assert waiting([first, begun, other]) == [begun, other]


def test_a_task_is_the_same_after_its_file() -> None:
    full = replace(
        TASK,
        standing="suspended",
        exit=Exit.ASKS,
        run="default.2",
        kernel=12,
        wake=NOW + timedelta(days=2),
        began=NOW,
        deaths=2,
        traced=("default.2", 1),
        series="s",
        request=replace(
            TASK.request, mode="resume", parameters={"n": 1}, kernel="python3", hung_after=timedelta(seconds=5), notify="x", priority=3
        ),
    )
    for task in (TASK, full):
        assert Task.decode(Path("/nb/etl.ipynb"), {**task.encode(), "key": "default"}) == task
    assert Task.decode(Path("/nb/etl.ipynb"), {"key": "default", "standing": "queued"}) is None
