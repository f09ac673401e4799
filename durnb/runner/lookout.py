"""Sees what changed in many stores, cheaply: files are read again only where the time of their folder says so."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Final

from durnb.clock import Clock
from durnb.journal import RunName, Store, stores_in, stores_under
from durnb.records import dataclass
from durnb.runner.exits import Exit
from durnb.runner.schedule import Schedule, schedules_of
from durnb.runner.task import Task, tasks_of
from durnb.runner.unread import Unread, unread

GOES_ON: Final = frozenset({Exit.TERMINATED, Exit.HELD})  # how a run may have ended that a worker goes on with
_FRESH: Final = 2.0  # seconds; a folder that changed so lately may change again within the same tick of the file system's clock


@dataclass(slots=True)
class Mark:
    """The time of a folder as it was seen last. It is compared with itself alone, and never with a clock, which may be set."""

    _time: int = -1
    _since: float = 0.0
    _settled: bool = False

    def moved(self, path: Path, now: float) -> bool:
        """Whether what is in the folder may have changed since this was asked last; `now` counts seconds. Raises FileNotFoundError."""
        seen = os.stat(path).st_mtime_ns
        if seen != self._time:
            self._time, self._since, self._settled = seen, now, False
            return True
        was, self._settled = self._settled, self._settled or now - self._since > _FRESH
        return not was

    def forget(self) -> None:
        """Let the next look count as one after a change."""
        self._time = -1


@dataclass(slots=True)
class Seen:
    """What a store held when its folder was read last. `tasks` are those that may have to be run, now or later."""

    store: Store
    mark: Mark = field(default_factory=Mark)
    tasks: list[Task] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    _asked: dict[str, RunName] = field(default_factory=dict)

    def look(self, now: float) -> None:
        """Read tasks and schedules again, where the folder changed since."""
        try:
            moved = self.mark.moved(self.store.folder, now)
        except FileNotFoundError:
            self.mark.forget()
            self.tasks, self.schedules, self.unread, self._asked = [], [], [], {}
            return
        if moved:
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

    def __init__(self, folders: Iterable[Path], root: Path | None, clock: Clock) -> None:
        self._folders, self._root, self._clock = list(folders), root, clock
        self._seen: dict[Path, Seen] = {}
        self._beside: dict[Path, Mark] = {}

    def search(self) -> None:
        """Find stores that are new."""
        for folder in self._folders:
            for store in stores_under(folder, self._root):
                self._add(store)

    def _add(self, store: Store) -> None:
        self._seen.setdefault(store.folder, Seen(store))
        self._beside.setdefault(store.folder.parent, Mark())

    def look(self) -> list[Seen]:
        """Every store, read again where it changed."""
        now = self._clock.monotonic()
        if self._root is None:  # what lies under another root may be of notebooks that are not ours
            self._look_beside(now)
        for seen in self._seen.values():
            seen.look(now)
        return list(self._seen.values())

    def _look_beside(self, now: float) -> None:
        """Find new stores beside those that are known: of a new notebook in a folder that has others."""
        for parent, mark in list(self._beside.items()):
            with suppress(FileNotFoundError):
                if mark.moved(parent, now):
                    for store in stores_in(parent):
                        self._add(store)
