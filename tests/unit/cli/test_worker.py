"""What a worker's log says of its runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from durnb.cli.worker import Deaths
from durnb.runner.places import CellPlace
from durnb.runner.request import RunRequest
from durnb.runner.task import Task

REQUEST = RunRequest(notebook=Path("/nb/etl.ipynb"), output=Path("/nb/etl.out.ipynb"), key="day=1")
TASK = Task(request=REQUEST, standing="running", at=datetime(2026, 11, 20, tzinfo=UTC))
TRAIN = CellPlace(index=2, number=3, total=12, step="train", title="model = fit(df)")


def test_the_log_names_the_run_whose_kernel_died_and_what_follows(capsys: pytest.CaptureFixture[str]) -> None:
    Deaths(TASK).kernel_died(TRAIN, 1, 5)
    Deaths(replace(TASK, run="day=1.2")).note("notify: no answer")
    told = [line.partition("Z ")[2] for line in capsys.readouterr().err.splitlines()]
    assert told == [
        "etl.ipynb day=1: the kernel died in train; starting it again, 1 of at most 5 times",
        "etl.ipynb day=1.2: notify: no answer",
    ]
