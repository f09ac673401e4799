"""Which of the things that can't be stored would be something else if they were made again."""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import socket
import sqlite3
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from durnb.engine.remaking import moves
from durnb.snapshot import capture


def _uncommitted(folder: Path) -> Any:
    made = sqlite3.connect(folder / "a.db")
    made.execute("create table t (x int)")
    made.execute("insert into t values (1)")
    return made


def _memory_map(folder: Path) -> Any:
    (folder / "a.bin").write_bytes(bytes(10))
    with (folder / "a.bin").open("r+b") as file:
        return mmap.mmap(file.fileno(), 0)


def _held_lock(_: Path) -> Any:
    lock = threading.Lock()
    lock.acquire()
    return lock


def _array_in_no_file(folder: Path) -> object:
    made = np.memmap(folder / "b.bin", np.uint8, "w+", shape=10)
    (folder / "b.bin").unlink()
    return made


STANDING: dict[str, Callable[[Path], Any]] = {
    "a file open for writing": lambda folder: (folder / "a.txt").open("w"),
    "a file that is gone": lambda folder: tempfile.TemporaryFile(dir=folder),  # noqa: SIM115  # the test closes it
    "a database in memory": lambda _: sqlite3.connect(":memory:"),
    "a DuckDB database in memory": lambda _: duckdb.connect(),
    "rows that are not committed": _uncommitted,
    "a memory map": _memory_map,
    "an array in a file that is gone": _array_in_no_file,
    "a generator": lambda _: (x for x in [1]),
    "a hash part way": lambda _: hashlib.sha256(b"x"),
    "a socket": lambda _: socket.socket(),
    "a lock that is held": _held_lock,
}


@pytest.mark.parametrize("make", STANDING.values(), ids=list(STANDING))
def test_what_stands_somewhere_is_not_made_again(make: Callable[[Path], Any], tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        value = make(tmp_path)
        if hasattr(value, "close"):
            stack.callback(value.close)
        (lost,) = capture({"thing": value}, ["thing"]).lost
        assert moves(value, lost.reason), lost.reason


def test_a_pool_is_made_again() -> None:
    with ThreadPoolExecutor(1) as pool:
        (lost,) = capture({"pool": pool}, ["pool"]).lost
        assert not moves(pool, lost.reason)
