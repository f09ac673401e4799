"""Any other object taken apart: by its stored attributes where its class has no say in it, else as it would be pickled."""

from __future__ import annotations

import enum
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable

from durnb.fingerprint.containers import (
    of_bytearray,
    of_defaultdict,
    of_deque,
    of_dict,
    of_frozenset,
    of_list,
    of_ordered,
    of_set,
    of_tuple,
)
from durnb.fingerprint.looking import HEAP, MISSING, derives, flags, in_class, instance_dict, mro, native_base, slots, type_name
from durnb.fingerprint.origin import Origin, of_class
from durnb.fingerprint.parts import Parts, joined, named, opaque

_BASES: dict[type, Callable[..., Parts]] = {
    list: of_list,
    dict: of_dict,
    set: of_set,
    frozenset: of_frozenset,
    tuple: lambda value: of_tuple(tuple(tuple.__iter__(value))),
    int: lambda value: Parts(b"int", (int.__int__(value),)),
    float: lambda value: Parts(b"float", (float.__float__(value),)),
    complex: lambda value: Parts(b"complex", (complex.__complex__(value),)),
    str: lambda value: Parts(b"str", (str.__str__(value),)),
    bytes: lambda value: Parts(b"bytes", (bytes.__bytes__(value),)),
    bytearray: of_bytearray,
    deque: of_deque,
    OrderedDict: of_ordered,
    defaultdict: of_defaultdict,
}
_IMMUTABLE = frozenset({tuple, int, float, complex, str, bytes, frozenset})
_NO_CONTENT = frozenset({"itertools"})


def own_class(value: object) -> tuple[type, ...]:
    """The class of a value as a part of it, where its code is the notebook's or the project's."""
    return () if of_class(type(value)) is Origin.INSTALLED else (type(value),)


def of_enum(value: object) -> Parts:
    """A member of an enumeration: its name and its value."""
    own = instance_dict(value) or {}
    return Parts(joined("enum", type_name(type(value))), (own.get("_name_"), own.get("_value_"), *own_class(value)))


def of_object(value: object, reducers: dict[int, Callable[[object], object]], *, frozen: bool) -> Parts:
    """An instance; `frozen`: of a type that is known not to change, so that sharing it means nothing."""
    cls = type(value)
    if derives(cls, enum.Enum):
        return of_enum(value)
    reducer = reducers.get(id(cls))
    if reducer is None and _is_plain(cls):
        base = native_base(cls)
        if base is not None and (base is object or base in _BASES):
            return _native(value, base, frozen=frozen)
    if cls.__module__ in _NO_CONTENT or cls in (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType):
        return opaque(type_name(cls))
    return _reduced(value, _reduce(value, reducer), frozen=frozen)


def _is_plain(cls: type) -> bool:
    """Whether a class leaves it to Python how its instances are stored."""
    return (
        in_class(cls, "__reduce_ex__") is object.__dict__["__reduce_ex__"]
        and _native_or_missing(cls, "__reduce__")
        and in_class(cls, "__getstate__") is object.__dict__["__getstate__"]
    )


def _native_or_missing(cls: type, name: str) -> bool:
    found = next((each for each in mro(cls) if name in vars(each)), object)
    return found is object or (found in _BASES and not flags(found) & HEAP)


def _native(value: object, base: type, *, frozen: bool) -> Parts:
    fields = dict(slots(value))
    fields.update(instance_dict(value) or {})
    names = sorted(fields) if all(type(name) is str for name in fields) else list(fields)
    content = () if base is object else (_BASES[base](value),)
    state = [fields[name] for name in names]
    labels = ["", *names] if content else names
    immutable = frozen or (base in _IMMUTABLE and not fields)
    return Parts(
        joined("object", type_name(type(value)), *map(str, names)),
        [*content, *state, *own_class(value)],
        label=_labels(labels),
        numbered=not immutable,
    )


def _labels(names: list[str]) -> Callable[[int], str]:
    return lambda index: (f".{names[index]}" if names[index] else "") if index < len(names) else ".__class__"


def _reduce(value: object, reducer: Callable[[object], object] | None) -> object:
    if reducer is not None:
        return reducer(value)
    method = in_class(type(value), "__reduce_ex__")
    bind = in_class(type(method), "__get__")
    if bind is MISSING:
        return method(4)  # type: ignore[operator]  # any callable
    return bind(method, value, type(value))(4)  # type: ignore[operator]  # a function or a descriptor


def _reduced(value: object, reduced: object, *, frozen: bool) -> Parts:
    cls = type(value)
    own = instance_dict(value)
    if type(reduced) is str:
        module = own.get("__module__") if own else None
        rest = {key: part for key, part in (own or {}).items() if key not in ("__module__", "__qualname__", "__doc__")}
        return Parts(
            joined("global", type_name(cls), str(module), reduced), (named(b"attributes", rest), *own_class(value)), numbered=bool(rest)
        )
    if type(reduced) is not tuple or not 2 <= len(reduced) <= 6:
        return opaque(type_name(cls))
    make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
    fields: list[object] = [make, arguments, _state(state)]
    fields.append(None if items is None else Parts(b"items", list(items)))
    fields.append(None if pairs is None else Parts(b"pairs", [tuple(pair) for pair in pairs]))
    return Parts(
        joined("reduced", type_name(cls)),
        [*fields, *own_class(value)],
        label=lambda index: "" if index else ".<maker>",
        numbered=not frozen,
    )


def _state(state: object) -> object:
    """Attributes by name; a state with slots is a pair of such dicts."""
    if type(state) is dict and all(type(name) is str for name in state):
        return named(b"state", dict(state))
    if type(state) is tuple and len(state) == 2 and all(part is None or type(part) is dict for part in state):
        return Parts(b"states", [_state(part) for part in state], label=lambda _: "")
    return state
