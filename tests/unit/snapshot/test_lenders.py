"""A value of a class that can't be made from its parts is stored where a plain cell defines the class, and lost where the step does."""

from __future__ import annotations

from typing import Any

from durnb.snapshot import capture, restore

CELL = """
class M(type):
    def __new__(m, n, b, ns):
        if "fields" not in ns:
            raise TypeError("no fields")
        return super().__new__(m, n, b, ns)
class C(metaclass=M):
    fields = ("a",)
    seen = []
    def __setstate__(self, state):
        if not type(self).seen:
            raise ValueError("not set up")
        self.__dict__.update(state)
C.seen.append(1)
x = C()
x.a = 1
"""


def run() -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(CELL.replace("C.seen.append(1)", "C.seen.append(__import__('contextvars').copy_context())"), "<cell>", "exec"), space)
    return space


def test_it_is_stored_where_a_plain_cell_defines_the_class() -> None:
    space = run()
    taken = capture(space, ["x"])
    assert taken.lost == ()
    fresh = run()
    (group,) = taken.groups
    found = restore(group.stream, [], fresh, taken.sources)["x"]
    assert type(found) is fresh["C"]
    assert found.a == 1
    assert len(space["C"].seen) == 1


def test_it_is_lost_where_the_step_defines_it() -> None:
    space = run()
    lost = {each.name for each in capture(space, ["C", "M", "x"]).lost}
    assert {"C", "x"} <= lost
