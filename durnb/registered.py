"""How people told durnb to store types of their own: the table behind `durnb.register`, one for each process.

Fingerprints look here for what a value holds, snapshots for how it is stored.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

from durnb.errors import UsageError
from durnb.records import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """`dump` gives what stands for an object of the type called `name`, `load` makes an object of that again."""

    name: str
    dump: Callable[[Any], object]
    load: Callable[[Any], object]


OWN = (type(None), bool, int, float, complex, str, bytes, bytearray, tuple, list, dict, set, frozenset, type)
"""Types that durnb stores by itself in any case, and never asks about."""

_registrations: dict[str, Registration] = {}
_proven: set[Registration] = set()
_found: dict[int, tuple[type, Registration | None]] = {}


def register(kind: type[T] | str, *, dump: Callable[[T], Any], load: Callable[[Any], T]) -> None:
    """Objects of the type `kind` are stored as ``dump(obj)`` from here on, and made again by ``load(dumped)``.

    `kind` is a class, or the dotted name of one whose library need not be imported yet. It means that very class, not those derived from it.
    What `dump` returns is also what the object's content is: equal dumps, no change. `load` is called at each restore, and once when the first such
    object is saved, to see that it works. To be called in a plain cell above the steps, since it is forgotten with the kernel; again, to replace an earlier one.
    """
    name = _name_of(kind)
    for role, function in (("dump", dump), ("load", load)):
        if not callable(function):
            raise UsageError(f"durnb.register({name}): {role} must be a function, not {function!r}")
    _registrations[name] = Registration(name, dump, load)
    _found.clear()


def _name_of(kind: object) -> str:
    if isinstance(kind, str):
        if not all(part.isidentifier() for part in kind.split(".")) or "." not in kind:
            raise UsageError(f"durnb.register({kind!r}): name the class as module.Class, such as 'openai.OpenAI', or give the class itself")
        return kind
    if not isinstance(kind, type):
        raise UsageError(f"durnb.register takes a class or its dotted name, not {kind!r}")
    if kind in OWN:
        raise UsageError(f"durnb.register: objects of the type {kind.__name__} are stored by durnb itself; register a class of your own")
    return f"{kind.__module__}.{kind.__qualname__}"


def registration_of(kind: type) -> Registration | None:
    """How objects of exactly this type are stored, where somebody said so."""
    if not _registrations:
        return None
    known = _found.get(id(kind))
    if known is not None and known[0] is kind:
        return known[1]
    full = f"{type.__getattribute__(kind, '__module__')}.{type.__getattribute__(kind, '__qualname__')}"
    found = _registrations.get(full) or next((each for name, each in _registrations.items() if _stands_at(name) is kind), None)
    _found[id(kind)] = (kind, found)
    return found


def registration_named(name: str) -> Registration | None:
    """What was registered under that name."""
    return _registrations.get(name)


def is_proven(registration: Registration) -> bool:
    """Whether its `load` has made an object already."""
    return registration in _proven


def prove(registration: Registration) -> None:
    """Its `load` works."""
    _proven.add(registration)


def forget(name: str) -> None:
    """Takes a registration back."""
    _registrations.pop(name, None)
    _found.clear()


def _stands_at(name: str) -> object | None:
    """What is found under a dotted name among the loaded modules: a library shows its classes under shorter names than they call themselves."""
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        found: object | None = sys.modules.get(".".join(parts[:cut]))
        if found is not None:
            for part in parts[cut:]:
                found = vars(found).get(part) if hasattr(found, "__dict__") else None
            return found
    return None
