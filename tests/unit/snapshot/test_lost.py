"""One bad variable costs the others nothing, and says where the trouble is."""

from __future__ import annotations

import io
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from durnb.snapshot import Captured, capture, restore, size_of


def run(cell: str, **given: object) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "__main__", **given}
    exec(cell, space)
    return space


def back(taken: Captured) -> dict[str, Any]:
    space: dict[str, Any] = {}
    for group in taken.groups:
        space.update(restore(group.stream, [bytearray(b) for b in group.buffers], space, taken.sources))
    return space


def test_the_path_leads_to_the_culprit() -> None:
    with socket.socket() as sock:
        space = run("class S: pass\nclient = S(); client.session = S(); client.session._sock = sock", sock=sock)
        (lost,) = capture(space, ["client"]).lost
    assert (lost.name, lost.path, lost.reason) == ("client", "client.session._sock", "a socket")


PATHS = {
    "x = {'k': [1, (bad,)]}": "x['k'][1][0]",
    "x = lambda a=bad: a": "x.__defaults__[0]",
    "def x(*, a=bad): ...": "x.__kwdefaults__['a']",
    "def make(v): return lambda: v\nx = make(bad)": "x.<closure v>",
    "def x(): ...\nx.held = bad": "x.held",
    "class x: held = bad": "x.held",
    "class x:\n  def m(self): ...\n  m.held = bad": "x.m.held",
    "class S:\n  __slots__ = ('a',)\nx = S(); x.a = bad": "x.a",
    "class S: held = []\nS.held.append(bad)\nx = S(); del S": "x.__class__ S.held[0]",
    "class S: ...\nx = S(); x.me = x; x.a = {'k': (1, bad)}": "x.a['k'][1]",
    "import functools\nx = functools.partial(print, bad)": "x.args[0]",
    "import functools\nx = functools.partial(print, file=bad)": "x.keywords['file']",
    "x = ValueError(bad)": "x.args[0]",
    "x = ValueError(1)\nx.__cause__ = KeyError(bad)": "x.__cause__.args[0]",
    "x = ExceptionGroup('g', [ValueError(bad)])": "x.exceptions[0].args[0]",
    "import collections\nx = collections.deque([1, bad])": "x[1]",
    "import collections\nx = collections.defaultdict(list, a=[bad])": "x['a'][0]",
    "import collections\nx = collections.OrderedDict(a=bad)": "x['a']",
    "import collections\nx = collections.ChainMap({}, {'a': bad})": "x.maps[1]['a']",
    "import collections\nP = collections.namedtuple('P', 'a b')\nx = P(1, bad)": "x[1]",
    "import dataclasses\n@dataclasses.dataclass\nclass D: a: object\nx = [D(1), D(bad)]": "x[1].a",
    "import types\nx = types.SimpleNamespace(a=bad)": "x.a",
    "import types\nx = types.MappingProxyType({'a': bad})": "x['a']",
    "import types\nx = types.ModuleType('m'); x.a = bad": "x.a",
    "class S: ...\nx = {S(): 1, 'k': {bad: 2}}": "x['k'] key <socket>",
    "x = {1, bad}": "x item",
    "class S:\n  def m(self): ...\ns = S(); s.a = bad; x = s.m": "x.__self__.a",
    "class L(list): ...\nx = L(); x.a = bad": "x.a",
    "class L(list): ...\nx = L([bad])": "x[0]",
    "import itertools\nx = itertools.cycle([bad])": "x … socket"
    if sys.version_info < (3, 14)
    else "x",  # later ones can't be stored themselves
    "x = property(lambda self, a=bad: a)": "x.fget.__defaults__[0]",
    "import enum\nclass x(enum.Enum): A = 1\nx.A.held = bad": "x.A.held",
    "import asyncio, asyncio.queues\nx = asyncio.Queue(); x.put_nowait(bad)": "x._queue[0]",
}


@pytest.mark.parametrize("cell", PATHS)
def test_every_way_to_hold_something_has_a_path(cell: str) -> None:
    with socket.socket() as bad:
        (lost,) = capture(run(cell, bad=bad), ["x"]).lost
    assert lost.path == PATHS[cell]


