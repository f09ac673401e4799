"""A kernel that its runner left behind is ended, stopped or not; another process that has its number is not."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from durnb.runner.orphan import birth_of, end_orphan
from durnb.runner.request import RunRequest
from durnb.runner.task import Task

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TASK = Task(request=RunRequest(notebook=Path("/nb/etl.ipynb"), output=Path("/nb/etl.out.ipynb"), key="default"), standing="running", at=NOW)


@pytest.fixture
def kernel() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process
        process.kill()


def test_a_stopped_kernel_that_is_left_is_ended(kernel: subprocess.Popen[bytes]) -> None:
    os.kill(kernel.pid, signal.SIGSTOP)
    end_orphan(replace(TASK, kernel=kernel.pid, born=birth_of(kernel.pid)))
    assert kernel.wait(timeout=10) == -signal.SIGKILL
    assert birth_of(kernel.pid) is None


def test_a_process_that_was_given_the_number_of_a_kernel_is_left_alone(kernel: subprocess.Popen[bytes]) -> None:
    end_orphan(replace(TASK, kernel=kernel.pid, born=birth_of(os.getpid())))
    end_orphan(replace(TASK, kernel=kernel.pid))
    assert kernel.poll() is None
    assert birth_of(kernel.pid) == birth_of(kernel.pid) is not None
