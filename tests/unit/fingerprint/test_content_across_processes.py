"""Content is the same when a value is made again, or restored from a pickle, in another process with another hash seed."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import durnb

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


# blake3 may not be installed in the other pythons: any hash serves, because only equality counts
ON_ANOTHER_PYTHON = """
import hashlib, json, sys, types
fake = types.ModuleType("blake3")
fake.blake3 = lambda data=b"": hashlib.blake2b(data, digest_size=32)
sys.modules["blake3"] = fake
fast = types.ModuleType("xxhash")
fast.xxh3_128 = lambda data=b"": hashlib.blake2b(data, digest_size=16)
sys.modules["xxhash"] = fast
sys.path[:0] = sys.argv[1:]
import fresh_process
from durnb.fingerprint import content
fresh_process.LIBRARY_DEFINITIONS.clear()
names = sys.modules["__main__"].__dict__
found = fresh_process.prepare(names)
print(json.dumps({name: content(eval(expression, names)).digest for name, expression in found.items()}))
"""


def test_content_of_standard_values_is_the_same_on_every_python() -> None:
    home = str(Path(durnb.__file__).parents[1])
    named = [path for minor in range(11, 15) if (path := shutil.which(f"python3.{minor}")) is not None]
    named += [str(path) for path in sorted((Path.home() / ".pyenv/versions").glob("3.1[1-4].*/bin/python"))]
    answers: dict[str, dict[str, str]] = {}
    for python in (sys.executable, *named):
        if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
            done = subprocess.run([python, "-c", ON_ANOTHER_PYTHON, home, str(HERE)], capture_output=True, text=True, check=True)
            answers[python] = json.loads(done.stdout)
    first = answers[sys.executable]
    other = {python: [name for name in first if found[name] != first[name]] for python, found in answers.items()}
    assert not any(other.values()), other
