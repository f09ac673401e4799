"""What a cell can read: by names, and by what their values hold."""

from __future__ import annotations

import functools
import linecache
import sys
import types
from typing import Any

import pytest

from durnb.fingerprint import Reach, reach, read_cell

_cells = iter(range(1, 10**6))


def cell(source: str, namespace: dict[str, Any] | None = None) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__main__"} if namespace is None else namespace
    name = f"<reach cell {next(_cells)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec", dont_inherit=True), names)
    return names


def reached(source: str, namespace: dict[str, Any]) -> Reach:
    return reach(read_cell(source).names, namespace)


def test_names_that_a_cell_reads_are_reached_and_others_are_not() -> None:
    found = reached("print(a + q)", {"a": 1, "b": 2, "print": print, "In": [], "_1": 3})
    assert found.names == {"a", "print"}
    assert found.absent == {"q"}
    assert found.everything == frozenset()


# (definitions, cell, names reached)
CASES = [
    ("def f(): return x\nx = 1; y = 2", "f()", "f x"),
    ("def f(): return g()\ndef g(): return f() + x\nx = y = 1", "f()", "f g x"),
    ("def f():\n    def inner(): return x\n    return inner\nx = y = 1", "f()()", "f x"),
    ("f = lambda: [x for _ in range(3)]\nx = y = 1", "f()", "f x"),
    ("def f(): return 1\nh = {'x': [f]}\ndef g(): return y\nx = y = 1\nh['k'] = (g,)", "h['x'][0]()", "h y"),
    ("class A:\n    def hit(self): return x\nhandlers = {'x': [A()]}\nx = y = 1", "handlers['x'][0].hit()", "handlers x"),
    ("class B:\n    def m(self): return x\nclass A(B): pass\na = A()\nx = y = 1", "a", "a x"),
    ("class M(type):\n    def m(cls): return x\nclass A(metaclass=M): pass\na = A()\nx = y = 1", "a", "a x"),
    ("class A:\n    @property\n    def p(self): return x\n    @classmethod\n    def c(cls): return y\n    @staticmethod\n    def s(): return z\nx = y = z = w = 1", "A", "A x y z"),
    ("class A:\n    __slots__ = ('cb',)\na = A()\na.cb = lambda: x\nx = y = 1", "a", "a x"),
    ("import functools\np = functools.partial(lambda v: x + v, 1)\nx = y = 1", "p()", "p x"),
    ("import functools\n@functools.lru_cache\ndef f(): return x\nx = y = 1", "f()", "f x"),
    ("import functools\ndef deco(g):\n    @functools.wraps(g)\n    def w(): return g() + k\n    return w\n@deco\ndef f(): return x\nx = y = k = 1", "f()", "f x k"),
    ("import contextlib\n@contextlib.contextmanager\ndef f(): yield x\nx = y = 1", "f()", "f x"),
    ("def make(n):\n    def inner(): return n()\n    return inner\nf = make(lambda: x)\nx = y = 1", "f()", "f x"),
    ("def f(cb=lambda: x): return cb()\nx = y = 1", "f()", "f x"),
    ("def f(*, cb=lambda: x): return cb()\nx = y = 1", "f()", "f x"),
    ("def f(): pass\nf.cb = lambda: x\nx = y = 1", "f()", "f x"),
    ("def g(): yield x\nit = g()\nx = y = 1", "next(it)", "it x"),
    ("def g():\n    yield 1\n    yield x\nit = g(); next(it)\nx = y = 1", "next(it)", "it x"),
    ("m = map(lambda v: v + x, [1])\nx = y = 1", "m", "m x"),
    ("class A:\n    def m(self): return x\nb = A().m\nx = y = 1", "b()", "b x"),
    ("class A:\n    def m(self): return x\nimport weakref\na = A()\nr = weakref.ref(a)\nx = y = 1", "r()", "r x"),
    ("class A:\n    def m(self): return x\nimport weakref\na = A()\nr = weakref.proxy(a)\nx = y = 1", "r", "r x"),
    ("import threading\nt = threading.Thread(target=lambda: x)\nx = y = 1", "t", "t x"),
    ("import collections\nd = collections.defaultdict(lambda: x)\nx = y = 1", "d", "d x"),
    ("import types\nns = types.SimpleNamespace(cb=lambda: x)\nx = y = 1", "ns", "ns x"),
    ("import enum\nclass C(enum.Enum):\n    R = 1\n    def m(self): return x\nc = C.R\nx = y = 1", "c", "c x"),
    ("import dataclasses\n@dataclasses.dataclass\nclass D:\n    a: object\n    def m(self): return x\nd = D(1)\nx = y = 1", "d", "d x"),
    ("a = []\na.append(a)\na.append({'k': (a, lambda: x)})\nx = y = 1", "a", "a x"),
    ("def f():\n    global x\n    x = 1\ny = 1", "f()", "f"),
]  # fmt: skip


