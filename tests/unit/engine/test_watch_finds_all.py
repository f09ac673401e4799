"""What changes: the fast form, which looks only at what code can reach, and the slow one, which looks at everything, say the same.

Random cells bind, alias, share and change values of many kinds, by names, through functions, classes, closures, registries, a library that
keeps what it is given, and callbacks that only the library holds.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from durnb.engine.changes import Changes, Shot
from durnb.engine.live import LiveNames
from durnb.engine.versions import Durable
from durnb.fingerprint import content, notebook_names, read_cell

pytest.importorskip("numpy")

LIBRARY = """
current = None
callbacks = []
def keep(value):
    global current
    current = value
def poke():
    if isinstance(current, list): current.append(0)
    elif isinstance(current, dict): current["poked"] = current.get("poked", 0) + 1
    else: current.poked = True
def on_event(callback): callbacks.append(callback)
def fire():
    for callback in callbacks: callback()
"""
DEFINITIONS = """
import collections, functools, types, weakref
import numpy as np
import keeping_library as library
class Node:
    registry = []
    limits = {"most": 3}
    def __init__(self, *parts): self.parts = list(parts)
    def grow(self, part): self.parts.append(part); return self
    @property
    def count(self): return len(self.parts)
class Leaf(Node):
    pass
def keep(x, acc=[]):
    acc.append(x)
    return acc
def counter():
    n = [0]
    def inc():
        n[0] += 1
        return n
    return inc
def change_a(): a.append(7)
def rebind_b():
    global b
    b = [b]
