"""Instances of the notebook's own classes come back as they were, whatever the classes do when an instance is made or takes an item."""

from __future__ import annotations

from typing import Any

import pytest

from durnb.fingerprint import content, probe
from durnb.snapshot import capture, restore

SOURCE = """
class Doubling(dict):
    def __setitem__(self, key, value):
        super().__setitem__(key, value * 2)

class Closed(list):
    def append(self, item):
        raise RuntimeError("closed")
    extend = append

from collections import OrderedDict
class Latest(OrderedDict):
    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > 2:
            self.popitem(last=False)

latest = Latest()
for key in "abca":
    latest[key] = key.upper()
double = Doubling()
double["a"] = 1
double.note = "n"
dict.__setitem__(double, "me", double)
closed = Closed([1, 2])
"""


def test_items_come_back_as_they_were_and_not_as_the_class_would_take_them_again() -> None:
    home: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(SOURCE, "<cell>", "exec"), home)
    captured = capture(home, ["double", "closed", "latest", "Doubling", "Closed", "Latest"])
    assert not captured.lost
    back: dict[str, Any] = {}
    for group in captured.groups:
        back.update(restore(group.stream, [bytearray(memoryview(b)) for b in group.buffers], dict(home), captured.sources))
    assert back["double"]["a"] == 2
    assert back["double"]["me"] is back["double"]
    assert back["double"].note == "n"
    assert list(back["closed"]) == [1, 2]
    back["latest"]["d"] = "D"
    assert list(back["latest"].items()) == [("a", "A"), ("d", "D")]


CONSTRUCTORS = {
    "an int": "class X(int):\n  def __new__(cls, v): return super().__new__(cls, v * 2)\nx = X(3)",
    "a text": "class X(str):\n  def __new__(cls, v): return super().__new__(cls, v + '!')\nx = X('a')",
    "a tuple": "class X(tuple):\n  def __new__(cls, *v): return super().__new__(cls, v)\nx = X(1, 2)",
    "a named tuple": "class X(c.namedtuple('P', 'p q')):\n  def __new__(cls, p): return super().__new__(cls, p, p)\nx = X(3)",
    "a set": "class X(set):\n  def __init__(self, v): super().__init__(2 * e for e in v)\nx = X([1, 2])",
    "a frozen set": "class X(frozenset):\n  def __new__(cls, *v): return super().__new__(cls, v)\nx = X(1, 2)",
    "a dict in order": "class X(c.OrderedDict):\n  def __init__(self, size): super().__init__(); self.size = size\nx = X(3); x['a'] = 1",
    "a dict with defaults": "class X(c.defaultdict):\n  def __init__(self, size): super().__init__(list); self.size = size\nx = X(3); x['a']",
    "a counter": "class X(c.Counter):\n  def __init__(self, text, size): super().__init__(text); self.size = size\nx = X('aab', 3)",
    "a deque": "class X(c.deque):\n  def __init__(self, size): super().__init__(maxlen=size); self.size = size\nx = X(3); x.append(1)",
    "a date": "class X(d.date):\n  def __new__(cls, s): return super().__new__(cls, 2026, 1, int(s))\nx = X('3'); x.size = 1",
    "a decimal": "class X(m.Decimal):\n  def __new__(cls, s): return super().__new__(cls, s + '1')\nx = X('3'); x.size = 1",
    "an error of files": "class X(OSError):\n  def __init__(self, p, *, q): super().__init__(2, p); self.q = q\nx = X('f', q=1)",
    "an object": "class X:\n  def __new__(cls, a): made = super().__new__(cls); made.a = a; return made\nx = X(1)",
}


@pytest.mark.parametrize("kind", CONSTRUCTORS)
def test_no_constructor_of_the_notebook_runs_again(kind: str) -> None:
    home: dict[str, Any] = {"__name__": "__main__"}
    exec("import collections as c, datetime as d, decimal as m\n" + CONSTRUCTORS[kind], home)
    captured = capture(home, ["x", "X"])
    assert not captured.lost
    back: dict[str, Any] = {"__name__": "__main__"}
    for group in captured.groups:
        back.update(restore(group.stream, [], back, captured.sources))
    found, x = back["x"], home["x"]
    assert type(found) is back["X"]
    assert vars(found) == vars(x)
    assert kind == "an object" or str(found) == str(x)
    assert content(found) == content(x)
    before = probe({"x": x})
    x.size = 99
    assert probe({"x": x}) != before
    assert content(found) != content(x)


HIDING = {
    "a list": "class X(list):\n  def __iter__(self): return iter([9])\nx = X([1, 2])",
    "a dict": "class X(dict):\n  def items(self): return []\n  def __iter__(self): return iter(())\nx = X(a=1)",
    "a dict in order": "class X(c.OrderedDict):\n  def items(self): return []\nx = X(a=1)",
    "a dict with defaults": "class X(c.defaultdict):\n  def items(self): return []\nx = X(list, a=1)",
    "a call of a mock": "import unittest.mock\nx = unittest.mock.Mock(); x(2); x = x.call_args",
}


@pytest.mark.parametrize("kind", HIDING)
def test_what_a_container_holds_comes_back_whatever_its_methods_say(kind: str) -> None:
    home: dict[str, Any] = {"__name__": "__main__"}
    exec("import collections as c\n" + HIDING[kind], home)
    captured = capture(home, ["x"])
    back: dict[str, Any] = {"__name__": "__main__"}
    for group in captured.groups:
        back.update(restore(group.stream, [], back, captured.sources))
    assert (len(back["x"]), repr(back["x"])) == (len(home["x"]), repr(home["x"]))


SINGLE = """
class Single:
    it, asked = None, 0
    def __new__(cls):
        cls.asked += 1
        cls.it = cls.it or super().__new__(cls)
        return cls.it
one = Single()
held = [Single(), one]
"""


def test_an_object_of_which_there_is_one_is_one_afterwards() -> None:
    home: dict[str, Any] = {"__name__": "__main__"}
    exec(SINGLE, home)
    captured = capture(home, ["one", "held", "Single"])
    assert not captured.lost
    back: dict[str, Any] = {"__name__": "__main__"}
    for group in captured.groups:
        back.update(restore(group.stream, [], back, captured.sources))
    assert back["Single"].asked == 2
    assert back["held"][0] is back["one"] is back["Single"]() is back["Single"].it


def test_attributes_that_are_held_by_others_too_are_one_dict_afterwards() -> None:
    home: dict[str, Any] = {"__name__": "__main__"}
    exec(
        "class C:\n  all = {}\n  def __init__(self): self.__dict__ = C.all\na, b = C(), C()\nclass D: pass\nd = D(); d.v = 1; known = vars(d)",
        home,
    )
    exec("class E(dict):\n  def __init__(self, **k): super().__init__(**k); self.__dict__ = self\ne = E(v=1)", home)
    names = ["a", "b", "C", "d", "known", "e"]
    back: dict[str, Any] = {"__name__": "__main__"}
    captured = capture(home, names)
    for group in captured.groups:
        back.update(restore(group.stream, [], back, captured.sources))
    back["a"].x, back["d"].v, back["e"].v = 5, 2, 3
    assert (back["b"].x, back["C"].all, back["known"], back["e"]) == (5, {"x": 5}, {"v": 2}, {"v": 3})
