"""Changes in place of what keeps its state to itself: iterators, locks, weak collections, modules made by hand, registries."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from durnb.fingerprint import content, probe, reach, read_cell
from durnb.fingerprint.primitives import memory_of


def run(cell: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(cell, "<cell>", "exec", dont_inherit=True), space)
    return space


ENUM = "import enum\nclass E(enum.Enum):\n  A = 1\n  B = 2\n"
MODULE = "import types\nx = types.ModuleType('m'); x.held = [1]\nexec('def f(): return held', x.__dict__)"
LOGIC = "import threading\nx = threading."
WEAK = "import weakref\nclass C: ...\nc, d = C(), C()\nx = weakref."

CHANGES = {
    "count": ("import itertools\nx = itertools.count(5, 2)", "next(x)"),
    "cycle": ("import itertools\nx = itertools.cycle('abc')", "next(x)"),
    "cycle in its second turn": ("import itertools\nx = itertools.cycle('abc'); [next(x) for _ in range(4)]", "next(x)"),
    "accumulate": ("import itertools\nx = itertools.accumulate([1, 2, 3])", "next(x)"),
    "chain": ("import itertools\nx = itertools.chain([1], [2])", "next(x)"),
    "islice": ("import itertools\nx = itertools.islice([1, 2, 3], 2)", "next(x)"),
    "product": ("import itertools\nx = itertools.product('ab', 'cd')", "next(x)"),
    "tee": ("import itertools\nx, y = itertools.tee([1, 2, 3])", "next(x)"),
    "an iterator of a list": ("x = iter([1, 1, 1])", "next(x)"),
    "an iterator of a dict": ("x = iter({1: 2, 3: 4})", "next(x)"),
    "a generator": ("def g():\n  n = 0\n  while True:\n    n += 1\n    yield 0\nx = g(); next(x)", "next(x)"),
    "a generator over a list": ("x = (i for i in [1, 1, 1])", "next(x)"),
    "a value of a weak dictionary": (WEAK + "WeakKeyDictionary({c: [1]})", "x[c].append(2)"),
    "a key of a weak dictionary": (WEAK + "WeakKeyDictionary({c: [1]})", "x[d] = 1"),
    "a value held weakly": (WEAK + "WeakValueDictionary(a=c)", "x['b'] = d"),
    "a weak set": (WEAK + "WeakSet([c])", "x.add(d)"),
    "a member of an enum": (ENUM + "x = E.A", "E.A.note = 1"),
    "what a member of an enum holds": (ENUM + "E.A.note = [1]\nx = [E.A]", "E.A.note.append(2)"),
    "an enum by its member": (ENUM + "x = E", "E.B.note = 1"),
    "a module made by hand": (MODULE, "x.held.append(2)"),
    "an attribute of a module made by hand": (MODULE, "x.new = 1"),
    "a function of a module made by hand": (MODULE + "\nm = x; x = m.f", "m.held.append(2)"),
    "the docstring of a function": ("def x():\n  'doc'", "x.__doc__ = None"),
    "the name of a function": ("def x(): ...", "x.__name__ = 'y'"),
    "a registry of an abstract class": ("import abc\nclass x(abc.ABC): ...", "x.register(int)"),
    "a lock": (LOGIC + "Lock()", "x.acquire()"),
    "a reentrant lock": (LOGIC + "RLock()", "x.acquire()"),
    "a reentrant lock that is held": (LOGIC + "RLock(); x.acquire()", "x.acquire()"),
    "an event": (LOGIC + "Event()", "x.set()"),
    "a semaphore": (LOGIC + "Semaphore(2)", "x.acquire()"),
    "a condition": (LOGIC + "Condition()", "x.acquire()"),
    "a queue": ("import queue\nx = queue.Queue(); x.put(1)", "x.put(2)"),
    "a hash": ("import hashlib\nx = hashlib.sha256(b'a')", "x.update(b'b')"),
    "a hash of BLAKE": ("import hashlib\nx = hashlib.blake2b(b'a')", "x.update(b'b')"),
    "a keyed hash": ("import hmac\nx = hmac.new(b'k', digestmod='sha256')", "x.update(b'b')"),
    "a context variable": ("import contextvars\nx = contextvars.ContextVar('x', default=1)", "x.set(2)"),
    "the cause of an exception": ("x = ValueError(1)", "x.__cause__ = KeyError('k')"),
    "an iterator in a list": ("import itertools\nx = [itertools.count()]", "next(x[0])"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_in_place_is_seen_and_looking_is_none(what: str) -> None:
    cell, change = CHANGES[what]
    space = run(cell)
    before, held = probe(space)["x"], content(space["x"])
    assert (probe(space)["x"], content(space["x"])) == (before, held)
    exec(change, space)
    assert probe(space)["x"] != before
    if not held.opaque:
        assert content(space["x"]).digest != held.digest


@pytest.mark.parametrize("what", [what for what in CHANGES if "generator" not in what])
def test_such_objects_have_a_content_that_follows_from_what_they_hold(what: str) -> None:
    first, second = (content(run(CHANGES[what][0])["x"]) for _ in range(2))
    assert first == second


SAME = {
    "a single dispatch that is called": (
        "import functools\n@functools.singledispatch\ndef x(a): return 1\n@x.register\ndef _(a: int): return 2",
        "x(1); x('a'); x([])",
    ),
    "a cache that is filled": ("import functools\n@functools.cache\ndef x(a): return a", "x(1)"),
    "an abstract class that is asked": ("import abc\nclass x(abc.ABC): ...\nx.register(int)", "isinstance(1, x); isinstance('a', x)"),
    "an enum that is read": (ENUM + "x = E.A", "E(1), E['A'], x.name, x.value, list(E)"),
    "a lock that was used": (LOGIC + "Lock()", "x.acquire(); x.release()"),
    "a hash that is read": ("import hashlib\nx = hashlib.sha256(b'a')", "x.hexdigest()"),
    "a queue that was used": ("import queue\nx = queue.Queue()", "x.put(1); x.get(); x.task_done(); x.qsize()"),
    "a module made by hand that is called": (MODULE, "x.f()"),
    "a pattern that is used": ("import re\nx = re.compile('a')", "x.search('ba')"),
}  # fmt: skip


@pytest.mark.parametrize("what", SAME)
def test_what_only_reads_is_no_change(what: str) -> None:
    cell, reading = SAME[what]
    space = run(cell)
    before, held = probe(space)["x"], content(space["x"])
    exec(reading, space)
    assert (probe(space)["x"], content(space["x"])) == (before, held)


ITERATORS = [
    itertools.count(),
    itertools.cycle("ab"),
    itertools.accumulate([1, 1, 1]),
    itertools.islice([1, 1, 1], 3),
    itertools.repeat(1, 5),
]


@pytest.mark.parametrize("iterator", ITERATORS, ids=lambda each: type(each).__name__)
def test_an_iterator_that_cannot_be_asked_shows_in_its_memory_memory_of(iterator: Any) -> None:
    def shown() -> tuple[bytes, list[bytes]]:
        parts = memory_of(iterator)
        return parts.head, [content(each).digest.encode() for each in parts.parts]

    next(iterator)
    before = shown()
    assert shown() == before
    next(iterator)
    assert shown() != before


def test_what_a_module_made_by_hand_reaches_is_reached() -> None:
    space = run("import types\nk = 1\ndef f(): return k\nm = types.ModuleType('m'); m.f = f")
    assert {"m", "k"} <= reach(read_cell("m.f()").names, space).names
