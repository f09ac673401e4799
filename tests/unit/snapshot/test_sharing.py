"""What shares mutable state is stored together and comes back shared; what shares nothing is stored apart."""

from __future__ import annotations

from typing import Any

import pytest

from durnb.snapshot import Captured, capture, restore, size_of

np = pytest.importorskip("numpy")


def space_of(cell: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(cell, space)
    return space


def names_in(space: dict[str, Any]) -> list[str]:
    return [name for name in space if not name.startswith("__")]


def back(taken: Captured, space: dict[str, Any] | None = None) -> dict[str, Any]:
    space = {"__name__": "__main__"} if space is None else space
    for group in taken.groups:
        buffers = [bytes(b) if readonly else bytearray(b) for b, readonly in zip(group.buffers, group.readonly, strict=True)]
        space.update(restore(group.stream, buffers, space, taken.sources))
    return space


@pytest.mark.parametrize("size", [2, 100, 3000])
def test_a_part_of_a_tree_that_has_a_name_of_its_own_is_the_same_part_afterwards(size: int) -> None:
    space = space_of(f"model = {{'w': [0.0], 'seen': list(range({size}))}}; seen = model['seen']")
    found = back(capture(space, names_in(space)))
    assert found["model"]["seen"] is found["seen"]


def groups_of(cell: str) -> set[frozenset[str]]:
    space = space_of(cell)
    taken = capture(space, names_in(space))
    assert taken.lost == ()
    return {frozenset(group.names) for group in taken.groups}


APART = {
    "two dicts of equal keys": "a = {'k': 1}; b = {'k': 1}",
    "two lists of one tuple": "t = (1, ('a', 2.5)) * 2; a = [t]; b = [t]; del t",
    "two lists of one text": "s = 'text' * 9; a = [s]; b = [s]; del s",
    "two frames": "import pandas as pd\na = pd.DataFrame({'v': [1, 2], 's': ['x', 'y']}); b = a.copy(); del pd",
    "a frame and its column": "import pandas as pd\na = pd.DataFrame({'v': [1, 2]}); b = a['v']; del pd",
    "two frames on one index": "import pandas as pd\ni = pd.Index(['p', 'q'])\na = pd.DataFrame({'v': [1, 2]}, index=i); b = pd.DataFrame({'w': [1, 2]}, index=i); del pd, i",
    "two instances of one class": "class C:\n  shared = []\na = C(); b = C()\ndel C",
    "two dataclasses": "import dataclasses as d\n@d.dataclass\nclass P:\n  x: int = 0\na = P(); b = P(); del P, d",
    "a function and its user": "def a(): return 1\ndef b(): return a()",
    "two members of one enum": "import enum\nclass E(enum.Enum):\n  A = 1\n  B = 2\na = [E.A]; b = [E.B]\ndel E, enum",
    "two paths and dates": "import pathlib, datetime\np = pathlib.Path('x'); t = datetime.date(2026, 1, 1)\na = [p, t]; b = [p, t]\ndel p, t, pathlib, datetime",
    "one module": "import math\na = [math]; b = {'m': math}\ndel math",
    "one logger": "import logging\na = [logging.getLogger('q')]; b = [logging.getLogger('q')]\ndel logging",
    "two lists of one lambda": "f = lambda: 1\na = [f]; b = [f]\ndel f",
}

TOGETHER = {
    "a list in a dict": "a = [1]; b = {'l': a}",
    "a list in a tuple of both": "t = ([1],); a = [t]; b = {'t': t}; del t",
    "a list deep in tuples of both": "t = (0, (1, ([1],))); a = [t]; b = t; del t",
    "the owner of a method of both": "class C: pass\nC.m = lambda self: 1\nm = C().m; a = [m]; b = {'m': m}; del m, C",
    "the list of an append of both": "m = [1].append; a = [m]; b = {'m': m}; del m",
    "a list on a str of both": "class S(str): pass\ns = S('s'); s.l = [1]; a = [s]; b = {'s': s}; del s, S",
    "two names of one set": "a = {1}; b = a",
    "two holders of a third": "c = []; a = [c]; b = [c]; del c",
    "a default": "a = []\ndef b(x=a): ...",
    "a closure": "def make(v): return lambda: v\na = []; b = make(a); del make",
    "a function attribute": "a = []\ndef b(): ...\nb.cache = a",
    "two closures over one cell": "def make():\n  n = 0\n  def inc():\n    nonlocal n; n += 1\n    return n\n  return inc, lambda: n\na, b = make(); del make",
    "a class attribute": "class a: registry = []\nb = a.registry",
    "a class attribute and an instance": "class C: registry = []\na = C(); b = C.registry; del C",
    "a bound method": "class C:\n  def m(self): ...\na = C(); b = a.m; del C",
    "a partial": "import functools\na = []; b = functools.partial(print, a); del functools",
    "sliding windows": "import numpy as np\na = np.arange(5); b = np.lib.stride_tricks.sliding_window_view(a, 2); del np",
    "a view": "import numpy as np\na = np.arange(5); b = a[1:]; del np",
    "a part of a masked array": "import numpy as np\na = np.ma.array([1, 2, 3], mask=[0, 1, 0]); b = a[:2]; del np",
    "two views of a third": "import numpy as np\nc = np.arange(5); a = c[1:]; b = c[:2]; del np, c",
    "an array on a bytearray": "import numpy as np\na = bytearray(4); b = np.frombuffer(a, 'u1'); del np",
    "an element of an object array": "import numpy as np\nb = []; a = np.array([b, 1], dtype=object); del np",
    "a list in a frame": "import pandas as pd\nb = [1]; a = pd.Series([b, 2]); del pd",
    "a weak reference": "import weakref\nclass C: pass\na = C(); b = weakref.ref(a); del C, weakref",
    "a sentinel": "a = object()\ndef b(x=a): return x is a",
    "a lock": "import threading\na = threading.Lock(); b = [a]; del threading",
    "a memoryview": "a = bytearray(4); b = memoryview(a)",
}


@pytest.mark.parametrize("title", APART)
def test_what_shares_nothing_is_stored_apart(title: str) -> None:
    if "pandas" in APART[title]:
        pytest.importorskip("pandas")
    assert groups_of(APART[title]) == {frozenset("a"), frozenset("b")}


@pytest.mark.parametrize("title", TOGETHER)
def test_what_shares_state_is_stored_together(title: str) -> None:
    if "pandas" in TOGETHER[title]:
        pytest.importorskip("pandas")
    assert groups_of(TOGETHER[title]) == {frozenset("ab")}


def test_a_companion_that_was_not_asked_for_comes_along() -> None:
    space = space_of("a = [1]; b = {'l': a}; c = [2]")
    assert [set(group.names) for group in capture(space, ["b"]).groups] == [{"a", "b"}]


def test_a_str_that_holds_a_list_is_a_companion_too() -> None:
    space = space_of("class S(str): pass\ns = S('s'); s.l = [1]; b = [s]; del S")
    assert [set(group.names) for group in capture(space, ["b"]).groups] == [{"s", "b"}]


def test_alone_leaves_companions_out() -> None:
    space = space_of("a = [1]; b = {'l': a}")
    taken = capture(space, ["b"], among=())
    assert [group.names for group in taken.groups] == [("b",)]
    assert back(taken)["b"] == {"l": [1]}


def test_a_counter_shared_by_two_closures_goes_on_being_shared() -> None:
    space = space_of(
        "def make():\n  n = 0\n  def inc():\n    nonlocal n; n += 1\n    return n\n  return inc, lambda: n\ninc, get = make(); inc()"
    )
    again = back(capture(space, ["inc", "get"]))
    assert (again["inc"](), again["get"](), space["get"]()) == (2, 2, 1)


def test_a_write_through_a_view_shows_in_its_owner() -> None:
    space = space_of("import numpy as np\nbase = np.zeros(100_000); view = base[::2]")
    again = back(capture(space, ["base", "view"]))
    again["view"][1] = 7
    assert again["base"][2] == 7
    assert space["base"][2] == 0


def test_buffers_are_not_copied_at_capture() -> None:
    space = space_of("import numpy as np\na = np.zeros(100_000)")
    (group,) = capture(space, ["a"]).groups
    assert np.shares_memory(np.frombuffer(group.buffers[0], dtype="f8"), space["a"])
    assert len(group.stream) < 1000


SPREAD = {
    "sliding windows": "np.lib.stride_tricks.sliding_window_view(np.arange(20_000.0), 50)[:, ::-2]",
    "one row many times": "np.broadcast_to(np.arange(20_000.0)[:100], (500, 100))",
    "one number many times": "np.broadcast_to(np.float64(3), (500, 100))",
    "broadcast side by side": "np.broadcast_arrays(np.arange(500.0)[:, None], np.arange(100))[0]",
}


@pytest.mark.parametrize("kind", SPREAD)
def test_elements_that_stand_in_many_places_are_stored_once(kind: str) -> None:
    space = {"x": eval(SPREAD[kind], {"np": np})}
    taken = capture(space, ["x"])
    found = back(taken)["x"]
    assert size_of(taken) < 161_000 < space["x"].nbytes
    assert (found == space["x"]).all()
    assert (found.shape, found.strides, found.dtype) == (space["x"].shape, space["x"].strides, space["x"].dtype)
    assert found.flags.num & 0x400 == space["x"].flags.num & 0x400


def test_a_write_into_an_array_shows_in_its_windows_and_broadcasts() -> None:
    cell = "import numpy as np\na = np.zeros(9); w = np.lib.stride_tricks.sliding_window_view(a, 3); b = np.broadcast_to(a, (2, 9)); del np"
    space = space_of(cell)
    again = back(capture(space, ["w", "b", "a"]))
    again["a"][2] = 7
    assert (again["w"][1].tolist(), again["b"][:, 2].tolist(), space["a"].any()) == ([0, 7, 0], [7, 7], False)


@pytest.mark.parametrize("mask", ["[0, 1, 0]", "np.ma.nomask"])
def test_a_part_of_a_masked_array_writes_into_it(mask: str) -> None:
    space = space_of(f"import numpy as np\nm = np.ma.array([1, 2, 3], mask={mask}, fill_value=9); part = m[:2]; data = m.data; del np")
    again = back(capture(space, ["m", "part", "data"]))
    for each in (space, again):
        each["part"][0], each["data"][2] = 5, 6
        each["m"][1] = np.ma.masked
    shown = [(repr(each["m"]), repr(each["part"]), each["data"].tolist()) for each in (space, again)]
    assert shown[0] == shown[1]


def test_arrays_in_frames_never_alias_after_a_restore() -> None:
    pd = pytest.importorskip("pandas")
    values = np.arange(40_000.0).reshape(-1, 2)
    frame = pd.DataFrame(values, columns=["a", "b"], copy=False)
    space = {"values": values, "frame": frame, "both": [frame, frame.copy(deep=False)]}
    again = back(capture(space, list(space)))
    one, two = again["both"]
    one.iloc[0, 0] = -1.0
    assert (two.iloc[0, 0], again["values"][0, 0]) == (0.0, 0.0)
    assert again["frame"] is one


FRAMES = """
import pandas as pd
i = pd.{index}
a = pd.DataFrame({{"v": [1, 2]}}, index=i)
b = [pd.Series([1, 2], index=i)]
c = pd.DataFrame({{"v": [1, 2]}}, index=i.copy())
del pd
"""
INDEXES = ["Index(['p', 'q'])", "RangeIndex(2)", "date_range('2026-01-01', periods=2)", "MultiIndex.from_tuples([('p', 1), ('q', 2)])"]


@pytest.mark.parametrize("index", INDEXES)
def test_an_index_of_several_frames_is_one_index_though_they_are_stored_apart(index: str) -> None:
    pytest.importorskip("pandas")
    space = space_of(FRAMES.format(index=index))
    taken = capture(space, names_in(space))
    assert {group.names for group in taken.groups} == {("i",), ("a",), ("b",), ("c",)}
    again = back(taken)
    again["i"].names = ["x"] * again["i"].nlevels
    shown = [list(each.index.names) for each in (again["a"], again["b"][0], again["c"], space["a"])]
    assert shown == [[name] * again["i"].nlevels for name in ("x", "x", None, None)]


def test_an_index_shared_with_what_was_stored_before_is_the_one_that_is_there() -> None:
    pytest.importorskip("pandas")
    space = space_of(FRAMES.format(index=INDEXES[0]))
    first = capture(space, ["a"], among=["a"])
    exec("b = a + 1; b.index = a.index; d = a + 1; d.index = a.index.copy()", space)
    second = capture(space, ["b", "d"])
    exec("a.index.name = 'x'", space)
    third = capture(space, ["a", "b"])
    again: dict[str, Any] = {"__name__": "__main__"}
    before = back(first, again)["a"].index
    back(second, again)
    assert (again["b"].index is before, again["d"].index is before) == (True, False)
    back(third, again)
    assert again["a"].index is again["b"].index
    assert (again["b"].index.name, before.name) == ("x", None)


def test_an_index_of_objects_is_that_of_its_group() -> None:
    pytest.importorskip("pandas")
    cell = "import pandas as pd\nclass C: pass\nkey = C(); i = pd.Index([key]); a = pd.Series([1], index=i); del pd"
    space = space_of(cell)
    again = back(capture(space, names_in(space)))
    assert again["a"].index[0] is again["key"]
    assert again["a"].index is again["i"]


def test_names_that_are_not_there_are_passed_over() -> None:
    assert capture({"a": 1}, ["gone"]).groups == ()


def test_temporaries_of_reduce_link_nothing() -> None:
    cell = "class C:\n  def __reduce__(self): return C, (), {'fresh': [object()]}\n  def __setstate__(self, s): ...\na = C(); b = C()"
    space = space_of(cell)
    assert {group.names for group in capture(space, ["a", "b"]).groups} == {("a",), ("b",)}
