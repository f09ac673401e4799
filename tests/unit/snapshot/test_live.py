"""What is live in the notebook is used as it is, and the stored state put on it."""

from __future__ import annotations

import inspect
import linecache
from typing import Any

from durnb.snapshot import Captured, capture, restore


def run(cell: str, space: dict[str, Any] | None = None, file: str = "<cell>") -> dict[str, Any]:
    space = {"__name__": "__main__"} if space is None else space
    exec(compile(cell, file, "exec"), space)
    return space


def back(taken: Captured, space: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for group in taken.groups:
        found.update(restore(group.stream, [bytearray(b) for b in group.buffers], space, taken.sources))
    return found


CLASS = "class C:\n  total = 0\n  def m(self): return self.v\n"


def test_an_instance_is_one_of_the_live_class() -> None:
    first = run(CLASS + "x = C(); x.v = 3")
    second = run("\n\n# moved\n" + CLASS)
    found = back(capture(first, ["x"]), second)
    assert type(found["x"]) is second["C"]
    assert found["x"].m() == 3


def test_a_changed_class_leaves_the_live_one_alone() -> None:
    first = run(CLASS + "x = C(); x.v = 3")
    second = run("class C:\n  def m(self): return 'new'")
    found = back(capture(first, ["x"]), second)
    assert found["x"].m() == 3
    assert second["C"]().m() == "new"


def test_class_attributes_are_put_on_the_live_class() -> None:
    first = run(CLASS + "C.total = 5\nx = C()")
    second = run(CLASS)
    back(capture(first, ["x"]), second)
    assert second["C"].total == 5


def test_a_function_in_a_container_is_the_live_one() -> None:
    cell = "def f(a, b=[]): return a"
    first, second = run(cell + "\nf.n = 1; f.__defaults__[0].append(4)\nx = [f]"), run(cell)
    found = back(capture(first, ["x"]), second)
    assert found["x"][0] is second["f"]
    assert (second["f"].n, second["f"].__defaults__) == (1, ([4],))


def test_contents_of_a_live_closure_are_put_back() -> None:
    cell = "def make():\n  n = 0\n  def inc():\n    nonlocal n; n += 1\n    return n\n  return inc\ninc = make()"
    first, second = run(cell + "\ninc(); inc()"), run(cell)
    found = back(capture(first, ["inc"]), second)
    assert found["inc"] is second["inc"]
    assert second["inc"]() == 3


def test_a_decorated_function_is_the_live_one_within_and_without() -> None:
    cell = "import functools\ndef deco(f):\n  @functools.wraps(f)\n  def w(): return f()\n  return w\n@deco\ndef f(): return 1\nx = [f, f.__wrapped__]"
    first, second = run(cell), run(cell)
    found = back(capture(first, ["x"]), second)
    assert found["x"][0] is second["f"]
    assert found["x"][1] is second["f"].__wrapped__


def test_members_of_a_live_enum_are_its_members() -> None:
    cell = "import enum\nclass E(enum.Enum):\n  A = 1\n  B = 2\nx = {'e': E.B}"
    first, second = run(cell), run(cell)
    assert back(capture(first, ["x"]), second)["x"]["e"] is second["E"].B


def test_an_earlier_function_of_one_name_stays_another() -> None:
    first = run("fs = []\ndef f(): return 1\nf.tag = 'old'\nfs.append(f)\ndef f(): return 1\nf.tag = 'new'\nfs.append(f)")
    second = run("def f(): return 1")
    old, new = back(capture(first, ["fs"]), second)["fs"]
    assert (old.tag, new.tag) == ("old", "new")
    assert new is second["f"]


def test_a_function_restored_twice_in_one_kernel_is_one() -> None:
    space = run("fs = [lambda: 1]\ngs = list(fs)")
    taken = capture(space, ["fs", "gs"])
    found = back(taken, space)
    assert found["fs"][0] is found["gs"][0] is space["fs"][0]


def test_globals_are_the_live_namespace() -> None:
    first, second = run("k = 1\ndef f(): return k\nx = [lambda: k]"), run("k = 2")
    assert back(capture(first, ["x"]), second)["x"][0]() == 2


def test_restoring_binds_nothing() -> None:
    first = run("def build(v): return C(v)\nclass C:\n  def __init__(s, v): s.v = v\n  def __reduce__(s): return build, (s.v,)\nx = C(4)")
    second: dict[str, Any] = {}
    assert back(capture(first, ["x"]), second)["x"].v == 4
    assert second == {}


def test_the_source_of_a_function_comes_back() -> None:
    text = "def f():\n    return 1  # here\n"
    linecache.cache["<cell source>"] = (len(text), None, text.splitlines(keepends=True), "<cell source>")
    taken = capture(run(text, file="<cell source>"), ["f"])
    assert taken.sources == {"<cell source>": text}
    del linecache.cache["<cell source>"]
    assert inspect.getsource(back(taken, {})["f"]) == text


def test_a_source_that_changed_is_not_overwritten() -> None:
    old, new = "def f():\n    return 1\n", "def g():\n    return 2\n"
    linecache.cache["<cell same>"] = (len(old), None, old.splitlines(keepends=True), "<cell same>")
    taken = capture(run(old, file="<cell same>"), ["f"])
    linecache.cache["<cell same>"] = (len(new), None, new.splitlines(keepends=True), "<cell same>")
    space = run(new, file="<cell same>")
    assert inspect.getsource(back(taken, space)["f"]) == old
    assert inspect.getsource(space["g"]) == new


def test_code_of_another_python_says_so() -> None:
    import importlib.util

    import pytest

    from durnb.snapshot import RestoreError

    taken = capture(run("f = lambda: 1"), ["f"])
    stream = taken.groups[0].stream.replace(importlib.util.MAGIC_NUMBER, b"\x00\x00\r\n")
    with pytest.raises(RestoreError, match="code of Python"):
        restore(stream, [], {}, {})


def test_a_part_that_cannot_be_stored_is_left_to_the_live_class() -> None:
    cell = "import socket\nclass C:\n  sock = socket.socket()\nx = C(); x.v = 1"
    first, second = run(cell), run(cell)
    taken = capture(first, ["x"])
    assert taken.lost == ()
    found = back(taken, second)
    assert found["x"].sock is second["C"].sock
    first["C"].sock.close()
    second["C"].sock.close()
