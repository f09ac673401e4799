"""Indexes of pandas that several variables hold: each variable is stored by itself, and all get one index back.

An index has a name that code can change, and whoever holds the index sees that; so which index it is counts. What else it has is never changed, so
frames that share one need not be stored together. It is known by an id, given when it is first seen to be shared.
"""

from __future__ import annotations

import sys
import uuid
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from durnb.records import dataclass
from durnb.snapshot.homes import Home, home_of
from durnb.snapshot.place import here


@dataclass(frozen=True, slots=True)
class Shared:
    """The id of an index, and where else it is: variables stored earlier, with the number of the axis (-1: the index itself)."""

    uid: str
    elsewhere: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    index: weakref.ref[Any]
    uid: str
    home: Home


_by_id: dict[int, _Known] = {}
_by_uid: dict[str, _Known] = {}


def kinds() -> tuple[type, ...]:
    """The type of all indexes; none where pandas is not loaded."""
    found = getattr(sys.modules.get("pandas"), "Index", None)
    return (found,) if isinstance(found, type) else ()


def shared(held: Mapping[str, Mapping[int, Any]], stored: frozenset[str], namespace: Mapping[str, Any], home: object) -> dict[int, Shared]:
    """By its address, each index that more than one name holds (`held`: what each one does, by address); `stored` are the names stored now."""
    holders: dict[int, list[str]] = {}
    for name, indexes in held.items():
        for address in indexes:
            holders.setdefault(address, []).append(name)
    found: dict[int, Shared] = {}
    for address, names in holders.items():
        index = held[names[0]][address]
        if len(names) > 1 and not stored.isdisjoint(names) and _says_all(index):
            places = ((name, _position(namespace[name], index)) for name in names if name not in stored)
            found[address] = Shared(_uid_of(index, home), tuple((name, at) for name, at in places if at is not None))
    return found


def _says_all(index: Any) -> bool:
    """Whether equal indexes of this kind can stand for each other: none of their elements is an object that somebody else may hold."""
    inner = [*getattr(index, "levels", ()), *([index.categories] if hasattr(index, "categories") else ())]
    if inner:
        return all(map(_says_all, inner))
    return index.dtype != object or sys.modules["pandas"].api.types.infer_dtype(index, skipna=False) in ("string", "empty")


def _axes(value: Any) -> list[Any]:
    pandas = sys.modules["pandas"]
    return list(value.axes) if isinstance(value, (pandas.DataFrame, pandas.Series)) else []


def _position(value: Any, index: Any) -> int | None:
    """Where in the value of a variable an index is; None where deeper inside."""
    return -1 if value is index else next((at for at, each in enumerate(_axes(value)) if each is index), None)


def _uid_of(index: Any, home: object) -> str:
    known = _by_id.get(id(index))
    return known.uid if known is not None and known.index() is index else _track(index, uuid.uuid4().hex, home)


def _track(index: Any, uid: str, home: object) -> str:
    _by_id[id(index)] = _by_uid[uid] = _Known(weakref.ref(index, _forgetter(id(index), uid)), uid, home_of(home))
    return uid


def _forgetter(address: int, uid: str) -> Callable[[weakref.ref[Any]], None]:
    by_id, by_uid = _by_id, _by_uid  # this module's names are gone before the last index is, when Python ends

    def forget(gone: weakref.ref[Any]) -> None:
        if address in by_id and by_id[address].index is gone:
            del by_id[address]
        if uid in by_uid and by_uid[uid].index is gone:
            del by_uid[uid]

    return forget


def shared_index(made: Any, uid: str, elsewhere: tuple[tuple[str, int], ...]) -> Any:
    """The live index that stands for `made`, where one is what that is; else `made`. It has that id from here on. Streams call this.

    One that a variable stored earlier has, and that was not seen yet, goes before the one that had the id: that variable was put back since.
    """
    place = here()
    if place.scratch:
        return made
    there = (_at(place.namespace.get(name), at) for name, at in elsewhere)
    new = [each for each in there if each is not None and id(each) not in _by_id]
    known = _by_uid.get(uid)
    before = known.index() if known is not None and known.home.namespace is place.namespace else None
    found = next((each for each in (*new, before) if each is not None and _is_same(each, made)), made)
    _track(found, uid, place.namespace)
    return found


def _at(value: Any, at: int) -> Any | None:
    if at < 0:
        return value if isinstance(value, kinds()) else None
    axes = _axes(value)
    return axes[at] if at < len(axes) else None


def _is_same(one: Any, other: Any) -> bool:
    """Whether two indexes have the same elements, names and parts."""
    if type(one) is not type(other) or one.dtype != other.dtype or not one.identical(other):
        return False
    levels = zip(getattr(one, "levels", ()), getattr(other, "levels", ()), strict=True)
    return all(a.identical(b) for a, b in levels)
