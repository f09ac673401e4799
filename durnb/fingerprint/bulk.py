"""Big trees of builtin containers, digested in C: what walking a million parts one by one would take seconds for.

A tree of exact lists, dicts and tuples with plain atoms at its leaves says all of itself in a pickle without a memo, if no mutable container
stands in it twice. Whether a value is such a tree follows from what it holds, so its digest is canonical.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from itertools import compress
from typing import Any, NamedTuple

from durnb.fingerprint.hashing import Hasher, hasher

MANY = 32
"""Parts from which on a container may be the root of a bulk."""

_CONTAINERS = frozenset((list, dict, tuple))
_UNORDERED = frozenset((set, frozenset))
_PROTOCOL = 4  # its pickler hands pieces on as it goes, and writes of mutable things lists, dicts and sets only by itself
_LOOK = 1 << 22  # parts between looks whether a tangle of tuples unfolds without end


class Bulk(NamedTuple):
    """A tree taken in one go: its digest, and of the mutable containers below its root those to which something else refers too.

    `shared` gives their ordinals among the tree's containers by address.
    """

    digest: bytes
    shared: dict[int, int]


class _NoTree(Exception):
    """Something of the value is no part of a tree."""


class _Sink:
    """Hashes what the pickler writes, and looks now and then whether it repeats itself."""

    def __init__(self, parts: list[object]) -> None:
        self.state: Hasher = hasher()
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
    shared = _shared(parts)
    return None if shared is None else Bulk(sink.state.digest(), shared)


def _containers(parts: Sequence[object]) -> list[object]:
    return list(compress(parts, map(_CONTAINERS.__contains__, map(type, parts))))


def _shared(parts: list[object]) -> dict[int, int] | None:
    """Mutable containers below the root with more references than the tree's own; None where one stands in the tree twice."""
    containers = _containers(parts)
    counts = list(map(sys.getrefcount, containers))
    if max(counts[1:], default=0) <= _ALONE:
        return {}
    mutable = [part for part in containers if type(part) is not tuple]
    if len(set(map(id, mutable))) != len(mutable):
        return None
    return {
        id(part): ordinal
        for ordinal, (part, count) in enumerate(zip(containers, counts, strict=True))
        if count > _ALONE and ordinal and type(part) is not tuple
    }


def _alone() -> int:
    """What `sys.getrefcount` says, in `_shared`, of a container with no reference but its parent's."""
    parts: list[Any] = [[[]]]
    parts.append(parts[0][0])
    containers = _containers(parts)
    return list(map(sys.getrefcount, containers))[1]


_ALONE = _alone()
