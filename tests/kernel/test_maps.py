"""``durnb.map``: a record for each item, over any number of kernels."""

from __future__ import annotations

import os
import random
from collections import Counter

from kernel.conftest import Notebook
from kernel.driver import CellResult

ITEMS = int(os.environ.get("DURNB_MAP_ITEMS", "5000"))
KILLS = int(os.environ.get("DURNB_MAP_KILLS", "10"))
START = """
import asyncio, os, signal, threading
from pathlib import Path
import durnb
ALOT = ITEMS
lock = threading.Lock()

def effect(n):
    with lock, open('effects', 'ab', buffering=0) as lines:
        lines.write(f'{n}\\n'.encode())
        os.fsync(lines.fileno())
    return n * n

async def aeffect(n):
    await asyncio.sleep(0)
    return effect(n)

def die(name='died'):
    if not Path(name).exists():
        Path(name).touch()
        os.kill(os.getpid(), signal.SIGKILL)

def picky(n):
    ran(f'picky{n}')
    if n % 3 == 2: raise ValueError(f'no {n}')
    return n

def squared(n): return n * n
""".replace("ITEMS", str(ITEMS))


def effects(nb: Notebook) -> Counter[int]:
    file = nb.place.folder / "effects"
    return Counter(map(int, file.read_text().split())) if file.exists() else Counter()


def until_effects(nb: Notebook, cell: CellResult, wanted: int) -> bool:
    """Wait until so many items had their effect, or the cell has ended; whether it has."""
    nb.until(lambda: effects(nb).total() >= wanted or cell.replied, what="some items")
    return cell.replied


def test_items_are_done_once_whatever_kills_the_kernel(nb: Notebook) -> None:
    choice = random.Random(4)
    cell = "%%durable all\nfound = durnb.map(effect, iter(range(ALOT)), concurrency=6)\ngood = found == [n * n for n in range(ALOT)]\nlen(found)"
    nb.ok(START)
    died = 0
    for _ in range(KILLS):
        wanted = min(effects(nb).total() + choice.randrange(1, ITEMS // KILLS), ITEMS - 1)
        died += not until_effects(nb, nb.begin(cell), wanted)
        nb.open().ok(START)
    assert nb.ok(cell).text == str(ITEMS)
    assert nb.evaluate("good") is True
    counts = effects(nb)
    assert set(counts) == set(range(ITEMS))
    assert counts.total() - ITEMS <= 6 * died  # those in flight at a kill, at most once more each
    assert died >= KILLS // 2


def test_coroutines_are_mapped_in_tasks_from_cells_with_and_without_await(nb: Notebook) -> None:
    nb.ok(START)
    cell = "%%durable all\na = durnb.map(aeffect, range(40), concurrency=9)\nb = await durnb.aio.map(aeffect, range(30, 70))\nc = await durnb.aio.map(effect, [1])\ndie()\nd = len(a + b + c)"
    assert nb.run(cell).status == "died"
    nb.open().ok(START, cell)
    assert effects(nb) == Counter([*range(40), *range(30, 70), 1])
    assert nb.evaluate("d") == 81


def test_failures_that_are_tolerated_are_errors_in_the_result(nb: Notebook) -> None:
    nb.ok(START)
    cell = "%%durable all\nfound = durnb.map(picky, range(7), tolerate={})\nkinds = [type(f).__name__ for f in found]"
    failed = nb.run(cell.format(0))
    assert (failed.ename, "of 7 items are done, and are kept" in failed.announcement) == ("ValueError", True)
    assert "in picky(n)" in failed.error
    assert "durnb/inside" not in failed.error
    unusable = nb.run("%%durable all\ndurnb.map(picky, range(7), concurrency=0)").error
    assert ("durnb.map(picky, range(7), concurrency=0)" in unusable, "File" in unusable) == (True, False)
    refused = nb.run(cell.format(1))
    assert (refused.ename, "2 items of picky failed" in refused.evalue) == ("MapFailed", True)
    told = nb.ok(cell.format(2)).announcement
    assert "picky: 2 items failed, and are errors in its result: " in told
    assert "5: ValueError: no 5" in told
    assert nb.evaluate("kinds") == ["int", "int", "ValueError"] * 2 + ["int"]
    assert nb.executions["picky0"] == 1
    assert nb.executions["picky2"] == 3


def test_an_interrupt_keeps_what_is_done(nb: Notebook) -> None:
    nb.ok(START, "def slow(n):\n    effect(n)\n    if n == 20: go.wait(30)\n    return n\ngo = threading.Event()")
    cell = "%%durable all --ignore go,lock\nfound = durnb.map(slow, range(21), concurrency=1, key=str)\nlen(found)"
    running = nb.begin(cell)
    nb.until(lambda: "slow: 95%|###################.| 20/21 [" in running.badge, what="its progress")
    nb.interrupt()
    interrupted = nb.finish(running)
    assert interrupted.ename == "KeyboardInterrupt"
    assert "----> 2 found = durnb.map(slow" in interrupted.error
    assert "File" not in interrupted.error  # neither of durnb nor of what it waits with
    nb.ok("go.set()", cell)
    assert effects(nb) == Counter([*range(21), 20])


def test_a_map_runs_in_any_executor_and_at_a_rate(nb: Notebook) -> None:
    nb.ok(START, "from concurrent.futures import ProcessPoolExecutor\nimport multiprocessing, math, time")
    cell = (
        "%%durable all\nwith ProcessPoolExecutor(2, multiprocessing.get_context('fork')) as pool: found = durnb.map(squared, range(20), executor=pool)\n"
        "del pool\nbegan = time.monotonic()\nslow = durnb.map(squared, range(5), rate='20/s', ordered=False, name='slow')\ntook = time.monotonic() - began"
    )
    nb.ok(cell)
    assert nb.evaluate("[found == [n * n for n in range(20)], sorted(slow), took >= 0.19]") == [True, [0, 1, 4, 9, 16], True]
