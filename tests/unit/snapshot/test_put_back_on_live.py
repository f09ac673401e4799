"""State put on a live function or class is exactly what was stored: what was put on it since is taken off."""

from __future__ import annotations

import collections
from typing import Any

import pytest

from durnb.snapshot import Captured, Undo, capture, restore


def run(cell: str, space: dict[str, Any] | None = None) -> dict[str, Any]:
    space = {"__name__": "__main__"} if space is None else space
    exec(compile(cell, "<cell>", "exec"), space)
    return space


def taken(space: dict[str, Any], *names: str) -> Captured:
    found = capture(space, names)
    assert found.lost == ()
    return found


def put_back(stored: Captured, space: dict[str, Any]) -> None:
    for group in stored.groups:
        space.update(restore(group.stream, [bytearray(b) for b in group.buffers], space, stored.sources))


CLASS = "class C:\n  'of C'\n  total = 0\n  names = []\n  def m(self): return self.v\n"

CHANGES = {
    "an attribute": (CLASS, "C.extra = 1", "hasattr(C, 'extra')"),
    "an attribute that was deleted": (CLASS, "del C.total", "getattr(C, 'total', 'gone')"),
    "a docstring": (CLASS, "C.__doc__ = 'changed'", "C.__doc__"),
    "a method": (CLASS, "C.late = lambda self: 1", "hasattr(C, 'late')"),
    "a method that was replaced": (CLASS, "C.m = lambda self: 'changed'\nC.v = 5", "(C().m() if hasattr(C, 'v') else C.m.__qualname__)"),
    "an attribute of a method": (CLASS, "C.m.note = 1", "vars(C.m)"),
    "an attribute of a function": ("def C(): ...", "C.calls = 1", "vars(C)"),
    "a docstring of a function": ("def C():\n  'doc'", "C.__doc__ = None", "C.__doc__"),
    "the code of a function": ("def C(): return 1", "C.__code__ = (lambda: 2).__code__", "C()"),
    "a virtual subclass": ("import abc\nclass C(abc.ABC): ...\nC.register(int)", "C.register(str)", "(issubclass(str, C), issubclass(int, C))"),
    "an attribute of a member": ("import enum\nclass C(enum.Enum):\n  A = 1\nC.A.old = [1]", "C.A.old.append(2); C.A.new = 3", "(C.A.old, hasattr(C.A, 'new'))"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_put_on_since_is_taken_off_in_the_same_kernel(what: str) -> None:
    cell, change, shown = CHANGES[what]
    space = run(cell)
    before, definition = repr(eval(shown, space)), space["C"]
    stored = taken(space, "C")
    run(change, space)
    assert repr(eval(shown, space)) != before
    put_back(stored, space)
    assert space["C"] is definition
    assert repr(eval(shown, space)) == before


@pytest.mark.parametrize("what", [what for what in CHANGES if "method" not in what and "code" not in what])
def test_what_was_put_on_is_put_on_the_live_one_of_another_kernel(what: str) -> None:
    cell, change, shown = CHANGES[what]
    first, second = run(cell), run(cell)
    run(change, first)
    definition = second["C"]
    put_back(taken(first, "C"), second)
    assert second["C"] is definition
    assert repr(eval(shown, second)) == repr(eval(shown, first))


def test_instances_stay_instances_where_a_method_was_put_on_and_taken_off() -> None:
    space = run(CLASS + "x = C(); x.v = 1")
    kept = space["x"]
    stored = taken(space, "x")
    run("C.late = lambda self: 1", space)
    put_back(stored, space)
    assert type(space["x"]) is type(kept) is space["C"]
    assert not hasattr(kept, "late")


TWO = "class C:\n  def __init__(self, v): self.v = v\n"


def test_an_instance_of_the_first_class_of_a_name_is_none_of_the_second() -> None:
    space = run(TWO + "old = C(1)")
    first = taken(space, "old")
    run(TWO + "old.v = 2\nnew = C(3)", space)
    second = taken(space, "old"), taken(space, "new")

    fresh = run(TWO)
    put_back(first, fresh)
    assert type(fresh["old"]) is fresh["C"]
    earlier = fresh["C"]
    run(TWO, fresh)
    for stored in second:
        put_back(stored, fresh)
    assert type(fresh["old"]) is earlier
    assert type(fresh["new"]) is fresh["C"]
    assert fresh["old"].v == 2


def test_the_first_class_is_found_where_only_plain_cells_made_it() -> None:
    both = TWO + "old = C(1); twin = C(1)\n" + TWO
    space = run(both)
    run("old.v = 2", space)
    stored = taken(space, "old")
    fresh = run(both)
    put_back(stored, fresh)
    assert type(fresh["old"]) is type(fresh["twin"])
    assert type(fresh["old"]) is not fresh["C"]


def test_a_class_defined_again_in_the_same_kernel_is_that_of_the_instances_restored_after_it() -> None:
    space = run(TWO + "x = C(1)")
    stored = taken(space, "x")
    run(TWO, space)
    put_back(stored, space)
    assert type(space["x"]) is space["C"]


def test_an_earlier_function_of_a_name_and_code_stays_another() -> None:
    space = run("def f(): return 1\nfs = [f]\ndef f(): return 1\n")
    stored = taken(space, "fs")
    fresh = run("def f(): return 1")
    put_back(stored, fresh)
    assert fresh["fs"][0] is not fresh["f"]


def test_a_class_that_is_false_by_its_metaclass_is_found_all_the_same() -> None:
    cell = "class M(type):\n  def __len__(cls): return 0\nclass C(metaclass=M): ...\nx = C()"
    first, second = run(cell), run(cell)
    live = second["C"]
    put_back(taken(first, "x"), second)
    assert type(second["x"]) is live


def test_an_edited_cached_property_is_code_of_its_class() -> None:
    cell = "import functools\nclass C:\n  @functools.cached_property\n  def p(self): return 1\nx = C()"
    first, second = run(cell), run(cell.replace("return 1", "return 2"))
    put_back(taken(first, "x"), second)
    assert second["x"].p == 1
    assert second["C"]().p == 2


def test_order_of_attributes_is_no_matter() -> None:
    space = run(CLASS)
    stored = taken(space, "C")
    run("C.names.append('z'); C.b = 1; C.a = 2", space)
    put_back(stored, space)
    assert collections.Counter(name for name in vars(space["C"]) if not name.startswith("__")) == {"total": 1, "names": 1, "m": 1}


def test_functions_of_a_module_made_by_hand_belong_to_the_module_that_was_put_back_last() -> None:
    space = run(
        "import types\nmade = types.ModuleType('made')\nexec('total = 0\\ndef add(n):\\n  global total\\n  total += n', vars(made))"
    )
    first = taken(space, "made")
    exec("made.add(5)", space)
    second = taken(space, "made")
    there = run("x = 1")
    put_back(first, there)
    put_back(second, there)
    exec("made.add(1)", there)
    assert there["made"].total == 6


LOOKED_AT = CHANGES | {
    "a default": ("def C(x=[]): return x", "C.__defaults__ = ([1],)", "C()"),
    "a closure": ("def make():\n  n = 0\n  def C():\n    nonlocal n\n    n += 1\n    return n\n  return C\nC = make()", "C()", "C.__closure__[0].cell_contents"),
    "a list of a closure": ("def make():\n  held = []\n  return lambda: held\nC = make()", "C().append(1)", "C()"),
    "an empty variable of a closure": (
        "def make():\n  if False: n = 0\n  def C(go=False):\n    nonlocal n\n    if go: n = 1\n    return n\n  return C\nC = make()",
        "C(True)",
        "C.__closure__[0].cell_contents",
    ),
    "a module made by hand": ("import sys, types\nC = sys.modules['made_by_hand'] = types.ModuleType('made_by_hand')\nC.n = 1", "C.n = 2; C.more = 3", "{n: v for n, v in vars(C).items() if n[0] != '_'}"),
    "a context variable": ("import contextvars\nC = contextvars.ContextVar('C')\nC.set(1)", "C.set(2)", "C.get()"),
}  # fmt: skip


@pytest.mark.parametrize("what", LOOKED_AT)
def test_a_load_that_is_taken_back_leaves_what_is_live_as_it_was(what: str) -> None:
    cell, change, shown = LOOKED_AT[what]
    space = run(cell)
    stored = taken(space, "C")
    run(change, space)
    before, undo = repr(eval(shown, space)), Undo()
    with undo.following():
        put_back(stored, dict(space) if what == "a module made by hand" else space)
    undo.take_back()
    assert repr(eval(shown, space)) == before


def test_what_some_values_of_a_load_lead_to_can_be_left_out_of_taking_it_back() -> None:
    space = run("class C:\n  n = 0\nclass D:\n  n = 0\nkept, other = [C], [D]\nlinked = [kept, other]")
    (group,) = taken(space, "kept", "other", "linked").groups
    run("C.n = D.n = 1", space)
    undo = Undo()
    with undo.following():
        values = restore(group.stream, [], space, {})
    undo.take_back(but=[values["kept"]])
    assert (space["C"].n, space["D"].n) == (0, 1)
