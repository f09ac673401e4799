"""Sees what changed in many stores, cheaply: files are read again only where the time of their folder says so."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from durnb.journal import RunName, Store, stores_in, stores_under
from durnb.runner.exits import Exit
from durnb.runner.schedule import Schedule, schedules_of
from durnb.runner.task import Task, tasks_of
from durnb.runner.unread import Unread, unread

GOES_ON: Final = frozenset({Exit.TERMINATED, Exit.HELD})  # how a run may have ended that a worker goes on with
_FRESH: Final = (
    2_000_000_000  # nanoseconds; a folder that changed so lately may change again within the same tick of the file system's clock
)


@dataclass(slots=True)
class Seen:
    """What a store held when its folder was read last. `tasks` are those that may have to be run, now or later."""

    store: Store
    mark: int = -1
    tasks: list[Task] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    _asked: dict[str, RunName] = field(default_factory=dict)

    def look(self) -> None:
        """Read tasks and schedules again, where the folder changed since."""
        try:
            mark = os.stat(self.store.folder).st_mtime_ns
        except FileNotFoundError:
            self.mark, self.tasks, self.schedules, self.unread, self._asked = -1, [], [], [], {}
            return
        if mark != self.mark:
            self.mark = mark if time.time_ns() - mark > _FRESH else -1
            self.tasks, self.schedules, self.unread = waiting(tasks_of(self.store)), schedules_of(self.store), list(unread(self.store))
            self._asked = {task.key: run for task in self.tasks if (run := _run(task)) and self.store.file(run, "inbox").is_dir()}

    def asked(self, task: Task) -> bool:
        """Whether somebody asked something of the task's run: a signal, say. Without an inbox nobody did, and a new one changes the folder."""
        run = self._asked.get(task.key)
        return run is not None and self.store.asked(run)


def _run(task: Task) -> RunName | None:
    number = (task.run or "").rpartition(".")[2]
    return RunName(task.key, int(number)) if number.isdecimal() else None


def waiting(tasks: list[Task]) -> list[Task]:
    """The tasks that a worker is to run some time, without those that wait for an earlier one of their series."""
    going = [task for task in tasks if task.standing != "ended" or task.exit in GOES_ON]
    first: dict[str, Task] = {}
    for task in sorted((t for t in going if t.series), key=lambda t: (t.standing == "queued", t.at, t.key)):
        first.setdefault(task.series, task)
    return [task for task in going if not task.series or first[task.series] is task]


class Lookout:
    """The stores under some folders. `search` walks the folders; `look` looks at what is known, and beside it."""

    def __init__(self, folders: Iterable[Path], root: Path | None) -> None:
        self._folders, self._root = list(folders), root
        self._seen: dict[Path, Seen] = {}
        self._beside: dict[Path, int] = {}

    def search(self) -> None:
        """Find stores that are new."""
        for folder in self._folders:
            for store in stores_under(folder, self._root):
                self._add(store)

    def _add(self, store: Store) -> None:
        self._seen.setdefault(store.folder, Seen(store))
        self._beside.setdefault(store.folder.parent, 0)

    def look(self) -> list[Seen]:
        """Every store, read again where it changed."""
        if self._root is None:  # what lies under another root may be of notebooks that are not ours
            self._look_beside()
        for seen in self._seen.values():
            seen.look()
        return list(self._seen.values())

    def _look_beside(self) -> None:
        """Find new stores beside those that are known: of a new notebook in a folder that has others."""
        for parent, before in list(self._beside.items()):
            try:
                mark = os.stat(parent).st_mtime_ns
            except FileNotFoundError:
                continue
            if mark != before:
                self._beside[parent] = mark if time.time_ns() - mark > _FRESH else 0
                for store in stores_in(parent):
                    self._add(store)
