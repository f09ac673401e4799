"""Schedules: ticks over changes of the clock, keys, and what is queued."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from durnb.errors import UsageError
from durnb.journal import RunName, Store
from durnb.runner.exits import Exit
from durnb.runner.schedule import Schedule, add, check, forget_ticks, queue_ticks, request_of, schedules_of
from durnb.runner.task import put_task, tasks_of


@dataclass
class SetClock:
    at: datetime

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def _schedule(cron: str, handled: datetime, tz: str = "Europe/Berlin", **more: Any) -> Schedule:
    return Schedule(notebook=Path("/nb/etl.ipynb"), cron=cron, tz=tz, handled=handled, **more)


def _ticks(cron: str, since: datetime, count: int) -> list[str]:
    return [f"{tick:%d. %H:%M %z}" for tick in islice(_schedule(cron, since).ticks(since), count)]


def test_a_time_that_does_not_exist_runs_at_the_end_of_the_gap() -> None:
    assert _ticks("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=UTC), 2) == ["29. 03:00 +0200", "30. 02:30 +0200"]


def test_a_time_that_comes_twice_runs_once_and_an_hourly_one_each_hour() -> None:
    assert _ticks("30 2 * * *", datetime(2026, 10, 24, 12, tzinfo=UTC), 2) == ["25. 02:30 +0200", "26. 02:30 +0100"]
    hourly = _ticks("0 * * * *", datetime(2026, 10, 24, 23, 30, tzinfo=UTC), 3)
    assert hourly == ["25. 02:00 +0200", "25. 02:00 +0100", "25. 03:00 +0100"]


def test_the_key_of_a_tick_holds_its_time_and_tells_the_repeated_hour_apart() -> None:
    schedule = _schedule("0 * * * *", datetime(2026, 10, 24, 23, 30, tzinfo=UTC), parameters={"day": "{tick:%Y-%m-%d}", "n": 2})
    requests = [request_of(schedule, tick) for tick in islice(schedule.ticks(schedule.handled), 2)]
    assert [request.key for request in requests] == [f"day=2026-10-25,n=2@2026-10-25T0200{zone}" for zone in ("+0200", "+0100")]
    assert requests[0].parameters == {"day": "2026-10-25", "n": 2}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"cron": "0 25 * * *"}, "0 25"),
        ({"cron": "often"}, "often"),
        ({"tz": "Berlin"}, "Berlin"),
        ({"parameters": {"day": "{tick.no}"}}, "tick.no"),
    ],
)
def test_what_can_not_be_meant_is_refused_and_named(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        check(replace(_schedule("0 6 * * *", datetime(2026, 1, 1, tzinfo=UTC)), **changes))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.of(tmp_path / "etl.ipynb")
    made.create()
    return made


def _kept(store: Store, **more: Any) -> Schedule:
    schedule = replace(_schedule("0 6 * * *", datetime(2026, 5, 1, tzinfo=UTC), tz="UTC", **more), notebook=store.notebook)
    assert add(store, schedule)
    return schedules_of(store)[0]


def _keys(store: Store) -> list[str]:
    return [task.key for task in tasks_of(store)]


def test_of_missed_ticks_the_newest_is_queued_once_even_by_two_workers(store: Store) -> None:
    schedule, clock = _kept(store), SetClock(datetime(2026, 5, 4, 7, tzinfo=UTC))
    queue_ticks(store, schedule, clock)
    put_task(store, replace(tasks_of(store)[0], standing="ended", exit=Exit.FINISHED))
    assert queue_ticks(store, schedule, clock) == []  # a worker that looked before the other one noted it
    assert queue_ticks(store, schedules_of(store)[0], clock) == []
    assert _keys(store) == ["default@2026-05-04T0600+0000"]
    assert tasks_of(store)[0].standing == "ended"


def test_backfill_queues_every_missed_tick(store: Store) -> None:
    queue_ticks(store, _kept(store, backfill=True), SetClock(datetime(2026, 5, 3, 7, tzinfo=UTC)))
    assert _keys(store) == [f"default@2026-05-0{day}T0600+0000" for day in (1, 2, 3)]


@pytest.mark.parametrize(("overlap", "days"), [("skip", (1,)), ("queue", (1, 2))])
def test_a_tick_that_comes_while_one_runs_is_left_out_or_waits(store: Store, overlap: Any, days: tuple[int, ...]) -> None:
    queue_ticks(store, _kept(store, overlap=overlap), SetClock(datetime(2026, 5, 1, 7, tzinfo=UTC)))
    queue_ticks(store, schedules_of(store)[0], SetClock(datetime(2026, 5, 2, 7, tzinfo=UTC)))
    assert _keys(store) == [f"default@2026-05-0{day}T0600+0000" for day in days]


def test_ticks_whose_runs_are_deleted_are_forgotten_and_do_not_come_again(store: Store) -> None:
    schedule, clock = _kept(store, backfill=True), SetClock(datetime(2026, 5, 3, 7, tzinfo=UTC))
    first, second, _ = queue_ticks(store, schedule, clock)
    put_task(store, replace(first, standing="ended", exit=Exit.FINISHED, run=f"{first.key}.1"))
    put_task(store, replace(second, standing="ended", exit=Exit.FINISHED, run=f"{second.key}.1"))
    store.file(RunName(second.key, 1), "duckdb").touch()
    forget_ticks(store, schedule.id)
    assert _keys(store) == [f"default@2026-05-0{day}T0600+0000" for day in (2, 3)]
    assert queue_ticks(store, schedules_of(store)[0], clock) == []


def test_a_schedule_that_is_given_again_keeps_what_it_has_handled(store: Store) -> None:
    schedule = _kept(store)
    queue_ticks(store, schedule, SetClock(datetime(2026, 5, 4, 7, tzinfo=UTC)))
    assert not add(store, replace(schedule, overlap="queue"))
    (kept,) = schedules_of(store)
    assert (kept.overlap, kept.handled.day) == ("queue", 4)
