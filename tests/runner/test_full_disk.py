"""A store on a disk that fills up: nothing that was kept is lost, and with room the run goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Effect = Callable[[str], str]


def _mount(*words: str) -> bool:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    return subprocess.run(["mount", "-t", "tmpfs", *words], capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 40 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not _mount("-o", "size=40m,mode=700", "tmpfs", str(folder)):
        pytest.skip("no right to mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_run_on_a_full_disk_fails_and_goes_on_when_there_is_room(desk: Any, effect: Effect, small_disk: Path) -> None:
    desk.notebook(
        f"%%durable load\n{effect('load')}\nx = 1",
        f"%%durable big\n{effect('big')}\nimport os\ndata = os.urandom(60_000_000)",
        "print(len(data) + x)",
    )
    environment = {"DURNB_STORE": str(small_disk)}
    full = desk.durnb("run", "etl.ipynb", environment=environment)
    assert full.returncode == 1, full.stderr
    assert "its result was not saved" in full.stderr
    assert _mount("-o", "remount,size=300m", "tmpfs", str(small_disk))
    done = desk.durnb("run", "etl.ipynb", environment=environment)
    assert done.returncode == 0, done.stderr
    assert desk.lines("effects") == ["load", "big", "big"]
    assert desk.text(2) == "60000001\n"