@pytest.mark.parametrize(("definitions", "source", "names"), CASES)
def test_functions_inside_reached_values_add_what_they_read(definitions: str, source: str, names: str) -> None:
    found = reached(source, cell(definitions))
    assert {name for name in found.names if name not in sys.stdlib_module_names} == set(names.split())
    assert found.everything == frozenset()


def test_names_that_reached_functions_bind_are_told() -> None:
    names = cell("def f():\n    global x, z\n    x = 1\n    del z\ny = 1")
    assert reached("f()", names).stores == {"x", "z"}


def test_names_that_reached_functions_miss_are_absent() -> None:
    assert reached("f()", cell("def f(): return len(gone) + x\nx = 1")).absent == {"gone"}


@pytest.mark.parametrize(
    ("definitions", "source"),
    [
        ("", "globals()"),
        ("def f(): return eval('x')", "f()"),
        ("def f(): import __main__", "f()"),
        ("h = [lambda: globals()]", "h"),
        ("import sqlite3\nc = sqlite3.connect(':memory:'); c.close()", "c"),
    ],
)
def test_what_can_read_everything_reaches_every_name_and_says_which_came_so(definitions: str, source: str) -> None:
    found = reached(source, cell(definitions + "\nx = y = 1"))
    assert {"x", "y"} <= found.everything
    assert found.everything <= found.names
    assert not found.everything & read_cell(source).names.reads


def test_the_namespace_itself_as_a_value_is_everything() -> None:
    names = cell("x = 1")
    names["ns"] = names
    assert reached("ns", names).everything == {"x"}


def test_attributes_are_joined_over_the_cell_and_the_functions_that_it_reaches() -> None:
    names = cell("import json as u\ndef f(): return u.dumps(u.loads('1'))\ndef g(): return u")
    assert reached("f(); u.load", names).attributes["u"] == {"dumps", "loads", "load"}
    assert "u" not in reached("f(); g()", names).attributes


def test_functions_of_a_project_module_reach_what_was_registered_there() -> None:
    module = types.ModuleType("durnb_registry")
    module.__file__ = "/nowhere/durnb_registry.py"
    exec("callbacks = []\ndef register(f): callbacks.append(f)\ndef run(): return [f() for f in callbacks]", module.__dict__)
    sys.modules["durnb_registry"] = module
    try:
        names = cell("import durnb_registry as reg\ndef mine(): return x\nreg.register(mine)\nrun = reg.run\nx = y = 1")
        assert "x" in reached("reg.run()", names).names
        assert "x" in reached("run()", names).names
        assert "y" not in reached("run()", names).names
    finally:
        del sys.modules["durnb_registry"]


def test_loggers_and_installed_modules_reach_nothing_of_the_notebook() -> None:
    names = cell("import logging, json\nlog = logging.getLogger('a.b')\nx = 1")
    assert reached("log.info(json.dumps(1))", names).names == {"log", "json"}