def test_one_bad_name_costs_the_others_nothing() -> None:
    with socket.socket() as sock:
        taken = capture(run("shared = [1]\ngood = {'s': shared}\nbad = [shared, sock]", sock=sock), ["shared", "good", "bad"])
    assert [lost.name for lost in taken.lost] == ["bad"]
    found = back(taken)
    assert found["good"]["s"] is found["shared"]


def test_whoever_holds_the_culprit_is_lost_as_well() -> None:
    with socket.socket() as sock:
        taken = capture(run("inner = {'s': sock}\nouter = [inner]", sock=sock), ["inner", "outer"])
    assert [lost.path for lost in taken.lost] == ["inner['s']", "outer[0]['s']"]


REFUSED = {
    "a live generator": "x = (i for i in range(3)); next(x)",
    "a thread": "import threading\nx = threading.Thread()",
    "a held lock": "import threading\nx = threading.Lock(); x.acquire()",
    "a held reentrant lock": "import threading\nx = threading.RLock(); x.acquire()",
    "a pool": "import concurrent.futures as c\nx = c.ThreadPoolExecutor(1)",
    "a frame": "import sys\nx = sys._getframe()",
    "a database": "import sqlite3\nx = sqlite3.connect(':memory:')",
    "a context": "import contextvars\nx = contextvars.copy_context()",
    "a temporary directory": "import tempfile\nx = tempfile.TemporaryDirectory()",
    "a pipe": "import os\nx = open(os.pipe()[0], 'rb')",
    "a file opened for writing": "import os\nx = open(os.devnull, 'w')",
    "a raising __reduce__": "class C:\n  def __reduce__(self): raise RuntimeError('no')\nx = C()",
    "a __reduce__ that exits": "class C:\n  def __reduce__(self): raise SystemExit(3)\nx = C()",
    "a __reduce__ that makes something else": "class C:\n  def __reduce__(self): return str, ('c',)\nx = C()",
    "a __reduce__ that makes something else, deep in a value": "class C:\n  def __reduce__(self): return str, ('c',)\nx = {'a': [C()]}",
    "a __reduce__ that says nonsense": "class C:\n  def __reduce__(self): return 5, 6\nx = C()",
    "a raising __getstate__": "class C:\n  def __getstate__(self): raise KeyError('no')\nx = C()",
    "a __setstate__ that fails": "class C:\n  def __setstate__(self, s): raise ValueError('bad')\nx = C(); x.a = 1",
    "a hostile object": "class C:\n  def __getattribute__(self, n): raise RuntimeError(n)\n  def __eq__(self, o): raise RuntimeError\n  def __bool__(self): raise RuntimeError\n  def __reduce_ex__(self, p): raise ValueError\nx = C()",
}


@pytest.mark.parametrize("title", REFUSED)
def test_what_cannot_be_stored_is_lost_and_not_fatal(title: str) -> None:
    space = run(REFUSED[title] + "\ngood = [1]")
    taken = capture(space, ["x", "good"])
    assert [lost.name for lost in taken.lost] == ["x"]
    assert taken.lost[0].reason
    assert back(taken) == {"good": [1]}
    for end in ("shutdown", "close", "cleanup"):
        getattr(space["x"], end, lambda: None)() if "C" not in space else None


def test_a_class_that_cannot_be_hashed_is_no_trouble() -> None:
    space = run("class M(type):\n  def __eq__(s, o): return True\nclass A(metaclass=M): pass\nx = A()\ngood = [1]")
    taken = capture(space, ["x", "good"])
    assert [lost.name for lost in taken.lost] == ["x"]
    assert back(taken) == {"good": [1]}


def test_an_interrupt_goes_through() -> None:
    space = run("class C:\n  def __reduce__(self): raise KeyboardInterrupt\nx = C()")
    with pytest.raises(KeyboardInterrupt):
        capture(space, ["x"])


