"""Sees what changed in many stores, cheaply: files are read again only where the time of their folder says so."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from durnb.journal import Store, stores_under
from durnb.runner.schedule import Schedule, schedules_of
from durnb.runner.task import Task, tasks_of

_FRESH: Final = (
    2_000_000_000  # nanoseconds; a folder that changed so lately may change again within the same tick of the file system's clock
)


@dataclass(slots=True)
class Seen:
    """What a store held when its folder was read last."""

    store: Store
    mark: int = -1
    tasks: list[Task] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)

    def look(self) -> None:
        """Read tasks and schedules again, where the folder changed since."""
        try:
            mark = self.store.folder.stat().st_mtime_ns
        except FileNotFoundError:
            self.mark, self.tasks, self.schedules = -1, [], []
            return
        if mark != self.mark:
            self.tasks, self.schedules = tasks_of(self.store), schedules_of(self.store)
            self.mark = mark if time.time_ns() - mark > _FRESH else -1

    def asked(self, task: Task) -> bool:
        """Whether somebody asked something of the task's run: a signal, say."""
        return any(self.store.asked(run) for run in self.store.runs() if str(run) == task.run)


class Lookout:
    """The stores under some folders. New notebooks are found by `search`, which walks the folders; `look` only looks at the stores that are known."""

    def __init__(self, folders: Iterable[Path], root: Path | None) -> None:
        self._folders, self._root = list(folders), root
        self._seen: dict[Path, Seen] = {}

    def search(self) -> None:
        """Find stores that are new."""
        for folder in self._folders:
            for store in stores_under(folder, self._root):
                self._seen.setdefault(store.folder, Seen(store))

    def look(self) -> Iterator[Seen]:
        """Every store, read again where it changed."""
        for seen in self._seen.values():
            seen.look()
            yield seen
