"""Content is the same when a value is made again, or restored from a pickle, in another process with another hash seed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

HERE = Path(__file__).parent
SCRIPT = HERE / "fresh_process.py"
_spec = importlib.util.spec_from_file_location("fresh_process", SCRIPT)
assert _spec is not None
assert _spec.loader is not None
fresh_process = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fresh_process)

NAMES = [*fresh_process.VALUES, *(name for values in fresh_process.LIBRARIES.values() for name in values)]
Found = dict[str, tuple[str, list[str]]]


def run(mode: str, file: Path, seed: int) -> Found:
    environ = {**os.environ, "PYTHONHASHSEED": str(seed)}
    done = subprocess.run([sys.executable, str(SCRIPT), mode, str(file)], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return {name: (digest, opaque) for name, (digest, opaque) in json.loads(done.stdout).items()}


@cache
def runs() -> tuple[Found, Found, Found]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "values"
        first = run("make", file, 1)
        return first, run("restore", file, 2), run("make", Path(folder) / "again", 3)


def found_in(number: int, name: str) -> tuple[str, list[str]]:
    if name not in runs()[number]:
        pytest.skip("the library is not installed")
    return runs()[number][name]


@pytest.mark.parametrize("name", NAMES)
def test_content_is_the_same_after_a_restore_in_another_process(name: str) -> None:
    assert found_in(0, name)[0] == found_in(1, name)[0]


@pytest.mark.parametrize("name", NAMES)
def test_content_is_the_same_when_the_value_is_made_again(name: str) -> None:
    assert found_in(0, name)[0] == found_in(2, name)[0]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_it_is_opaque(name: str) -> None:
    assert found_in(0, name)[1] == []


def test_no_two_kinds_have_one_content() -> None:
    digests = [digest for digest, _ in runs()[0].values()]
    assert len(set(digests)) == len(digests) - 1  # "wraps" and "bound method" both hold Point.make
