"""What is loaded to be looked at is what was stored, and leaves alone what is live."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from durnb.fingerprint import content
from durnb.snapshot import Captured, capture, restore_aside
from unit.snapshot.test_live import run


def aside(taken: Captured, space: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for group in taken.groups:
        buffers = [bytearray(b) for b in group.buffers]
        found.update(restore_aside(group.stream, buffers, space, taken.sources, found.keys(), same=same))
    return found


def same(a: object, b: object) -> bool:
    one, other = content(a), content(b)
    return not one.opaque and one.digest == other.digest


CLASS = "class C:\n  total = 0\n  seen = []\n  def m(self, by=1): return self.total + by\n"


def test_an_instance_is_one_of_the_live_class_that_holds_the_same() -> None:
    first, second = run(CLASS + "x = C(); x.v = 3"), run("\n" + CLASS)
    seen = second["C"].seen
    found = aside(capture(first, ["x"]), second)["x"]
    assert type(found) is second["C"]
    assert found.v == 3
    assert second["C"].seen is seen


@pytest.mark.parametrize("change", ["C.total = 5", "C.seen.append(1)", "C.m.__defaults__ = (7,)"])
def test_a_class_that_holds_something_else_now_is_the_one_that_was_stored(change: str) -> None:
    first, second = run(CLASS + f"{change}\nx = C()"), run(CLASS)
    found = aside(capture(first, ["x"]), second)["x"]
    assert type(found) is not second["C"]
    assert (found.total, found.seen, found.m()) == (first["x"].total, first["x"].seen, first["x"].m())
    assert (second["C"].total, second["C"].seen, second["C"]().m()) == (0, [], 1)


def test_a_class_of_the_same_code_is_live_for_a_second_look_too() -> None:
    first, second = run(CLASS + "x = C()"), run(CLASS)
    taken = capture(first, ["x"])
    assert type(aside(taken, second)["x"]) is type(aside(taken, second)["x"]) is second["C"]


def test_a_subclass_is_the_live_one_only_where_its_base_is() -> None:
    cell = CLASS + "class D(C): pass\n"
    first, second = run(cell + "C.total = 9\nx = D()"), run(cell)
    found = aside(capture(first, ["x"]), second)["x"]
    assert type(found) is not second["D"]
    assert found.m() == 10


def test_a_function_is_a_new_one_that_sees_the_live_namespace() -> None:
    cell = "k = 1\ndef f(a=[]): return (k, a)\n"
    first, second = run(cell + "f.__defaults__[0].append(4)"), run(cell)
    second["k"] = 2
    found = aside(capture(first, ["f"]), second)["f"]
    assert found() == (2, [4])
    assert second["f"]() == (2, [])
    assert "f" in second
    assert found is not second["f"]


def test_a_closure_counts_by_itself() -> None:
    cell = "def make():\n  n = 0\n  def inc():\n    nonlocal n; n += 1\n    return n\n  return inc\ninc = make()"
    first, second = run(cell + "\ninc(); inc()"), run(cell)
    assert aside(capture(first, ["inc"]), second)["inc"]() == 3
    assert second["inc"]() == 1


def test_a_cached_function_keeps_the_live_cache_as_it_is() -> None:
    cell = "import functools\n@functools.lru_cache\ndef f(n): return n\n"
    first, second = run(cell), run(cell)
    second["f"](1)
    aside(capture(first, ["f"]), second)["f"](2)
    assert second["f"].cache_info().currsize == 1


def test_members_of_a_live_enum_are_its_members() -> None:
    cell = "import enum\nclass E(enum.Enum):\n  A = 1\nx = {'e': E.A}"
    first, second = run(cell), run(cell)
    assert aside(capture(first, ["x"]), second)["x"]["e"] is second["E"].A


def test_an_object_of_a_project_module_is_looked_at_as_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project_of_aside.py").write_text("class Config: pass\nconfig = Config()\nconfig.level = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    first = run("from project_of_aside import config\nconfig.level = 5\nx = [config]")
    taken = capture(first, ["x"])
    config = sys.modules["project_of_aside"].config
    config.level = 2
    (found,) = aside(taken, {"__name__": "__main__"})["x"]
    assert found.level == 5
    assert config.level == 2
