"""Nothing is nested too deep to be stored, on any Python, and no limit of Python's is touched for it."""

from __future__ import annotations

import io
import pickle
import sys
from typing import Any, cast

from durnb.fingerprint import content, probe
from durnb.snapshot import capture, restore
from durnb.snapshot.deep import Deep

CHAIN = """
from collections import deque, namedtuple
Pair = namedtuple("Pair", "a b")
class Node:
    def __init__(self, inner): self.inner = inner
x = None
for turn in range(%d):
    x = Node([{"inner": frozenset({Node((Pair(deque([x]), 0), []))}), "set": {1, 2}}])
"""


def test_a_long_chain_is_stored_and_digested() -> None:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(CHAIN % 1500, space)
    limit = sys.getrecursionlimit()
    (group,) = capture(space, ["x"], among=()).groups
    found = restore(group.stream, [], space, {})["x"]
    assert content(found).digest == content(space["x"]).digest
    assert probe({"x": found}) == probe({"x": space["x"]})
    length, node = 0, cast(Any, found)
    while node is not None:
        (second,) = node.inner[0]["inner"]
        length, node = length + 1, second.inner[0].a[0]
    assert (length, sys.getrecursionlimit()) == (1500, limit)


class Keyed:
    """Made by `__newobj_ex__`."""

    def __new__(cls, *, key: object) -> Keyed:
        made = super().__new__(cls)
        made.key = key
        return made

    key: object

    def __getnewargs_ex__(self) -> tuple[tuple[object, ...], dict[str, object]]:
        return (), {"key": self.key}


def test_what_is_written_without_a_stack_is_what_pickle_writes() -> None:
    held: list[Any] = []
    cycle = (held, 1, 2, 3, "four")
    held.append(cycle)
    pair: tuple[Any, ...] = ([],)
    pair[0].append(pair)
    value = [cycle, pair, Keyed(key=held), list(range(2500)), {n: -n for n in range(1001)}, set(range(1500)), frozenset(), (), {}, [1]]
    sink = io.BytesIO()
    Deep(sink, lambda _: NotImplemented, None).dump(value)
    assert pickle.dumps(pickle.loads(sink.getvalue())) == pickle.dumps(pickle.loads(pickle.dumps(value)))
