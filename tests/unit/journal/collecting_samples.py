"""Stores to collect in, and collections, that the tests of retention share."""

from __future__ import annotations

import os
from pathlib import Path

from durnb.events import RunFinished
from durnb.journal import (
    Collected,
    Journal,
    Limits,
    RunName,
    Store,
    collect,
)
from unit.journal.journal_samples import CLOCK, NO_WAIT, opened, run_step

KEEP = Limits(checkpoints=2, runs=2)
OTHER = RunName("default", 1)


def gc(store: Store, own: Journal | None = None, limits: Limits = KEEP, **options: object) -> Collected:
    return collect(store, limits, clock=CLOCK, own=own, **{"patience": NO_WAIT, **options})  # type: ignore[arg-type]  # passed on


def removed(collected: Collected) -> dict[tuple[str, str, str], tuple[int, int]]:
    return {(one.what, one.run, one.step): (one.count, one.bytes) for one in collected.removed}


def packs(store: Store) -> set[str]:
    return {path.name for path in store.objects.glob("*.pack")}


def edits(journal: Journal, step: str, *versions: bytes) -> list[list[str]]:
    """A step that ran once for each of `versions`; the digests of each run."""
    done = len(journal.history.steps[step].executions) if step in journal.history.steps else 0
    return [run_step(journal, step, [b"small " + version[:20], version], done + n) for n, version in enumerate(versions, 1)]


def big(size: int = 100_000) -> bytes:
    return os.urandom(size)


def finished(store: Store, run: RunName, *, told: bool = True) -> None:
    """A whole run; `told` says whether its status file got to say that it ended."""
    journal = opened(store, run)
    run_step(journal, "load", [big()])
    journal.append(RunFinished())
    if told:
        journal.write_status({"state": "finished"})
    journal.close()


def until_waiting(pid: int, path: Path) -> None:
    """Until the process has opened the lock."""
    while not any(_leads_to(link, path) for link in Path(f"/proc/{pid}/fd").iterdir()):
        pass


def _leads_to(link: Path, path: Path) -> bool:
    try:
        return os.path.samefile(link, path)
    except FileNotFoundError:  # closed since it was listed
        return False


COLLECTS = "collect(store, Limits(checkpoints=2, runs=1), clock=CLOCK, patience=timedelta(0), own=opened(store, attach=False))"
