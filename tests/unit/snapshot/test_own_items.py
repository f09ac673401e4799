"""Lists and dicts of the notebook that take items in their own way come back with the items that they held."""

from __future__ import annotations

from typing import Any

from durnb.snapshot import capture, restore

SOURCE = """
class Doubling(dict):
    def __setitem__(self, key, value):
        super().__setitem__(key, value * 2)

class Closed(list):
    def append(self, item):
        raise RuntimeError("closed")
    extend = append

double = Doubling()
double["a"] = 1
double.note = "n"
dict.__setitem__(double, "me", double)
closed = Closed([1, 2])
"""


def test_items_come_back_as_they_were_and_not_as_the_class_would_take_them_again() -> None:
    home: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(SOURCE, "<cell>", "exec"), home)
    captured = capture(home, ["double", "closed", "Doubling", "Closed"])
    assert not captured.lost
    back: dict[str, Any] = {}
    for group in captured.groups:
        back.update(restore(group.stream, [bytearray(memoryview(b)) for b in group.buffers], dict(home), captured.sources))
    assert back["double"]["a"] == 2
    assert back["double"]["me"] is back["double"]
    assert back["double"].note == "n"
    assert list(back["closed"]) == [1, 2]
