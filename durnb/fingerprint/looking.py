"""Looking at values without running their code: no ``__getattr__``, property, ``__eq__``, ``__class__`` or metaclass of a user's runs here."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator
from types import GetSetDescriptorType, MappingProxyType, MemberDescriptorType

_type_dict = type.__dict__["__dict__"].__get__
_type_mro = type.__dict__["__mro__"].__get__
_type_name = type.__dict__["__name__"].__get__
_type_qualname = type.__dict__["__qualname__"].__get__
_type_flags = type.__dict__["__flags__"].__get__
type_base = type.__dict__["__base__"].__get__
_type_bases = type.__dict__["__bases__"].__get__
basicsize = type.__dict__["__basicsize__"].__get__
_type_dictoffset = type.__dict__["__dictoffset__"].__get__
_type_weakrefoffset = type.__dict__["__weakrefoffset__"].__get__

_is_subclass = type.__dict__["__subclasscheck__"]

HEAP = 1 << 9
GC = 1 << 14
_POINTER = 8
MISSING = object()


def mro(cls: type) -> tuple[type, ...]:
    """A class and its bases in the order of look-up."""
    found: tuple[type, ...] = _type_mro(cls)
    return found


def bases(cls: type) -> tuple[type, ...]:
    found: tuple[type, ...] = _type_bases(cls)
    return found


def class_dict(cls: type) -> MappingProxyType[str, object]:
    """A class's own attributes."""
    found: MappingProxyType[str, object] = _type_dict(cls)
    return found


def flags(cls: type) -> int:
    found: int = _type_flags(cls)
    return found


def derives(cls: type, base: type) -> bool:
    """issubclass without anybody's ``__subclasscheck__``."""
    found: bool = _is_subclass(base, cls)  # of `type` itself: it goes by the classes' own order, whatever their metaclasses define
    return found


def is_class(value: object) -> bool:
    """isinstance(value, type) without asking `value`."""
    return derives(type(value), type)


def module_of(cls: type) -> str:
    """The name of the module in which a class was made."""
    if flags(cls) & HEAP:
        found = class_dict(cls).get("__module__", "builtins")
        return found if type(found) is str else "builtins"
    full: str = cls.__module__
    return full


def type_name(cls: type) -> str:
    """``module.qualname`` of a class."""
    return f"{module_of(cls)}.{_type_qualname(cls)}"


def qualname(cls: type) -> str:
    found: str = _type_qualname(cls)
    return found


def in_class(cls: type, name: str) -> object:
    """What `name` is on a class or its bases, unbound; MISSING where it is nothing."""
    for each in mro(cls):
        found = class_dict(each).get(name, MISSING)
        if found is not MISSING:
            return found
    return MISSING


def instance_dict(value: object) -> dict[str, object] | None:
    """A value's own ``__dict__``, whatever its class says; None where it has none."""
    for cls in mro(type(value)):
        found = class_dict(cls).get("__dict__")
        if type(found) is GetSetDescriptorType or type(found) is MemberDescriptorType:
            own = found.__get__(value, type(value))
            return own if type(own) is dict else None
    return None


def has_no_dict(cls: type) -> bool:
    """Whether instances of a class have no attributes of their own beside slots."""
    return bool(_type_dictoffset(cls) == 0)


def slot_members(cls: type) -> Iterator[tuple[str, MemberDescriptorType]]:
    """The slots of a Python class and its bases."""
    for each in reversed(mro(cls)):
        if flags(each) & HEAP and "__slots__" in class_dict(each):
            for name, member in list(class_dict(each).items()):
                if type(member) is MemberDescriptorType:
                    yield name, member


def native_base(cls: type) -> type | None:
    """The nearest base that is no Python class; None where a class on the way keeps state in C."""
    current = cls
    while flags(current) & HEAP and not any(current is each for each in _NATIVE):
        base: type | None = type_base(current)
        if base is None:
            return None
        own = class_dict(current)
        names = own.get("__slots__", MISSING)
        count = sum(type(member) is MemberDescriptorType for member in own.values()) if names is not MISSING else 0
        room = _POINTER * count
        room += _POINTER * (_type_dictoffset(current) > 0 and _type_dictoffset(base) <= 0)
        room += _POINTER * (_type_weakrefoffset(current) > 0 and _type_weakrefoffset(base) <= 0)
        if basicsize(current) > basicsize(base) + room:
            return None
        current = base
    return current


_NATIVE = frozenset(
    {object, list, dict, set, frozenset, tuple, int, float, complex, str, bytes, bytearray, deque, OrderedDict, defaultdict}
)