handlers = {}
a, b, c, d, e = [1], {"k": [2]}, [[3]], Node([4]), counter()
rows = [{"id": i, "tags": [i]} for i in range(40)]
arr = np.arange(8.0)
"""
NAMES = ("a", "b", "c", "d", "e", "x", "y")
FORMS = (
    "{n} = [1, 2]",
    "{n} = {{'k': {m}}}",
    "{n} = [{m}, {k}]",
    "{n} = {m}",
    "{n} = ({m}, 1)",
    "del {n}",
    "{n}.append({m})",
    "{n}.append(5)",
    "{n}['k'] = {m}",
    "{n}['k'].append(1)",
    "{n}[0] = {m}",
    "{n}[0].append(1)",
    "{n}[0] += 1",
    "{n} = Node({m})",
    "{n} = Leaf({m}, {k})",
    "{n}.grow({m})",
    "{n}.parts[0].append(1)",
    "{n}.parts = {m}",
    "{n}.extra = {m}",
    "{n}.count",
    "Node.registry.append({m})",
    "Node.registry[-1].append(1)",
    "type({n}).limits['most'] += 1",
    "type({n}).marker = {m}",
    "keep({m})",
    "keep.__defaults__[0].clear()",
    "keep.calls = {m}",
    "{n} = keep",
    "{n} = lambda: {m}",
    "{n} = lambda: {m}.append(1)",
    "{n} = counter()",
    "{n}()",
    "{n}().append(1)",
    "handlers['h'] = lambda: {m}.append(1)",
    "handlers['h'] = {m}",
    "handlers['h']()",
    "[h() for h in handlers.values()]",
    "change_a()",
    "rebind_b()",
    "library.keep({m})",
    "library.poke()",
    "library.keep(None)",
    "library.on_event(lambda: {m}.append(1))",
    "library.fire()",
    "{n} = rows[3]",
    "{n} = rows[:35]",
    "for {n} in rows: pass",
    "rows[3]['tags'].append({m})",
    "rows[3]['id'] += 1",
    "rows.append({m})",
    "{n} = [{{'v': i}} for i in range(50)]",
    "{n} = arr[2:5]",
    "{n} = arr.copy()",
    "arr[3] += 1",
    "{n} = np.array([{m}, None], dtype=object)",
    "{n}[0] = 9",
    "{n} = functools.partial(keep, {m})",
    "{n} = types.SimpleNamespace(v={m})",
    "{n}.v.append(1)",
    "{n} = collections.defaultdict(list, k={m})",
    "{n} = collections.deque([{m}])",
    "{n} = (i for i in {m})",
    "next({n})",
    "{n} = iter({m})",
    "{n} = weakref.ref(Leaf)",
    "{n} = weakref.proxy(keep)",
    "{n}().marker = {m}",
    "{n} = weakref.WeakKeyDictionary({{Node: [1]}})",
    "[each.registry.append(1) for each in {n}]",
    "{n} = weakref.WeakSet([keep])",
    "[each({m}) for each in {n}]",
    "exec('{n} = [0]')",
    "globals()['{n}'] = {m}",
    "eval('{n}').append(1)",
    "_.append(1)",
    "Out[1].append(1)",
    "{n}.me = {n}",
    "{n} = {m}.append",
    "{n}(1)",
    "def change_a(): {m}.append(8)",
    "class Node:\n    registry = [{m}]\n    limits = {{'most': 1}}\n    def __init__(self, *parts): self.parts = [*parts]",
)
statement = st.builds(lambda form, n, m, k: form.format(n=n, m=m, k=k), st.sampled_from(FORMS), *[st.sampled_from(NAMES)] * 3)
cell = st.tuples(st.sampled_from(["durable", "plain"]), st.lists(statement, min_size=1, max_size=3))


@dataclass
class Notebook:
    """One namespace, watched by both forms; each counts the references of the other as its own."""

    names: dict[str, object]
    slow: LiveNames = field(init=False)
    fast: LiveNames = field(init=False)
    contents: dict[str, str] = field(default_factory=dict)
    steps: int = 0

    def __post_init__(self) -> None:
        self.slow = LiveNames(self.names, thorough=True)
        self.fast = LiveNames(self.names, keepers=lambda: [[live.value for live in self.slow.names.values()]])

    def run(self, kind: str, statements: list[str]) -> None:
        source = "\n".join(f"try:\n    {line.replace(chr(10), chr(10) + '    ')}\nexcept Exception: pass" for line in statements)
        if kind == "plain":
            self.slow.plain_cell(source)
            self.fast.plain_cell(source)
            self.execute(source)
        else:
            self.durable(source)

    def execute(self, source: str) -> None:
        exec(compile(source, "cell", "exec", dont_inherit=True), self.names)

    def durable(self, source: str) -> None:
        self.slow.observe()
        self.fast.observe()
        assert self.seen(self.fast) == self.seen(self.slow) | self.touched_by_links()
        read = read_cell(source).names
        before = self.slow.before_body(read)
        with self.fast.holding(before.values):
            mine = self.fast.before_body(read)
            self.execute(source)
            expected = self.slow.after_body(before)
            found = self.fast.after_body(mine)
        only_links = self.only_links(before, expected)
        del before, mine
        assert told(found, ()) == told(expected, only_links - found.changed), source
        self.steps += 1
        for live in (self.slow, self.fast):
            for name in expected.changed | expected.deleted:
                live.became(name, Durable("step", self.steps), "digest")
        self.contents = {name: content(self.names[name]).digest for name in notebook_names(self.names)}

    def only_links(self, before: Shot, changes: Changes) -> frozenset[str]:
        """Names that changed for the slow form only in what they share, where some name was bound anew: with a part of that they shared another."""
        same = {name for name in changes.same if before.probes[name].content == self.slow._probes[name].content}
        return frozenset(same) if changes.deleted or changes.changed - changes.same else frozenset()

    def touched_by_links(self) -> dict[str, tuple[object, ...]]:
        """As `only_links`, for plain cells: those that are touched for the slow form alone, and hold what they held."""
        return {
            name: (held.version, held.gone, False)
            for name, held in self.fast.names.items()
            if not held.touched and self.slow.names[name].touched and content(held.value).digest == self.contents[name]
        }

    @staticmethod
    def seen(live: LiveNames) -> dict[str, tuple[object, ...]]:
        return {
            name: (held.version, held.gone, bool(held.touched))
            for name, held in live.names.items()
            if isinstance(held.version, Durable) and not held.unstable
        }


def told(changes: Changes, without: Collection[str]) -> tuple[object, ...]:
    return changes.changed - set(without), changes.same - set(without), changes.deleted


@pytest.fixture
def library() -> Iterator[None]:
    module = types.ModuleType("keeping_library")
    module.__file__ = f"{types.__file__}/../site-packages/keeping_library.py"
    exec(LIBRARY, module.__dict__)
    sys.modules["keeping_library"] = module
    yield
    del sys.modules["keeping_library"]


def notebook() -> Notebook:
    library = sys.modules["keeping_library"].__dict__
    library["current"] = None
    library["callbacks"].clear()
    names: dict[str, object] = {"__name__": "__main__", "Out": {}, "_": None}
    made = Notebook(names)
    made.execute(DEFINITIONS)
    names["_"] = names["a"]
    names["Out"][1] = names["b"]  # type: ignore[index]  # a dict
    return made


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(cell, min_size=2, max_size=8))
def test_the_fast_form_finds_what_the_slow_one_finds(library: None, cells: list[tuple[str, list[str]]]) -> None:
    book = notebook()
    for kind, statements in cells:
        book.run(kind, statements)
    book.run("durable", ["pass"])


def test_what_a_cell_cannot_reach_is_not_looked_at(library: None) -> None:
    book = notebook()
    book.durable("pass")
    book.run("plain", ["x = [{'v': i} for i in range(50)]", "y = {'k': [Node()]}"])
    book.durable("z = 1")
    suspects = book.fast.before_body(read_cell("a.append(1)").names).suspects
    assert {"a"} <= suspects
    assert suspects.isdisjoint({"x", "y", "b", "c", "d", "rows", "arr", "handlers", "Node"})


@pytest.mark.parametrize(
    ("cells", "suspect"),
    [
        (["x = [1]", "library.keep(x)"], "x"),
        (["x = [1]", "library.on_event(lambda: x.append(1))"], "x"),
        (["x = rows[3]"], "x"),
    ],
)
def test_what_is_held_elsewhere_is_suspect(library: None, cells: list[str], suspect: str) -> None:
    book = notebook()
    book.durable("\n".join(cells))
    assert suspect in book.fast.before_body(read_cell("rows.append(1)\nx = 3").names).suspects


def test_instances_of_one_class_of_the_notebook_are_suspect_together(library: None) -> None:
    book = notebook()
    book.durable("x = {'deep': [Leaf()]}")
    assert {"x", "Node", "Leaf"} <= book.fast.before_body(read_cell("d.grow(1)").names).suspects


FINALIZED = "class Held:\n    def __del__(self): log.append(1)\nlog = []\nx = [Held()]"


@pytest.mark.parametrize("cell", ["x = 5", "del x", "x = [Held()]"])
def test_what_the_finalizer_of_a_value_let_go_of_changes_is_of_that_body(cell: str) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    live = LiveNames(names)
    exec(FINALIZED, names)
    live.observe()
    for name in ("Held", "log", "x"):
        live.became(name, Durable("make", 1), "digest")
    before, others = live.before_body(read_cell(cell).names), dict(live.names)
    with live.loosely(before):
        exec(cell, names)
    changes = live.after_body(before, [others])
    assert names["log"] == [1]
    assert "log" in changes.same


def test_what_a_body_lets_go_of_goes_at_once_and_what_it_keeps_is_what_it_was() -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    live = LiveNames(names)
    exec("import weakref\nclass C: pass\nx, kept = C(), C()\nseen = weakref.WeakSet([x, kept])", names)
    live.observe()
    for name in ("C", "x", "kept", "seen"):
        live.became(name, Durable("make", 1), "digest")
    cell = "del x\nleft = len(seen)"
    before = live.before_body(read_cell(cell).names)
    with live.loosely(before):
        exec(cell, names)
    changes = live.after_body(before, [{}])
    assert names["left"] == 1
    assert (changes.deleted, changes.changed) == ({"x"}, {"left", "seen"})
    assert live.is_very("kept", Durable("make", 1))
