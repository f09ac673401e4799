"""Reading a cached property is no change; assigning another value, or changing what it gave, is one."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from durnb import computed
from durnb.fingerprint import content, watch_properties
from durnb.snapshot import capture, restore

CELL = """
import functools
class C:
    def __init__(self, n): self.n = n
    @functools.cached_property
    def rows(self): return [self.n] * 3
    @functools.cached_property
    def me(self): return {"me": self}
    @functools.cached_property
    def total(self): return sum(self.rows)
x = C(1)
"""


@pytest.fixture
def space() -> Iterator[dict[str, Any]]:
    found: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(CELL, "<cell>", "exec"), found)
    watch_properties()
    yield found
    computed.unwatch()


def held(space: dict[str, Any]) -> str:
    return content(space["x"]).digest


READS = [
    "x.rows",
    "x.total",
    "x.me",
    "x.me; x.total; x.rows",
    "x.rows; del x.rows; x.rows",
    "x.rows = [1, 1, 1]; del x.rows",
    "x.rows; x.rows = [1] * 3",
]


@pytest.mark.parametrize("reading", READS)
def test_reading_changes_nothing(reading: str, space: dict[str, Any]) -> None:
    before = held(space)
    exec(reading, space)
    assert held(space) == before


CHANGES = [
    "x.rows = [2]",
    "x.rows; x.rows = [2]",
    "x.rows.append(2)",
    "x.rows; x.rows.append(2)",
    "x.total = 4",
    "x.rows; x.n = 2",
    "x.me['k'] = 1",
]


@pytest.mark.parametrize("change", CHANGES)
def test_assigning_or_changing_in_place_is_a_change(change: str, space: dict[str, Any]) -> None:
    before = held(space)
    exec(change, space)
    assert held(space) != before


def test_what_was_read_is_stored_and_is_still_no_change_after_the_restore(space: dict[str, Any]) -> None:
    before = held(space)
    exec("x.rows", space)
    taken = capture(space, ["x"])
    fresh: dict[str, Any] = {"__name__": "__main__"}
    for group in taken.groups:
        fresh.update(restore(group.stream, [], fresh, taken.sources))
    assert vars(fresh["x"]) == {"n": 1, "rows": [1, 1, 1]}
    assert held(fresh) == before
    fresh["x"].rows.append(2)
    assert held(fresh) != before


def test_what_was_assigned_is_still_a_change_after_the_restore(space: dict[str, Any]) -> None:
    exec("x.rows = [7]", space)
    changed = held(space)
    taken = capture(space, ["x"])
    fresh: dict[str, Any] = {"__name__": "__main__"}
    for group in taken.groups:
        fresh.update(restore(group.stream, [], fresh, taken.sources))
    assert held(fresh) == changed


def test_properties_work_as_they_did(space: dict[str, Any]) -> None:
    assert isinstance(space["C"].rows, functools.cached_property)
    with pytest.raises(TypeError, match="No '__dict__' attribute"):
        exec("class S:\n  __slots__ = ()\n  @functools.cached_property\n  def p(self): return 1\nS().p", space)
    exec("class E:\n  @functools.cached_property\n  def p(self): raise ValueError('mine')\ne = E()", space)
    with pytest.raises(ValueError, match="mine"):
        exec("e.p", space)
    assert vars(space["e"]) == {}


def test_what_cannot_be_looked_at_counts_as_assigned(space: dict[str, Any]) -> None:
    exec("import threading\nclass O:\n  @functools.cached_property\n  def p(self): return threading.local()\nx = O()", space)
    before = held(space)
    exec("x.p", space)
    assert held(space) == before  # its type is all that is known of it, before and after
    exec("x.p = 5", space)
    assert held(space) != before


def test_a_mark_goes_with_its_object(space: dict[str, Any]) -> None:
    exec("x.rows", space)
    assert computed.marks_of(space["x"])
    del space["x"]
    exec("x = C(1); x.__dict__['rows'] = [1, 1, 1]", space)
    assert not computed.marks_of(space["x"])
