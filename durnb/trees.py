"""Big trees of builtin containers, digested and stored in C: what walking a million parts one by one would take seconds for.

A tree of exact lists, dicts and tuples with plain atoms at its leaves says all of itself in a pickle without a memo, if no mutable container
stands in it twice. Whether a value is such a tree follows from what it holds, so its digest is canonical.
"""

from __future__ import annotations

import marshal
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import compress
from typing import Any, NamedTuple

from blake3 import blake3

MANY = 32
"""Parts from which on a container may be the root of a bulk."""

_CONTAINERS = frozenset((list, dict, tuple))
_UNORDERED = frozenset((set, frozenset))
_PROTOCOL = 4  # its pickler hands pieces on as it goes, and writes of mutable things lists, dicts and sets only by itself
_LOOK = 1 << 22  # parts between looks whether a tangle of tuples unfolds without end


class Bulk(NamedTuple):
    """A tree taken in one go: its digest, and of the mutable containers below its root those to which something else refers too.

    `held` has them with their ordinals among the tree's containers, in which each comes before what is inside it.
    """

    digest: bytes
    held: list[tuple[int, object]]


class _NoTree(Exception):
    """Something of the value is no part of a tree."""


class _Sink:
    """Hashes what the pickler writes, and looks now and then whether it repeats itself."""

    def __init__(self, parts: list[object]) -> None:
        self.state = blake3()
        self._parts, self._next = parts, _LOOK

    def write(self, data: bytes) -> int:
        self.state.update(data)
        if len(self._parts) > self._next:
            self._next *= 2
            containers = _containers(self._parts)
            if len(set(map(id, containers))) < len(containers) // 2:
                raise _NoTree
        return len(data)


class _Plain(pickle.Pickler):
    """Only what the pickler writes by itself; all else ends it."""

    def reducer_override(self, obj: Any) -> Any:
        raise _NoTree


def bulk(value: Any) -> Bulk | None:
    """`value`, an exact list, dict or tuple, as a bulk; None where something in it is not exact and builtin, or mutable and there twice."""
    if _known is None:
        return _bulk(value)
    known = _known.get(id(value))
    if known is None:
        known = _known[id(value)] = value, _bulk(value)
    return known[1]


_known: dict[int, tuple[object, Bulk | None]] | None = None


@contextmanager
def remembered() -> Iterator[None]:
    """While no code of the notebook runs, a tree is taken once, however often it is asked for."""
    global _known
    outer, _known = _known, {} if _known is None else _known
    try:
        yield
    finally:
        _known = outer


@contextmanager
def forgotten() -> Iterator[None]:
    """Code of the notebook runs: what was known of trees holds no more."""
    global _known
    outer, _known = _known, None
    try:
        yield
    finally:
        _known = None if outer is None else {}


def references() -> Iterator[object]:
    """The objects to which `remembered` keeps a reference, as often as it does."""
    for value, taken in (_known or {}).values():
        yield value
        yield from (part for _, part in taken.held) if taken is not None else ()


def _bulk(value: Any) -> Bulk | None:
    parts: list[object] = []
    sink = _Sink(parts)
    pickler = _Plain(sink, _PROTOCOL)
    pickler.fast = True
    pickler.persistent_id = parts.append  # type: ignore[method-assign]  # seen from C: it hears of every part, and says None
    try:
        pickler.dump(value)
    except (_NoTree, ValueError, RecursionError, pickle.PicklingError):  # ValueError: it holds itself
        return None
    if not parts or _UNORDERED & set(map(type, parts)):
        return None
    held = _held_elsewhere(parts)
    if held is None:
        return None
    return Bulk(sink.state.digest(), held)


def _containers(parts: Sequence[object]) -> list[object]:
    return list(compress(parts, map(_CONTAINERS.__contains__, map(type, parts))))


def _held_elsewhere(parts: list[object]) -> list[tuple[int, object]] | None:
    """Mutable containers below the root with more references than the tree's own, numbered; None where one stands in the tree twice."""
    containers = _containers(parts)
    counts = list(map(sys.getrefcount, containers))
    if max(counts[1:], default=0) <= _ALONE:
        return []
    mutable = [part for part in containers if type(part) is not tuple]
    if len(set(map(id, mutable))) != len(mutable):
        return None
    numbered = enumerate(zip(containers, counts, strict=True))
    return [(ordinal, part) for ordinal, (part, count) in numbered if count > _ALONE and ordinal and type(part) is not tuple]


def outermost(held: Iterable[tuple[int, object]], is_met: Callable[[int, object], bool]) -> None:
    """Shows `is_met` each of `held`, but none that is inside one to which it said True."""
    end = -1
    for ordinal, part in held:
        if ordinal > end and is_met(ordinal, part):
            end = ordinal + _size(part) - 1


def _size(part: Any) -> int:
    """How many containers a part of a tree is, itself among them."""
    size, todo = 0, [part]
    while todo:
        each = todo.pop()
        size += 1
        todo += _containers(list(each.values() if type(each) is dict else each))
    return size


def _alone() -> int:
    """What `sys.getrefcount` says, in `_shared`, of a container with no reference but its parent's."""
    parts: list[Any] = [[[]]]
    parts.append(parts[0][0])
    containers = _containers(parts)
    return list(map(sys.getrefcount, containers))[1]


_ALONE = _alone()


# -- stored form -----------------------------------------------------------------------------------

VERSION = 4
"""Of `marshal`: what stands in a piece more than once is written once. Every supported Python reads it."""

_PIECE = 1 << 20  # bytes that a piece has, about
_TASTE = 64  # items that tell how big items are
_MOST_ITEMS = 1 << 16


def pieces(tree: Any) -> Iterator[bytes]:
    """A list, dict or tuple that `bulk` takes, in pieces of about a megabyte; those before an item that is appended stay what they are."""
    items = list(tree.items()) if type(tree) is dict else tree
    step = _step(items)
    for at in range(0, len(items), step):
        part = items[at : at + step]
        yield marshal.dumps(tuple(map(list, zip(*part, strict=True))) if type(tree) is dict else list(part), VERSION)


def _step(items: Sequence[Any]) -> int:
    """How many items go into a piece: a power of two, so that it does not change with every item."""
    taste = len(marshal.dumps(list(items[:_TASTE]), VERSION)) / max(1, min(_TASTE, len(items)))
    return max(_TASTE, min(_MOST_ITEMS, 1 << (round(_PIECE / taste).bit_length() - 1)))


def assemble(kind: type, loaded: Iterable[bytes | bytearray | memoryview]) -> Any:
    """The inverse of `pieces`."""
    if kind is dict:
        made: dict[Any, Any] = {}
        for piece in loaded:
            made.update(zip(*marshal.loads(piece), strict=True))
        return made
    items: list[Any] = []
    for piece in loaded:
        items += marshal.loads(piece)
    return items if kind is list else tuple(items)
