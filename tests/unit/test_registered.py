"""`durnb.register`: types that a person told durnb how to store."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest

import durnb
from durnb import registered
from durnb.errors import UsageError
from durnb.fingerprint import content, probe
from durnb.snapshot import Captured, RestoreError, capture, restore

CELL = """
import threading
class Client:
    made = []
    def __init__(self, url, rows):
        self.url, self.rows, self.link = url, rows, threading.local()
        Client.made.append(url)
rows = [1]
x = Client("db:1", rows)
holder = {"c": [x, x]}
"""


@pytest.fixture
def space() -> Iterator[dict[str, Any]]:
    found: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(CELL, "<cell>", "exec"), found)
    yield found
    registered.forget("__main__.Client")


def told(space: dict[str, Any], dump: str = "lambda c: (c.url, c.rows)", load: str = "lambda d: Client(*d)") -> None:
    durnb.register(space["Client"], dump=eval(dump, space), load=eval(load, space))


def back(taken: Captured, space: dict[str, Any]) -> dict[str, Any]:
    for group in taken.groups:
        space.update(restore(group.stream, [bytearray(b) for b in group.buffers], space, taken.sources))
    return space


def test_a_registered_object_is_stored_as_its_dump_and_made_again_by_load(space: dict[str, Any]) -> None:
    told(space)
    taken = capture(space, ["x", "holder"])
    assert taken.lost == ()
    found = back(taken, dict(space))
    assert found["x"] is not space["x"]
    assert found["x"].url == "db:1"
    assert found["x"].rows is found["rows"]
    assert found["holder"]["c"][0] is found["holder"]["c"][1] is found["x"]


def test_load_is_tried_once_and_not_at_every_save(space: dict[str, Any]) -> None:
    told(space)
    for _ in range(3):
        assert capture(space, ["x"]).lost == ()
    assert space["Client"].made == ["db:1", "db:1"]


def test_what_is_dumped_is_the_content(space: dict[str, Any]) -> None:
    told(space)
    before, probed = content(space["x"]), probe(space)["x"]
    assert before.opaque == ()
    space["x"].last = 1
    assert (content(space["x"]), probe(space)["x"]) == (before, probed)
    space["x"].url = "db:2"
    assert content(space["x"]).digest != before.digest
    assert probe(space)["x"] != probed


def test_a_dump_that_fails_is_named_and_the_rest_is_stored(space: dict[str, Any]) -> None:
    told(space, dump="lambda c: c.nothing")
    taken = capture({**space, "good": [1]}, ["x", "good"])
    (lost,) = taken.lost
    assert lost.path == "x"
    assert re.search(r"dump of durnb.register\(__main__.Client\) raised AttributeError: .*nothing", lost.reason)


def test_a_load_that_fails_is_found_when_the_step_is_saved(space: dict[str, Any]) -> None:
    told(space, load="lambda d: 1 / 0")
    (lost,) = capture(space, ["x"]).lost
    assert "load of durnb.register(__main__.Client) raised ZeroDivisionError" in lost.reason


def test_a_load_that_makes_something_else_is_found(space: dict[str, Any]) -> None:
    told(space, load="lambda d: list(d)")
    (lost,) = capture(space, ["x"]).lost
    assert "made a builtins.list, not a __main__.Client" in lost.reason


def test_a_restore_without_the_registration_says_what_to_do(space: dict[str, Any]) -> None:
    told(space, dump="lambda c: c.url", load="lambda d: Client(d, [])")
    taken = capture(space, ["x"])
    registered.forget("__main__.Client")
    with pytest.raises(RestoreError, match=r"it holds a __main__.Client, .*run the plain cell that registers it first"):
        back(taken, {})


def test_a_dotted_name_serves_a_library_that_is_not_imported_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    durnb.register("shop.Client", dump=lambda c: c.url, load=lambda url: shop.Client(url))
    private = types.ModuleType("shop._client")
    exec("class Client:\n  def __init__(self, url): self.url = url", private.__dict__)
    shop: Any = types.ModuleType("shop")
    shop.Client = private.__dict__["Client"]
    monkeypatch.setitem(sys.modules, "shop", shop)
    monkeypatch.setitem(sys.modules, "shop._client", private)
    try:
        assert registered.registration_of(shop.Client) is registered.registration_named("shop.Client")
        assert back(capture({"x": shop.Client("u")}, ["x"]), {})["x"].url == "u"
        assert registered.registration_of(type("Client", (shop.Client,), {})) is None
    finally:
        registered.forget("shop.Client")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("Client", "name the class as module.Class"),
        ("a b.C", "name the class as module.Class"),
        (5, "takes a class or its dotted name, not 5"),
        (dict, "objects of the type dict are stored by durnb itself"),
    ],
)
def test_what_is_no_type_of_ones_own_is_refused(kind: Any, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        durnb.register(kind, dump=str, load=str)


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(UsageError, match=r"durnb.register\(shop.Client\): load must be a function, not 3"):
        durnb.register("shop.Client", dump=str, load=3)  # type: ignore[arg-type]  # that is what is tested
