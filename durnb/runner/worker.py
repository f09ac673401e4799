"""The worker: keeps every run under its folders moving, with at most so many kernels at once, until it is told to stop.

It holds nothing that matters: what is to run lies in the stores, a claim keeps two workers off one run, and one that is killed leaves all to the next.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from durnb.clock import Clock
from durnb.engine.overview import spell
from durnb.errors import DurnbError, JournalError, RunHeld
from durnb.fold import History
from durnb.journal import Store, read_history, remove_left_by_writers, task_claimed
from durnb.records import dataclass
from durnb.runner.exits import Exit
from durnb.runner.lookout import GOES_ON, Lookout, Seen
from durnb.runner.orphan import end_orphan
from durnb.runner.request import Outcome, Watcher, message_of
from durnb.runner.schedule import Schedule, forget_ticks, queue_ticks
from durnb.runner.stop import Stop
from durnb.runner.supervise import supervise
from durnb.runner.task import Task, put_task, task_of

_TICK: Final = 2.0  # seconds between two looks: a thousand stores cost 5 ms each
_SEARCH: Final = 60.0  # seconds between two walks through the folders
_SWEEP: Final = 3600.0  # seconds
_SET: Final = timedelta(minutes=1)  # by which the clock has to be set for that to be said
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True, kw_only=True)
class Orders:
    """`drain` is how long running cells are let go on after the first signal. With `once` the worker ends when nothing is left to do for now."""

    folders: Iterable[Path]
    root: Path | None
    kernels: int
    drain: timedelta
    once: bool = False


@dataclass(slots=True, kw_only=True)
class Worker:
    """`watcher` makes the watcher of one run; `says` is told what the worker does, in a line."""

    orders: Orders
    environment: Mapping[str, str]
    clock: Clock
    watcher: Callable[[Task], Watcher]
    says: Callable[[str], None]
    _stops: dict[asyncio.Task[None], Stop] = field(default_factory=dict)
    _running: set[tuple[Path, str]] = field(default_factory=set)
    _swept: float = -_SWEEP
    _looked: bool = False
    _ahead: datetime | None = None  # the time at which the clock that counts seconds was at 0
    _said: set[str] = field(default_factory=set)
    _draining: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self) -> None:
        """Until it is told to stop, or, with `once`, until nothing is left to do."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._asked_to_stop)
        try:
            await self._look_and_start()
        finally:
            await self._drain()
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    async def _look_and_start(self) -> None:
        lookout, searched = Lookout(self.orders.folders, self.orders.root, self.clock), -_SEARCH
        while not self._draining.is_set():
            self._tell_of_clock()
            if time.monotonic() - searched >= _SEARCH:
                lookout.search()
                searched = time.monotonic()
            seen_all = lookout.look()
            self._sweep(seen_all)
            due, wake = self._due(seen_all)
            if not self._looked:
                self._looked = True
                self.says(
                    f"looks after {len(seen_all)} notebook{'s' * (len(seen_all) != 1)}; at most {self.orders.kernels} kernels at once"
                )
            for seen, task in due[: self.orders.kernels - len(self._stops)]:
                self._start(seen.store, task)
            if self.orders.once and not due and not self._stops:
                return
            await self._rest(wake)

    def _sweep(self, found: list[Seen]) -> None:
        """Now and then, remove what killed writers left beside what they wrote."""
        if self.clock.monotonic() - self._swept < _SWEEP:
            return
        self._swept = self.clock.monotonic()
        for seen in found:
            try:
                remove_left_by_writers(seen.store, self.clock.now())
            except JournalError as error:
                self._say_once(f"{seen.store.notebook.name}: what a killed writer left was not removed: {error}")

    def _tell_of_clock(self) -> None:
        """Say where the clock by which sleepers wake and schedules run was set, or this machine slept."""
        ahead = self.clock.now() - timedelta(seconds=self.clock.monotonic())
        before, self._ahead = self._ahead or ahead, ahead
        if abs(moved := ahead - before) >= _SET:
            how = "set back" if moved < timedelta(0) else "set forward, or the machine slept,"
            self.says(f"the clock was {how} by {spell(abs(moved))}: sleepers and schedules go by it (durnb wake ends a sleep)")

    async def _rest(self, wake: datetime | None) -> None:
        """Until the next look: two seconds, less where a sleeper is due before, or a kernel became free."""
        left = min(_TICK, max(0.0, (wake - self.clock.now()).total_seconds())) if wake else _TICK
        waits = [asyncio.create_task(self._draining.wait()), *self._stops]
        await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        waits[0].cancel()

    # ---- what is due

    def _due(self, found: list[Seen]) -> tuple[list[tuple[Seen, Task]], datetime | None]:
        """The tasks to start now, the most urgent first, and when the next sleeper wakes."""
        now = self.clock.now()
        due: list[tuple[Seen, Task]] = []
        for seen in found:
            for each in seen.unread:
                self._say_once(str(each))
            for schedule in seen.schedules:
                if self._queue(seen.store, schedule):
                    seen.mark.forget()
            due += [(seen, task) for task in seen.tasks if self._is_due(seen, task, now)]
        wakes = [
            task.wake for seen in found for task in seen.tasks if task.standing == "suspended" and task.wake is not None and task.wake > now
        ]
        return sorted(due, key=lambda pair: (-pair[1].request.priority, pair[1].at)), min(wakes, default=None)

    def _queue(self, store: Store, schedule: Schedule) -> bool:
        """Whether ticks came due and are queued."""
        try:
            queued = queue_ticks(store, schedule, self.clock)
        except DurnbError as error:
            self._say_once(f"{store.notebook.name}: the schedule {schedule.cron!r} was not looked at: {error}")
            return False
        if queued:
            self.says(f"{store.notebook.name}: due by {schedule.cron!r}: {', '.join(task.key for task in queued)}")
        return bool(queued)

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.says(text)

    def _is_due(self, seen: Seen, task: Task, now: datetime) -> bool:
        if (seen.store.folder, task.key) in self._running or not may_start(task, now, seen.asked):
            return False
        return task_claimed(seen.store, task.key) is None and not _is_in_other_hands(seen.store, task)

    # ---- running

    def _start(self, store: Store, task: Task) -> None:
        stop = Stop(drain=self.orders.drain)
        self._running.add((store.folder, task.key))
        running = asyncio.create_task(self._run(store, task, stop))
        self._stops[running] = stop
        running.add_done_callback(lambda done: self._stops.pop(done, None))

    async def _run(self, store: Store, task: Task, stop: Stop) -> None:
        name = f"{store.notebook.name} {task.run or task.key}"
        try:
            now = task_of(store, task.key)
            if now is None or now != task:
                return  # another worker was quicker
            await asyncio.to_thread(end_orphan, task)
            if (known := over(store, task, self.clock)) is not None:
                self._end(store, task, known)
                return
            self.says(f"{name}: {'starts' if task.standing == 'queued' else 'goes on'}")
            crashed = task.standing == "running"
            before = replace(task, deaths=task.deaths + crashed)
            request = task.request if task.standing == "queued" else replace(task.request, mode="resume")
            outcome = await supervise(request, self.watcher(task), self.environment, stop, before)
            self.says(f"{name}: {_ending(outcome)}")
            if task.series:
                forget_ticks(store, task.series)
        except DurnbError as error:
            self.says(f"{name}: {error}")
            if not isinstance(error, RunHeld):
                self._end(store, task, Exit.USAGE)
        except Exception as error:  # one run that can't be run must not end all the others
            self.says(f"{name}: {type(error).__name__}: {error}")
            self._end(store, task, Exit.FAILED)
        finally:
            self._running.discard((store.folder, task.key))

    def _end(self, store: Store, task: Task, exit_code: Exit) -> None:
        try:
            put_task(store, replace(task, standing="ended", exit=exit_code))
        except JournalError as error:
            self.says(f"{store.notebook.name} {task.key}: {error}")

    # ---- the end

    def _asked_to_stop(self) -> None:
        again = self._draining.is_set()
        if not again:
            self.says(f"stops: running cells get {self.orders.drain.total_seconds():g} s to end; once more, and they are interrupted")
        self._draining.set()
        for stop in self._stops.values():
            if again:
                stop.drain = timedelta(0)
            else:
                stop.ask(signal.SIGTERM)

    async def _drain(self) -> None:
        """Until the running runs have ended: between two cells, or with a cell that was interrupted. A later worker goes on with them."""
        for stop in self._stops.values():
            if stop.signal is None:  # an error, and no signal, ended the look-out
                stop.ask(signal.SIGTERM)
        await asyncio.gather(*self._stops)


