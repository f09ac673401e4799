"""Files beside a notebook that say what is to be run, and when, and that can't be read: they are told of, for nothing comes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from durnb.journal import Store
from durnb.records import dataclass
from durnb.runner.schedule import unread_schedules
from durnb.runner.task import unread_tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Such a file: what of, and what to do."""

    file: Path
    said: str
    cure: str

    def __str__(self) -> str:
        return f"{self.said}: {self.cure}"


def unread(store: Store) -> Iterator[Unread]:
    """Those of a notebook."""
    name = store.notebook.name
    for file in unread_tasks(store):
        cure = f"delete it, and run again what it was for: durnb run {name} (finished steps are kept)"
        yield Unread(file=file, said=f"{file} can't be read, so no worker goes on with that run of {name}", cure=cure)
    for file in unread_schedules(store):
        cure = f"delete it, and say again when to run: durnb schedule {name} CRON"
        yield Unread(file=file, said=f"{file} can't be read, so {name} is not run by that schedule", cure=cure)
