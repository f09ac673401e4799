"""Who has a run, as people are told of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from durnb.runner.holder import held_text


@contextmanager
def _process(folder: Path, *words: str) -> Iterator[int]:
    """A process with such a command line, which does nothing."""
    with subprocess.Popen(
        [sys.executable, "-c", "print('there', flush=True); input()", *words], cwd=folder, stdin=-1, stdout=-1
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        try:
            yield process.pid
        finally:
            process.kill()


def test_a_worker_is_told_of_as_such_with_its_folder_and_what_to_do(tmp_path: Path) -> None:
    with _process(tmp_path, "/env/bin/durnb", "worker", ".") as pid:
        told = held_text("day=1", "my etl.ipynb", pid)
    assert f"in the hands of a durnb worker (process {pid}, started in {tmp_path}), which goes on with it" in told
    assert "durnb status 'my etl.ipynb' --run day=1 tells how it goes. To run it here, end that worker first" in told


def test_another_runner_is_told_of_by_its_command(tmp_path: Path) -> None:
    with _process(tmp_path, "durnb.cli", "run", "etl.ipynb") as pid:
        assert f"in the hands of durnb run (process {pid}, started in {tmp_path}): " in held_text("default", "etl.ipynb", pid)


def test_a_process_that_is_no_durnb_or_that_is_not_known_is_told_of_by_its_number() -> None:
    assert f"in the hands of process {os.getpid()}: durnb status" in held_text("default", "etl.ipynb", os.getpid())
    assert "in the hands of another process: durnb status" in held_text("default", "etl.ipynb", None)
