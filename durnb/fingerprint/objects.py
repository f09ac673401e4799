"""Any other object taken apart: by its stored attributes where its class has no say in it, else as it would be pickled."""

from __future__ import annotations

import enum
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from types import MemberDescriptorType

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
from durnb.fingerprint.looking import (
    MISSING,
    class_dict,
    derives,
    in_class,
    instance_dict,
    mro,
    native_base,
    slot_members,
    type_name,
)
from durnb.fingerprint.origin import Origin, of_class
from durnb.fingerprint.parts import Parts, by_name, joined, named, opaque
from durnb.fingerprint.primitives import ITERTOOLS_REDUCE, WEAK, is_iterator, reduced_quietly
from durnb.records import dataclass

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
_cause, _context = (BaseException.__dict__[name] for name in ("__cause__", "__context__"))
_IMMUTABLE = frozenset({tuple, int, float, complex, str, bytes, frozenset})
_OF_MEMBERS = frozenset({"_value_", "_name_", "__objclass__", "_sort_order_", "_inverted_"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the instances of a class are stored, found once for each class."""

    name: str
    own: tuple[type, ...]
    """The class itself as a part, where its code is the notebook's or the project's."""
    plain: bool
    """Whether the class leaves storing and pickling to Python, so that attributes say everything."""
    base: Callable[..., Parts] | None
    frozen: bool
    members: tuple[tuple[str, MemberDescriptorType], ...]


def layout_of(cls: type, *, reducer: bool, frozen: bool) -> Layout:
    """The layout of a class; `frozen`: known not to change, so that sharing an instance means nothing."""
    base = native_base(cls) if not reducer and _is_plain(cls) else None
    plain = base is object or any(base is each for each in _BASES)
    return Layout(
        name=type_name(cls),
        own=own_class(cls),
        plain=plain,
        base=_BASES[base] if plain and base is not None and base is not object else None,
        frozen=frozen or any(base is each for each in _IMMUTABLE),
        members=tuple(slot_members(cls)),
    )


def own_class(cls: type) -> tuple[type, ...]:
    """A class as a part of its instances, where its code is the notebook's or the project's."""
    return () if of_class(cls) is Origin.INSTALLED else (cls,)


def of_object(value: object, layout: Layout, reducer: Callable[[object], object] | None, hidden: frozenset[str] = frozenset()) -> Parts:
    """An instance of a class of that layout, without the attributes in `hidden`."""
    if layout.plain:
        return _native(value, layout, hidden)
    cls = type(value)
    if derives(cls, enum.Enum):
        return _member(instance_dict(value) or {}, layout)
    if is_iterator(cls):
        return _reduced(value, reduced_quietly(value), layout) if ITERTOOLS_REDUCE else opaque(layout.name)
    return _reduced(value, _reduce(value, reducer), layout, hidden)


def _member(own: dict[str, object], layout: Layout) -> Parts:
    """A member of an enum, with the attributes that people gave it where the enum is theirs."""
    rest = {name: held for name, held in own.items() if name not in _OF_MEMBERS} if layout.own else {}
    given = [named(b"attributes", rest)] if rest else []
    return Parts(joined("enum", layout.name), (own.get("_name_"), own.get("_value_"), *layout.own, *given))


def _is_plain(cls: type) -> bool:
    return (
        not derives(cls, enum.Enum)
        and in_class(cls, "__reduce_ex__") is object.__dict__["__reduce_ex__"]
        and _is_native(cls, "__reduce__")
        and in_class(cls, "__getstate__") is object.__dict__["__getstate__"]
    )


def _is_native(cls: type, name: str) -> bool:
    found = next((each for each in mro(cls) if name in class_dict(each)), object)
    return found is object or any(found is each for each in _BASES)


def _native(value: object, layout: Layout, hidden: frozenset[str]) -> Parts:
    own = instance_dict(value)
    fields = {name: held for name, held in own.items() if name not in hidden} if own else {}
    for name, member in layout.members:
        try:
            fields[name] = member.__get__(value, type(value))
        except AttributeError:  # a slot that is not set
            continue
    if not layout.own:
        fields = without_caches(fields)
    names = sorted(fields) if all(type(name) is str for name in fields) else list(fields)
    state = [fields[name] for name in names]
    head = joined("object", layout.name, *map(str, names))
    if layout.base is None:
        return Parts(head, [*state, *layout.own], label=by_name(names), numbered=not layout.frozen)
    content = layout.base(value)
    return Parts(head, [content, *state, *layout.own], label=by_name(["", *names]), numbered=not layout.frozen or bool(fields))


def without_caches(fields: dict[str, object]) -> dict[str, object]:
    """The fields of what an installed package made, less its weak collections: there they remember what was done, and mean nothing."""
    return {name: held for name, held in fields.items() if not any(type(held) is each for each in WEAK)}


def _reduce(value: object, reducer: Callable[[object], object] | None) -> object:
    if reducer is not None:
        return reducer(value)
    method = in_class(type(value), "__reduce_ex__")
    bind = in_class(type(method), "__get__")
    if bind is MISSING:
        return method(4)  # type: ignore[operator]  # any callable
    return bind(method, value, type(value))(4)  # type: ignore[operator]  # a function or a descriptor


def _reduced(value: object, reduced: object, layout: Layout, hidden: frozenset[str] = frozenset()) -> Parts:
    if type(reduced) is str:
        own = instance_dict(value)
        module = own.get("__module__") if own else None
        rest = {key: part for key, part in (own or {}).items() if key not in ("__module__", "__qualname__", "__doc__")}
        return Parts(joined("global", layout.name, str(module), reduced), (named(b"attributes", rest), *layout.own), numbered=bool(rest))
    if type(reduced) is not tuple or not 2 <= len(reduced) <= 6:
        return opaque(layout.name)
    make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
    if state is None and layout.own:  # Counter, date and others reduce without the attributes that a class of the notebook gave them
        state = {name: held for name, held in (instance_dict(value) or {}).items() if name not in hidden} or None
    if type(state) is dict:
        state = _without(state if layout.own else without_caches(state), hidden)
    fields: list[object] = [make, arguments, _state(state)]
    fields.append(None if items is None else Parts(b"items", list(items)))
    fields.append(None if pairs is None else Parts(b"pairs", [tuple(pair) for pair in pairs]))
    if derives(type(value), BaseException):
        fields += [_cause.__get__(value), _context.__get__(value)]
    return Parts(
        joined("reduced", layout.name),
        [*fields, *layout.own],
        label=lambda index: "" if index else ".<maker>",
        numbered=not layout.frozen,
    )


def _without(state: dict[str, object], hidden: frozenset[str]) -> dict[str, object]:
    """A state less some attributes; pydantic's has them one level deeper."""
    inner = state.get("__dict__")
    rest = {name: held for name, held in state.items() if name not in hidden}
    return {**rest, "__dict__": _without(inner, hidden)} if hidden and type(inner) is dict else rest


def _state(state: object) -> object:
    """Attributes by name; a state with slots is a pair of such dicts."""
    if type(state) is dict and not state:  # merely asking for a __dict__ makes an empty one
        return None
    if type(state) is dict and all(type(name) is str for name in state):
        return named(b"state", dict(state))
    if type(state) is tuple and len(state) == 2 and all(part is None or type(part) is dict for part in state):
        return Parts(b"states", [_state(part) for part in state], label=lambda _: "")
    return state
