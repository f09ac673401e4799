"""Durable calls while the database fails: at each statement of a call's way to the disk, before it is done and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

import durnb
from durnb.engine.body import Body
from durnb.errors import JournalError, StepAsks
from durnb.journal import Store, check
from durnb.testing import Crash, step

DOES = ("execute", "begin", "commit", "appender")


class Failing:
    """A connection of which the statement numbered `at` fails, once: before it is done, or (`late`) when it was done and nobody is told."""

    def __init__(self, connection: Any, at: int, *, late: bool) -> None:
        self._connection, self._at, self._late = connection, at, late
        self.done = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        return self._counted(found) if name in DOES else found

    def _counted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            self.done += 1
            if self.done != self._at:
                return method(*args)
            if self._late:
                method(*args)
            raise duckdb.IOException("IO Error: the disk does not answer")

        return call


@contextmanager
def failing(body: Body, at: int, *, late: bool) -> Iterator[Failing]:
    """While it lasts, statement `at` fails; a connection that was opened anew after it is a good one."""
    database = body.journal._database  # type: ignore[attr-defined]  # faults are put in where the statements are made
    good, bad = database.connection, Failing(database.connection, at, late=late)
    database.connection = bad
    try:
        yield bad
    finally:
        if database.connection is bad:
            database.connection = good


def calls(made: list[object]) -> dict[str, Callable[[], object]]:
    """Ways to make a call: its result in the event, beside it, in a pack; and several at a time."""

    def give(value: Any) -> Any:
        made.append(value)
        return value

    return {
        "event": lambda: durnb.call(give)(1),
        "beside": lambda: len(durnb.call(give)("x" * 5000)),
        "pack": lambda: len(durnb.call(give)("x" * 200_000)),
        "several": lambda: durnb.map(give, range(8), concurrency=8),
        "once": lambda: durnb.call(give, once=True, name="pay")(7),
    }


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("way", ["event", "beside", "pack", "several"])
def test_a_statement_that_fails_costs_a_call_at_most_a_second_time(folder: Path, way: str, late: bool) -> None:
    at = failures = 0
    while True:
        at += 1
        made: list[object] = []
        place = folder / str(at)
        place.mkdir()
        try:
            with step(place) as body:
                durnb.call(abs)(-1)
                with failing(body, at, late=late) as bad:
                    first = calls(made)[way]()
                raise Crash
        except Crash:
            failed = False
        except JournalError:
            failed, first, failures = True, None, failures + 1
        with step(place):
            again = calls(made)[way]()
        assert failed or again == first
        each = {str(value): made.count(value) for value in made}
        assert max(each.values()) <= 1 + failed, (at, each)
        assert check(Store.of(place / "test.ipynb")) == []
        if bad.done < at:
            break
    assert failures or late
    assert at > {"event": 1, "beside": 4, "pack": 1, "several": 1}[way]


def test_a_call_that_is_to_happen_once_asks_or_is_done_whatever_failed(folder: Path) -> None:
    for at in (1, 2, 3):
        for late in (False, True):
            made: list[object] = []
            place = folder / f"{at}{late}"
            place.mkdir()
            with suppress(Crash, JournalError), step(place) as body:
                durnb.call(abs)(-1)
                with failing(body, at, late=late):
                    calls(made)["once"]()
                raise Crash
            with suppress(Crash, StepAsks), step(place):
                calls(made)["once"]()
                raise Crash
            assert len(made) <= 1
            assert check(Store.of(place / "test.ipynb")) == []
