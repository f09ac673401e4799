"""Builtin and standard-library containers taken apart."""

from __future__ import annotations

import array
import builtins
import gc
import marshal
import types
import typing
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping

from durnb.fingerprint.hashing import digest, mass
from durnb.fingerprint.looking import instance_dict
from durnb.fingerprint.parts import Parts, Taker, all_atoms, atom, by_index, by_key, joined, named

_LONG = 4096
_BUILTINS: object = vars(builtins)


def of_list(value: list[object]) -> Parts:
    return Parts(b"list", list.copy(value), label=by_index, numbered=True)


def of_tuple(value: tuple[object, ...]) -> Parts:
    return Parts(b"tuple", value, label=by_index)


def of_dict(value: dict[object, object]) -> Parts:
    if value is _BUILTINS:  # every namespace that code was run in holds it
        return Parts(b"builtins")
    return of_mapping(b"dict", list(dict.keys(value)), list(dict.values(value)))


def of_ordered(value: OrderedDict[object, object]) -> Parts:
    items = list(OrderedDict.items(value))
    return of_mapping(b"collections.OrderedDict", [key for key, _ in items], [held for _, held in items])


def of_defaultdict(value: defaultdict[object, object]) -> Parts:
    return Parts(b"collections.defaultdict", [of_dict(value), value.default_factory], label=by_default, numbered=True)


def by_default(index: int) -> str:
    return ".default_factory" if index else ""


def of_mapping(head: bytes, keys: list[object], values: list[object]) -> Parts:
    """A mutable mapping whose order counts."""
    if all_atoms(keys):
        marked = head + b"K" + marshal.dumps(keys, 2)
        return Parts(marked if len(marked) < _LONG else digest(marked), values, label=by_key(keys), numbered=True)
    both = [part for item in zip(keys, values, strict=True) for part in item]
    return Parts(head + b"I", both, label=lambda index: f"[<{'value' if index % 2 else 'key'} {index // 2}>]", numbered=True)


def of_set(value: set[object]) -> Parts:
    return Parts(b"set", list(set.__iter__(value)), unordered=True, numbered=True)


def of_frozenset(value: frozenset[object]) -> Parts:
    return Parts(b"frozenset", list(frozenset.__iter__(value)), unordered=True)


def of_deque(value: deque[object]) -> Parts:
    return Parts(b"collections.deque" + atom(value.maxlen), list(deque.__iter__(value)), label=by_index, numbered=True)


def of_bytearray(value: bytearray) -> Parts:
    return Parts(b"bytearray" + mass(value), numbered=True)


def _of_memoryview(value: memoryview) -> Parts:
    return Parts(b"memoryview" + joined(value.format, str(value.shape), mass(value.tobytes())), numbered=True)


def _of_array(value: array.array[typing.Any]) -> Parts:
    return Parts(b"array" + joined(value.typecode, mass(value.tobytes())), numbered=True)


def _of_proxy(value: Mapping[object, object]) -> Parts:
    return Parts(b"mappingproxy", gc.get_referents(value), label=lambda _: "")


def _of_namespace(value: types.SimpleNamespace) -> Parts:
    return named(b"types.SimpleNamespace", dict(instance_dict(value) or {}), numbered=True)


CONTAINERS: dict[type, Taker] = {
    list: of_list,
    tuple: of_tuple,
    dict: of_dict,
    set: of_set,
    frozenset: of_frozenset,
    OrderedDict: of_ordered,
    defaultdict: of_defaultdict,
    deque: of_deque,
    bytearray: of_bytearray,
    memoryview: _of_memoryview,
    array.array: _of_array,
    types.MappingProxyType: _of_proxy,
    types.SimpleNamespace: _of_namespace,
}
