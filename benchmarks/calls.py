"""P2, P3, P8 and P11 of durable calls inside a step, and the memory of a map over many small items."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Final

import durnb
from benchmarks.rows import Row, median_ms
from durnb.clock import SystemClock
from durnb.journal import Journal, RunName, Store
from durnb.testing import Crash, step

SEQUENTIAL: Final = 300
CONCURRENT: Final = 1000
KEPT: Final = 10_000
MANY: Final = 100_000
ITEMS: Final = int(os.environ.get("DURNB_BENCH_ITEMS", "100000"))


def nothing(n: int) -> int:
    return n


async def nothing_async(n: int) -> int:
    return n


def measure(folder: Path, commit_ms: float, append_ms: float) -> list[Row]:
    """How long calls take, alone and together, and what becomes of many."""
    return [*_sequential(folder, commit_ms, append_ms), *_concurrent(folder), _resumed(folder), *_many(folder), _memory(folder)]


def _sequential(folder: Path, commit_ms: float, append_ms: float) -> list[Row]:
    call = durnb.call(nothing)
    with step(folder / "p2"):
        for n in range(20):
            call(-n)
        taken = median_ms(call, SEQUENTIAL)
    note = f"{taken / append_ms:.2f} of an appender's commit, {taken / commit_ms:.2f} of an inserting one; median of {SEQUENTIAL}"
    return [
        Row(
            key="P2",
            what="P2 a sequential durable call",
            value=taken,
            unit="ms",
            samples=SEQUENTIAL,
            goal="<= 1.2 appender commits",
            note=note,
        )
    ]


def _concurrent(folder: Path) -> list[Row]:
    with step(folder / "p3"):
        began = time.perf_counter()
        durnb.map(nothing, range(CONCURRENT), concurrency=8)
        threads = time.perf_counter() - began
        began = time.perf_counter()
        asyncio.run(_gathered())
        tasks = time.perf_counter() - began
    goal = "faster than Restate's gather"
    return [
        Row(key="P3", what=f"P3 {CONCURRENT} calls, 8 threads", value=threads, unit="s", samples=1, goal=goal, note="durnb.map, once"),
        Row(key="P3b", what=f"P3 {CONCURRENT} calls, 8 tasks", value=tasks, unit="s", samples=1, goal=goal, note="durnb.aio.map, once"),
    ]


async def _gathered() -> None:
    from durnb import aio  # noqa: PLC0415  # as a user does, in the cell

    await aio.map(nothing_async, range(CONCURRENT, 2 * CONCURRENT), concurrency=8)


def _resumed(folder: Path) -> Row:
    place = folder / "p8"
    with contextlib.suppress(Crash), step(place):
        durnb.map(nothing, range(KEPT), concurrency=64)
        raise Crash
    began = time.perf_counter()
    with step(place):
        durnb.map(nothing, range(KEPT), concurrency=64)
        taken = time.perf_counter() - began
    note = "from opening the journal to the end of a map whose items are all recorded, once"
    return Row(key="P8c", what=f"P8 resume with {KEPT:,} finished calls", value=taken, unit="s", samples=1, goal="< 0.5 s", note=note)


def _many(folder: Path) -> list[Row]:
    place = folder / "p11"
    with contextlib.suppress(Crash), step(place):
        asyncio.run(_filled())
        raise Crash
    store, run = Store.of(place / "test.ipynb"), RunName("interactive", 1)
    size = sum(file.stat().st_size for file in store.folder.iterdir() if file.is_file())
    began = time.perf_counter()
    journal = Journal.open(store, run, create=False, clock=SystemClock(), wait=timedelta(0), attach=False)
    taken = time.perf_counter() - began
    journal.close(None)
    what = f"P11 a journal of {MANY:,} calls"
    return [
        Row(key="P11c", what=f"{what} opens in", value=taken, unit="s", samples=1, goal="< 1 s", note="once"),
        Row(
            key="P11d",
            what="P11 bytes of a call on disk",
            value=size / MANY,
            unit="B",
            samples=1,
            goal="< 200 B",
            note="write-ahead log included",
        ),
    ]


async def _filled() -> None:
    from durnb import aio  # noqa: PLC0415  # as a user does, in the cell

    await aio.map(nothing_async, range(MANY), concurrency=512)


_MAPS: Final = """
import sys
from pathlib import Path
import durnb
from durnb.testing import step
def nothing(n): return n
with step(Path(sys.argv[1])):
    durnb.map(nothing, iter(range(100)))
    before = int(open('/proc/self/statm').read().split()[1])
    durnb.map(nothing, iter(range(int(sys.argv[2]))), concurrency=64)
    print((int(open('/proc/self/statm').read().split()[1]) - before) * 4096)
"""


def _memory(folder: Path) -> Row:
    done = subprocess.run([sys.executable, "-c", _MAPS, str(folder / "memory"), str(ITEMS)], capture_output=True, text=True, check=True)
    note = "growth of the process, results and records included; linear, so ten times that for a million"
    return Row(key="P3m", what=f"memory of an item of a map over {ITEMS:,}", value=int(done.stdout) / ITEMS, unit="B", samples=1, note=note)