def test_reached_values_are_not_asked_anything() -> None:
    names = cell(
        "calls = []\n"
        "class Loud:\n"
        "    def __getattribute__(self, name): calls.append(name); raise RuntimeError\n"
        "    def __eq__(self, other): calls.append('eq')\n"
        "    def __hash__(self): calls.append('hash'); return 1\n"
        "    def __len__(self): calls.append('len'); return 1\n"
        "    __class__ = property(lambda self: calls.append('class'))\n"
        "loud = [Loud()]\n"
        "class Meta(type):\n"
        "    def __getattribute__(cls, name): calls.append(name); raise RuntimeError\n"
        "class Odd(metaclass=Meta): pass\n"
        "odd = object.__new__(Odd)\n"
    )
    names["calls"].clear()
    found = reached("loud, Loud, odd, Odd", names)
    assert names["calls"] == []
    assert {"loud", "Loud", "odd", "calls"} <= found.names


def test_numpy_object_arrays_are_looked_into() -> None:
    numpy = pytest.importorskip("numpy")
    names = cell("x = y = 1\nf = lambda: x")
    array = numpy.empty(2, dtype=object)
    array[0] = names.pop("f")
    assert reached("a", {**names, "a": array}).names == {"a"} | ({"x"} if array[0].__globals__ is names else set())
    names["a"] = [array[::2].reshape(1, 1)]
    assert reached("a", names).names == {"a", "x"}


def test_frames_reach_into_their_object_columns() -> None:
    pandas = pytest.importorskip("pandas")
    names = cell("x = y = 1\nf = lambda: x")
    names["df"] = pandas.DataFrame({"f": [names.pop("f")], "n": [1]})
    assert reached("df", names).names == {"df", "x"}


def test_ordinary_library_values_do_not_reach_everything() -> None:
    numpy = pytest.importorskip("numpy")
    names: dict[str, Any] = {"x": 1, "a": numpy.arange(3), "s": numpy.float64(1), "d": numpy.dtype("f4"), "g": numpy.random.default_rng(1)}
    pandas = pytest.importorskip("pandas")
    names |= {"df": pandas.DataFrame({"a": [1], "s": ["x"]}), "t": pandas.Timestamp("2026"), "i": pandas.Index([1])}
    names |= {"grouped": names["df"].groupby("a"), "p": functools.partial(len)}
    found = reached("a, s, d, g, df, t, i, grouped, p", names)
    assert found.names == names.keys() - {"x"}


def test_ordinary_values_of_the_standard_library_do_not_reach_everything() -> None:
    names = cell(
        "import re, io, threading, socket, decimal, datetime, uuid, pathlib, queue, random, array, collections, itertools, operator, struct\n"
        "values = [re.compile('a'), re.match('a', 'a'), io.StringIO(), io.BytesIO(), threading.Lock(), threading.RLock(), decimal.Decimal(1),\n"
        "  datetime.datetime.now(), datetime.timezone.utc, uuid.uuid4(), pathlib.Path('.'), queue.Queue(), random.Random(1),\n"
        "  array.array('i'), collections.deque(), itertools.count(), operator.itemgetter(1), struct.Struct('i'), memoryview(b''),\n"
        "  range(3), slice(1), iter([]), enumerate([]), zip(), object(), ValueError('x'), types_ns, bytearray(), {1}.__iter__(), socket.socket]\n"
        "x = 1\n",
        {"__name__": "__main__", "types_ns": types.SimpleNamespace()},
    )
    assert reached("values", names).everything == frozenset()


def test_deep_and_cyclic_values_are_walked() -> None:
    deep: list[Any] = [None]
    names = cell("f = lambda: x\nx = 1")
    value: Any = names.pop("f")
    for _ in range(100_000):
        value = [value]
    deep[0] = value
    deep.append(deep)
    names["deep"] = deep
    assert reached("deep", names).names == {"deep", "x"}
