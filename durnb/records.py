"""`dataclass` as in the standard library, and quicker to define: two hundred of them stand before the first step of a kernel.

The standard one writes the text of six functions for each class and compiles them, half a millisecond in all. Here it is the text of ``__init__``
alone; comparing, hashing, showing and refusing to be changed are functions that all classes share, or closures. Fields, defaults, slots, ``replace``,
``asdict`` and ``match`` are the standard library's own. ``InitVar`` and ``order`` are left to that one.

To type checkers this is the standard decorator, under its name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False, eq=True, repr=True):
        """The class with what `dataclasses.dataclass` gives it; errors are the same."""

        def made(cls: type) -> type:
            given = vars(cls)
            if not cls.__doc__:
                cls.__doc__ = f"{cls.__name__}."  # or the standard library writes one, with a signature that is not there yet
            own_eq, own_hash = "__eq__" in given, given.get("__hash__") is not None
            cls = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only, slots=slots)(cls)
            fields = dataclasses.fields(cls)
            added: dict[str, Any] = {"__init__": _init(cls, fields, frozen=frozen)}
            if repr:
                added["__repr__"] = _repr
            if eq:
                key = _key([each.name for each in fields if each.compare])
                added["__eq__"] = _eq(key)
                if not own_hash:
                    added["__hash__"] = _hash(key) if frozen else None
                if own_eq:
                    del added["__eq__"]
            if frozen:
                added |= {"__setattr__": _refuse_set, "__delattr__": _refuse_delete}
                if slots:
                    added |= {"__getstate__": _state, "__setstate__": _set_state}
            for name, value in added.items():
                if name not in given or name == "__hash__":
                    setattr(cls, name, value)
            return cls

        return made if cls is None else made(cls)


def _init(cls: type, fields: tuple[dataclasses.Field[Any], ...], *, frozen: bool) -> Callable[..., None]:
    """``__init__`` of these fields: those for positions first, then those by keyword alone."""
    missing = dataclasses.MISSING
    there: dict[str, Any] = {"_set": object.__setattr__, "_missing": missing}
    lines: list[str] = []
    by_position: list[str] = []
    by_keyword: list[str] = []
    for field in fields:
        name, value = field.name, field.name
        if field.default_factory is not missing:
            there[f"_make_{name}"] = field.default_factory
            value = f"_make_{name}() if {name} is _missing else {name}" if field.init else f"_make_{name}()"
        elif field.default is not missing:
            there[f"_default_{name}"] = field.default
            value = name if field.init else f"_default_{name}"
        elif not field.init:
            continue  # for __post_init__ to set
        if field.init:
            default = "=_missing" if f"_make_{name}" in there else f"=_default_{name}" if f"_default_{name}" in there else ""
            (by_keyword if field.kw_only else by_position).append(name + default)
        lines.append(f" _set(self, {name!r}, {value})" if frozen else f" self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    taken = ", ".join(["self", *by_position, *(["*", *by_keyword] if by_keyword else [])])
    exec("\n".join([f"def __init__({taken}):", *lines, " return None"]), there)
    init: Callable[..., None] = there["__init__"]
    init.__qualname__, init.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return init


def _key(names: list[str]) -> Callable[[Any], Any]:
    """What an instance is compared by."""
    return attrgetter(*names) if names else lambda _: ()


def _eq(key: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def __eq__(self: object, other: object) -> Any:  # it becomes one
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(key: Callable[[Any], Any]) -> Callable[[Any], int]:
    def __hash__(self: object) -> int:  # it becomes one
        return hash((key(self),))

    return __hash__


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_set(self: object, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
