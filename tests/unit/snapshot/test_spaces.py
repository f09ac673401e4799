"""Namespaces of code that was run by ``exec``: dicts that are the globals of functions, and that hold Python's builtins."""

from __future__ import annotations

import builtins
import sys
import types
from typing import Any

import pytest

from durnb.snapshot import Undo, capture, restore


def run(cell: str, space: dict[str, Any] | None = None) -> dict[str, Any]:
    space = {"__name__": "__main__"} if space is None else space
    exec(cell, space)
    return space


def trip(space: dict[str, Any], *names: str, into: dict[str, Any] | None = None) -> dict[str, Any]:
    """The variables, stored and restored into another notebook, or into `into`."""
    taken = capture(space, names)
    assert taken.lost == ()
    there = {"__name__": "__main__"} if into is None else into
    for group in taken.groups:
        there.update(restore(group.stream, [], there, taken.sources))
    return there


@pytest.mark.parametrize("order", [("env", "f"), ("f", "env")])
def test_a_function_has_the_dict_that_a_variable_holds_as_its_globals(order: tuple[str, ...]) -> None:
    space = run("env = {}\nexec('def f(): return y + g()\\ndef g(): return 1\\ny = 1', env)\nf = env['f']")
    found = trip(space, *order)
    assert found["f"].__globals__ is found["env"]
    assert list(found["env"]) == list(space["env"])
    found["env"]["y"] = 10
    assert found["f"]() == 11


def test_the_builtins_are_those_of_this_process_and_a_namespace_s_own_its_own() -> None:
    found = trip(
        run("own = {'__builtins__': {'len': len}}\nexec('def f(): return open', own)\nb = vars(__import__('builtins'))"), "own", "b"
    )
    assert found["b"] is vars(builtins)
    with pytest.raises(NameError, match="open"):
        found["own"]["f"]()


def test_functions_of_a_namespace_that_no_variable_holds_share_what_they_name_in_it() -> None:
    cell = "n = [0]\\nunused = lock\\ndef add(): n[0] += 1\\ndef told(): return n[0]"
    space = run(f"import _thread\nenv = {{'lock': _thread}}\nexec('{cell}', env)\nadd, told = env['add'], env['told']\ndel env")
    space["add"]()
    found = trip(space, "add", "told")
    found["add"]()
    assert (space["told"](), found["told"]()) == (1, 2)


def test_what_a_function_names_in_such_a_namespace_is_put_back_in_the_same_kernel_and_can_be_taken_back() -> None:
    space = run("env = {}\nexec('n = 0\\ndef f():\\n  global n\\n  n += 1\\n  return n', env)\nf = env['f']\ndel env")
    f, undo = space["f"], Undo()
    taken = capture(space, ["f"])
    f()
    with undo.following():
        (group,) = taken.groups
        restore(group.stream, [], space, {})
    assert f.__globals__["n"] == 0
    undo.take_back()
    assert f() == 2


def test_a_function_of_such_a_namespace_is_not_taken_for_the_notebook_s_of_the_same_code() -> None:
    space = run("env = {}\nexec('def f(): return y\\ny = 5', env)\nheld = [env['f']]\ndel env")
    there = trip(space, "held", into=run("y = 1\ndef f(): return y"))
    assert (there["held"][0](), there["f"]()) == (5, 1)


def test_instances_of_a_module_made_by_hand_go_with_the_module_that_comes_back() -> None:
    space = run("import types\nm = types.ModuleType('m')\nexec('v = 1\\nclass K:\\n  def get(self): return v', vars(m))\nk = m.K()")
    assert "m" not in sys.modules
    found = trip(space, "m", "k", into=space)
    module: types.ModuleType = found["m"]
    module.v = 2  # type: ignore[attr-defined]  # made by hand
    assert (found["k"].get(), type(found["k"]) is module.K) == (2, True)  # type: ignore[attr-defined]  # the same


def test_a_namespace_nested_too_deep_for_the_stack_comes_back_as_well() -> None:
    space = run("env = {}\nexec('def f(): return y\\ny = 1', env)\ndeep = env\nfor _ in range(3000): deep = [deep]")
    found = trip(space, "deep")["deep"]
    while isinstance(found, list):
        found = found[0]
    found["y"] = 3
    assert found["f"]() == 3