def may_start(task: Task, now: datetime, asked: Callable[[Task], bool]) -> bool:
    """Whether a task that no runner has is to be run now: it is queued, its runner crashed, was told to stop by the system or found
    the run in other hands, or its sleep is over.
    """
    match task.standing:
        case "queued" | "running":
            return True
        case "suspended":
            return (task.wake is not None and task.wake <= now) or asked(task)
        case "ended":
            return task.exit in GOES_ON


def over(store: Store, task: Task, clock: Clock) -> Exit | None:
    """How the task's run ended, by its journal, which knows where its runner crashed before it could say; None where it is not over."""
    history = _history(store, task, clock)
    if history is None or history.status == "open":
        return None
    return Exit.CANCELLED if history.status == "cancelled" else Exit.FINISHED if history.status == "finished" else Exit.FAILED


def _history(store: Store, task: Task, clock: Clock) -> History | None:
    """The history of the run that the task began; None where it began none, or a kernel has it."""
    newest = store.newest(task.key)
    if newest is None or store.owner(newest) is not None:
        return None
    with suppress(RunHeld):
        history = read_history(store, newest, clock)
        begun_by_it = task.began is not None and history.started is not None and history.started >= task.began
        return history if str(newest) == task.run or begun_by_it else None
    return None


def _is_in_other_hands(store: Store, task: Task) -> bool:
    """Whether a person paused the run, or (where that ended it before) a kernel that is not ours has it."""
    newest = store.newest(task.key)
    if newest is None or (task.run is not None and str(newest) != task.run):
        return False
    if task.exit == Exit.HELD and store.owner(newest) is not None:
        return True
    return (store.status(newest) or {}).get("state") == "paused"


def _ending(outcome: Outcome) -> str:
    said = message_of(outcome)
    return f"{outcome.exit.name.lower()}" + (f": {said}" if said and outcome.exit is not Exit.FINISHED else "")
