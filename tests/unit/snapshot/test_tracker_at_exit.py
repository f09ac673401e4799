"""Definitions that durnb follows may die while the names of its modules go, when Python ends: nothing is said of them then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_LOOKS = """
import sys
from durnb.snapshot import tracker

first, second = {}, {}
exec("def one(): pass", {}, second)
exec("def other(): pass", {}, first)
tracker.track(second["one"], "one", first, "digest")  # its entry is the last to hold the first namespace, and so the other
tracker.track(first["other"], "other", second, "digest")
sys.kept = [tracker, second["one"]]  # a module that nothing holds is gone with its names at once
del first, second
"""


def test_what_outlives_durnbs_names_dies_in_silence(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", _LOOKS], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
