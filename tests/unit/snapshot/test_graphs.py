"""Random graphs of values, with aliases, cycles and views among several names, come back as the same graph."""

from __future__ import annotations

import types
from collections import deque
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from durnb.snapshot import capture, pickler, restore

np = pytest.importorskip("numpy")

KINDS = (
    "list",
    "dict",
    "deque",
    "instance",
    "slotted",
    "objects",
    "closure",
    "function",
    "tuple",
    "array",
    "view",
    "bytearray",
    "on bytes",
)
CELL = """
class Node: registry = []
class Slotted: __slots__ = ("parts", "__weakref__")
def hold(value): return lambda: value
"""
Plan = list[tuple[str, list[int]]]
plans = st.lists(st.tuples(st.sampled_from(KINDS), st.lists(st.integers(0, 30), max_size=4)), min_size=1, max_size=12)


def graph(plan: Plan, space: dict[str, Any]) -> list[Any]:
    """Nodes of the planned kinds; their edges lead to any other node, tuples and closures only to earlier ones."""
    nodes: list[Any] = []
    for index, (kind, edges) in enumerate(plan):
        earlier = [nodes[edge % index] for edge in edges] if index else []
        nodes.append(_node(kind, edges, earlier, space))
    for node, (_, edges) in zip(nodes, plan, strict=True):
        _tie(node, [nodes[edge % len(nodes)] for edge in edges])
    return nodes


def _node(kind: str, edges: list[int], earlier: list[Any], space: dict[str, Any]) -> Any:
    arrays = [each for each in earlier if isinstance(each, np.ndarray) and each.dtype != object and each.ndim == 1]
    stores = [each for each in earlier if isinstance(each, bytearray)]
    match kind:
        case "dict" | "list" | "deque":
            return {"dict": dict, "list": list, "deque": deque}[kind]()
        case "instance" | "slotted":
            return space["Node" if kind == "instance" else "Slotted"]()
        case "objects":
            return np.empty(len(edges), dtype=object)
        case "closure" | "function":
            return space["hold"](earlier) if kind == "closure" else types.FunctionType((lambda x=0: x).__code__, space, "f", (earlier,))
        case "tuple":
            return tuple(earlier)
        case "view" if arrays:
            return arrays[0][:: -1 if sum(edges) % 2 else 2]
        case "on bytes" if stores:
            return np.frombuffer(stores[0], dtype="u1")
        case "bytearray":
            return bytearray(range(6))
        case _:
            return np.arange(8.0) + len(edges)


def _tie(node: Any, parts: list[Any]) -> None:
    match node:
        case list() | deque():
            node.extend(parts)
        case dict():
            node.update({f"k{index}": part for index, part in enumerate(parts)})
        case np.ndarray() if node.dtype == object:
            for index, part in enumerate(parts):
                node[index] = part
        case types.FunctionType():
            node.__dict__["parts"] = parts
        case _ if type(node).__name__ in ("Node", "Slotted"):
            node.parts = parts
            if type(node).__name__ == "Node":
                node.shared = type(node).registry


def parts_of(value: Any) -> list[Any]:
    match value:
        case list() | tuple() | deque():
            return list(value)
        case dict():
            return [part for item in value.items() for part in item]
        case np.ndarray():
            return value.tolist() if value.dtype == object else []
        case types.FunctionType():
            return [value.__defaults__, [cell.cell_contents for cell in value.__closure__ or ()], dict(value.__dict__)]
        case type():
            return [value.__dict__.get("registry")]
        case _ if type(value).__name__ in ("Node", "Slotted"):
            return [type(value), getattr(value, "parts", None), getattr(value, "shared", None)]
    return []


def assert_isomorphic(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Every part is equal, and is one object exactly where it was one object."""
    there: dict[int, Any] = {}
    back: dict[int, Any] = {}
    arrays: list[tuple[Any, Any]] = []
    queue = [(one[name], other[name]) for name in one]
    held = list(queue)
    while queue:
        a, b = queue.pop()
        assert type(a).__name__ == type(b).__name__
        if isinstance(a, (str, int, float, type(None))):
            assert a == b
            continue
        if isinstance(a, tuple):
            if id(a) in there:
                continue
        else:
            assert (id(a) in there) == (id(b) in back)
        if id(a) in there:
            assert there[id(a)] is b
            continue
        there[id(a)], back[id(b)] = b, a
        if isinstance(a, np.ndarray):
            assert (a.dtype, a.shape, a.flags.writeable) == (b.dtype, b.shape, b.flags.writeable)
            assert a.strides == b.strides or a.size == 0 or a.base is not None  # a view alone is stored without its gaps
            arrays.append((a, b))
        if isinstance(a, bytearray):
            assert a == b
        fresh = (parts_of(a), parts_of(b))
        held.append(fresh)
        assert len(fresh[0]) == len(fresh[1])
        temporary = isinstance(a, types.FunctionType)
        queue += list(zip(*fresh, strict=True)) if not temporary else _flat(fresh)
    for a, b in arrays:
        assert a.dtype == object or (a == b).all()
        for c, d in arrays:
            assert np.shares_memory(a, c) == np.shares_memory(b, d)


def _flat(fresh: tuple[list[Any], list[Any]]) -> list[tuple[Any, Any]]:
    (defaults, cells, attributes), (defaults_b, cells_b, attributes_b) = fresh
    assert attributes.keys() == attributes_b.keys()
    pairs = [*zip(defaults or (), defaults_b or (), strict=True), *zip(cells, cells_b, strict=True)]
    return [*pairs, *((attributes[name], attributes_b[name]) for name in attributes)]


def _gives_up(*_: object) -> Any:
    raise RecursionError("as the C pickler where a value is nested too deep for it")


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(plan=plans, named=st.lists(st.integers(0, 30), min_size=1, max_size=5), registered=st.booleans(), deep=st.booleans())
def test_a_graph_comes_back_as_the_same_graph(plan: Plan, named: list[int], registered: bool, deep: bool) -> None:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(CELL, space)
    nodes = graph(plan, space)
    if registered:
        space["Node"].registry.append(nodes[0])
    names = {f"n{index}": nodes[number % len(nodes)] for index, number in enumerate(named)}
    space.update(names)
    with patch.object(pickler, "_Fast", _gives_up if deep else pickler._Fast):
        taken = capture(space, [*names, "Node", "Slotted"])
    assert taken.lost == ()
    again: dict[str, Any] = {"__name__": "__main__"}
    for group in taken.groups:
        again.update(restore(group.stream, [bytearray(b) for b in group.buffers], again, taken.sources))
    shown = [*names, "Node", "Slotted"]
    assert_isomorphic({name: space[name] for name in shown}, {name: again[name] for name in shown})
