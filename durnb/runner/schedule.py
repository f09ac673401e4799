"""Schedules of notebooks: cron expressions in a time zone, whose every tick is a run of its own key, so that none runs twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime, tzinfo
from itertools import islice, takewhile
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from durnb.clock import Clock
from durnb.digests import digest_of
from durnb.errors import UsageError
from durnb.journal import Store, read_schedules, remove_schedule, remove_task, write_schedule
from durnb.records import dataclass
from durnb.runner.parameters import run_key
from durnb.runner.request import RunRequest
from durnb.runner.task import Task, queue_once, tasks_of
from durnb.runner.whereto import output_beside

Overlap = Literal["skip", "queue"]
_MOST: Final = 1000  # ticks that are made up for at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When `notebook` runs. Ticks up to `handled` are decided; `tz` is an IANA name.

    Texts among the parameters may hold the tick: ``{tick:%Y-%m-%d}``. With `overlap` skip a tick is left out while an earlier one still runs, with
    queue it waits. `every`: all cells are steps. Of ticks that were missed only the newest runs, with `backfill` each.
    """

    notebook: Path
    cron: str
    tz: str
    handled: datetime
    parameters: Mapping[str, Any] = field(default_factory=dict)
    overlap: Overlap = "skip"
    backfill: bool = False
    kernel: str | None = None
    every: bool = False

    @property
    def id(self) -> str:
        """What makes it the same schedule."""
        return digest_of("schedule", self.cron, self.tz, json.dumps(dict(self.parameters), sort_keys=True))[:12]

    def ticks(self, since: datetime) -> Iterator[datetime]:
        """The ticks after `since`. Clocks that are put forward run what fell into the gap at its end; put back, nothing runs twice by the hour."""
        return CronSim(self.cron, since.astimezone(zone(self.tz)))

    def encode(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "cron": self.cron,
            "tz": self.tz,
            "handled": self.handled.isoformat(),
            "parameters": dict(self.parameters),
            "overlap": self.overlap,
            "backfill": self.backfill,
            "kernel": self.kernel,
            "every": self.every,
        }


def schedule_of(notebook: Path, facts: Mapping[str, Any]) -> Schedule | None:
    """The inverse of `Schedule.encode`; None for what is none of ours."""
    try:
        found = Schedule(notebook=notebook, **{**facts, "handled": datetime.fromisoformat(facts["handled"])})
        check(found)
    except (KeyError, TypeError, ValueError, UsageError):
        return None
    return found


def check(schedule: Schedule) -> None:
    """Raises UsageError for a cron expression, time zone or parameter that can't be meant."""
    try:
        first = next(schedule.ticks(schedule.handled))
    except CronSimError as error:
        raise UsageError(
            f"{schedule.cron!r} is not a cron expression ({error}): minute hour day month weekday, such as '0 6 * * MON-FRI'"
        ) from None
    except StopIteration:
        raise UsageError(f"{schedule.cron!r} never comes") from None
    request_of(schedule, first)


def zone(name: str) -> tzinfo:
    """The time zone. Raises UsageError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"there is no time zone {name!r}: an IANA name such as Europe/Berlin or UTC") from None


def add(store: Store, schedule: Schedule) -> bool:
    """Keep the schedule; False where it was there, and is changed in what does not make it the same. Raises UsageError, JournalReadOnly, DiskFull."""
    check(schedule)
    known = {each.id: each for each in schedules_of(store)}.get(schedule.id)
    write_schedule(store, schedule.id, replace(schedule, handled=known.handled if known else schedule.handled).encode())
    return known is None


def remove(store: Store, schedule: Schedule) -> None:
    """Let no further tick of it run."""
    remove_schedule(store, schedule.id)


def schedules_of(store: Store) -> list[Schedule]:
    """The schedules of a notebook."""
    found = (schedule_of(store.notebook, facts) for _, facts in read_schedules(store) if facts is not None)
    return [schedule for schedule in found if schedule is not None]


def unread_schedules(store: Store) -> list[Path]:
    """The files of schedules that can't be read: damaged, or of another durnb."""
    return [file for file, facts in read_schedules(store) if facts is None or schedule_of(store.notebook, facts) is None]


def request_of(schedule: Schedule, tick: datetime) -> RunRequest:
    """The run of a tick: its key ends in the tick's local time. Raises UsageError for a parameter whose form can't be filled in."""
    parameters = {name: _filled(value, tick) for name, value in schedule.parameters.items()}
    key = f"{run_key(parameters)}@{tick:%Y-%m-%dT%H%M%z}"
    return RunRequest(
        notebook=schedule.notebook,
        output=output_beside(schedule.notebook, key),
        key=key,
        parameters=parameters,
        kernel=schedule.kernel,
        every=schedule.every,
    )


def _filled(value: Any, tick: datetime) -> Any:
    if not isinstance(value, str) or "{tick" not in value:
        return value
    try:
        return value.format(tick=tick)
    except (ValueError, KeyError, IndexError, AttributeError) as error:
        raise UsageError(f"{value!r} can't be filled in with the tick ({error}): {{tick:%Y-%m-%d}}") from None


def queue_ticks(store: Store, schedule: Schedule, clock: Clock) -> list[Task]:
    """Queue what has come due since the last look, and note it; the tasks that were queued. Two workers that do it at once queue each tick once."""
    now = clock.now()
    due = list(islice(takewhile(lambda tick: tick <= now, schedule.ticks(schedule.handled)), _MOST))
    if not due:
        return []
    chosen = due if schedule.backfill else due[-1:]
    queued: list[Task] = []
    for tick in chosen:
        if schedule.overlap == "skip" and not schedule.backfill and _goes_on(store, schedule):
            continue
        task = Task(request=request_of(schedule, tick), standing="queued", at=clock.now(), series=schedule.id)
        if queue_once(store, task):
            queued.append(task)
    write_schedule(store, schedule.id, replace(schedule, handled=due[-1]).encode())
    return queued


def forget_ticks(store: Store, series: str) -> None:
    """Forget ticks of a schedule that ended and whose runs retention has deleted: none of them comes again."""
    runs = {str(run) for run in store.runs()}
    for task in tasks_of(store):
        if task.series == series and task.standing == "ended" and task.run is not None and task.run not in runs:
            remove_task(store, task.key)


def _goes_on(store: Store, schedule: Schedule) -> bool:
    return any(task.series == schedule.id and task.standing != "ended" for task in tasks_of(store))


def next_tick(schedule: Schedule, now: datetime) -> datetime:
    """When it runs next."""
    return next(schedule.ticks(max(now, schedule.handled)))