def test_a_long_chain_of_instances_is_stored() -> None:
    space = run("class N: pass\nx = None\nfor _ in range(20_000):\n  n = N(); n.next = x; x = n\ndel n")
    found = back(capture(space, ["x"]))["x"]
    length = 0
    while found is not None:
        found, length = found.next, length + 1
    assert length == 20_000


def test_files_are_neither_read_nor_truncated(tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("keep")
    with precious.open("r+") as file, precious.open("rb") as binary:
        taken = capture({"f": file, "b": binary, "held": [file], "deep": {"x": io.BufferedReader(binary.raw)}}, ["f", "b", "held", "deep"])
    assert {lost.name for lost in taken.lost} == {"f", "held"}
    restored = back(taken)
    assert restored["b"].raw is restored["deep"]["x"].raw
    restored["b"].close()
    assert precious.read_text() == "keep"


def test_debris_is_dropped_with_a_note(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        pass
    spent = (i for i in ())
    list(spent)
    with ThreadPoolExecutor(1) as pool:
        pass
    taken = capture({"log": log, "spent": spent, "pool": pool}, ["log", "spent", "pool"])
    assert (taken.groups, taken.lost) == ((), ())
    assert {each.note for each in taken.dropped} == {"log: closed file", "spent: spent generator", "pool: shut-down pool"}


def test_debris_inside_a_value_is_replaced_and_noted(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        pass
    taken = capture({"x": {"log": log, "v": 1}}, ["x"])
    assert [each.note for each in taken.dropped] == ["x['log']: closed file"]
    found = back(taken)["x"]
    assert found["log"].closed
    assert found["v"] == 1


def test_a_progress_bar_is_debris() -> None:
    tqdm = pytest.importorskip("tqdm")
    bar = tqdm.tqdm(total=1, file=io.StringIO())
    bar.close()
    assert [each.note for each in capture({"bar": bar}, ["bar"]).dropped] == ["bar: progress bar"]


def test_a_group_is_not_believed_before_it_was_loaded() -> None:
    space = run("def fail(): raise OSError('gone')\nclass C:\n  def __reduce__(self): return fail, ()\nx = C()\ny = [x]\nz = [1]")
    taken = capture(space, ["x", "y", "z"])
    assert {lost.name for lost in taken.lost} == {"x", "y"}
    assert "can't be loaded again: OSError: gone" in taken.lost[0].reason
    assert back(taken) == {"z": [1]}


def test_proving_leaves_live_state_alone() -> None:
    space = run("class C:\n  made = []\n  def __setstate__(self, s): C.made.append(s)\nx = C(); x.v = 1")
    taken = capture(space, ["x"])
    assert taken.lost == ()
    assert space["C"].made == []


def test_size_counts_streams_and_buffers() -> None:
    np = pytest.importorskip("numpy")
    taken = capture({"a": np.zeros(100_000)}, ["a"])
    assert 800_000 < size_of(taken) < 801_000


def test_a_memory_map_is_lost_where_its_file_does_not_say_what_it_shows(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    (tmp_path / "m").write_bytes(bytes(4))
    private = np.memmap(tmp_path / "m", dtype="u1", mode="c")
    private[0] = 1
    (lost,) = capture({"m": private}, ["m"]).lost
    assert lost.reason == "a memory map of a file with changes of its own (mode c): copy it to an array"
    mapped = np.memmap(tmp_path / "m", dtype="u1", mode="r")
    os.remove(tmp_path / "m")
    (lost,) = capture({"m": mapped[1:]}, ["m"]).lost
    assert lost.reason == f"a memory map of a file that is no longer at {tmp_path / 'm'}"


def test_dill_takes_a_leaf_and_nothing_that_is_shared() -> None:
    cell = "from collections import OrderedDict\nleaf = OrderedDict(a=1).keys()\nowner = OrderedDict(a=1)\nview = owner.keys()"
    taken = capture(run(cell), ["leaf", "owner", "view"])
    assert [lost.name for lost in taken.lost] == ["view"]
    assert list(back(taken)["leaf"]) == ["a"]
