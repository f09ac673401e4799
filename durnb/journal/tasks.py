"""What runners are asked to do with the runs of a notebook, and when: small files, and a claim for each key that ends with the process that holds it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from durnb.clock import Clock
from durnb.journal import disk
from durnb.journal.lease import Lease, owner
from durnb.journal.names import quoted
from durnb.journal.store import Store

_SUFFIX: Final = ".task.json"
_SCHEDULE: Final = ".schedule.json"


def claim_task(store: Store, key: str, clock: Clock) -> Lease:
    """The right to run that key, for one runner at a time. Raises RunHeld, JournalReadOnly, DiskFull."""
    store.create()
    return Lease.acquire(_file(store, key, ".task.lock"), run=key, notebook=str(store.notebook), clock=clock, wait=timedelta(0))


def task_claimed(store: Store, key: str) -> int | None:
    """The pid of the runner that has the key; None where none does."""
    path = _file(store, key, ".task.lock")
    with disk.at(path):
        return owner(path)


def write_task(store: Store, key: str, facts: Mapping[str, Any]) -> None:
    """Replace what is known of the key. Raises JournalReadOnly, DiskFull, and TypeError for facts that JSON does not have."""
    path = _file(store, key, _SUFFIX)
    with disk.at(path):
        disk.replace(path, json.dumps({**facts, "key": key}).encode())


def create_task(store: Store, key: str, facts: Mapping[str, Any]) -> bool:
    """As `write_task` where nothing is known of the key; False where something is. Raises JournalReadOnly, DiskFull."""
    store.create()
    path = _file(store, key, _SUFFIX)
    text = json.dumps({**facts, "key": key, "mark": uuid.uuid4().hex}).encode()
    with disk.at(path):
        return disk.create_once(path, text) == text


def remove_task(store: Store, key: str) -> None:
    """Forget the key, which nobody will run again; harmless when repeated. Raises JournalReadOnly."""
    for suffix in (_SUFFIX, ".task.lock"):
        path = _file(store, key, suffix)
        with disk.at(path):
            path.unlink(missing_ok=True)


def read_tasks(store: Store) -> list[tuple[Path, Mapping[str, Any] | None]]:
    """What is known of every key, and its file, by file name; None for what can't be read."""
    return [(file, facts if facts and isinstance(facts.get("key"), str) else None) for file, facts in _all(store, _SUFFIX)]


def _all(store: Store, suffix: str) -> list[tuple[Path, Mapping[str, Any] | None]]:
    if not store.folder.is_dir():
        return []
    files = sorted(file for file in store.folder.iterdir() if file.name.endswith(suffix) and not file.name.startswith("."))
    found = [(file, _json(file)) for file in files]
    return [(file, facts) for file, facts in found if facts is not None or file.exists()]  # it may have been deleted meanwhile


def read_task(store: Store, key: str) -> Mapping[str, Any] | None:
    """What is known of the key; None where nothing is."""
    return _read(_file(store, key, _SUFFIX))


def _read(file: Path) -> Mapping[str, Any] | None:
    facts = _json(file)
    return facts if facts is not None and isinstance(facts.get("key"), str) else None


def _json(file: Path) -> Mapping[str, Any] | None:
    try:
        facts = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def _file(store: Store, key: str, suffix: str) -> Path:
    return store.folder / f"{quoted(key)}{suffix}"


def write_schedule(store: Store, schedule: str, facts: Mapping[str, Any]) -> None:
    """Replace a schedule of the notebook, by its id. Raises JournalReadOnly, DiskFull."""
    store.create()
    path = store.folder / f"{schedule}{_SCHEDULE}"
    with disk.at(path):
        disk.replace(path, json.dumps(dict(facts)).encode())


def remove_schedule(store: Store, schedule: str) -> None:
    """Delete a schedule, by its id; harmless when repeated. Raises JournalReadOnly."""
    path = store.folder / f"{schedule}{_SCHEDULE}"
    with disk.at(path):
        path.unlink(missing_ok=True)


def read_schedules(store: Store) -> list[tuple[Path, Mapping[str, Any] | None]]:
    """The schedules of the notebook, and their files, by file name; None for what can't be read."""
    return _all(store, _SCHEDULE)
