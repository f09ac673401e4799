"""Whether a live value still refers to a function or class of the notebook that has been defined anew since."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Final

ATOMS: Final = (type(None), bool, int, float, complex, str, bytes)
"""Types whose values refer to nothing and are shared by nobody who could tell."""

_CLOSED: Final = (*ATOMS, ModuleType, CodeType)


def is_everybodys(value: object) -> bool:
    """Whether a value is one that Python or a module has one of: it may be had again, and nothing of the notebook's is in it."""
    kind = type(value)
    if kind in ATOMS or issubclass(kind, ModuleType):
        return kind in ATOMS or getattr(value, "__spec__", None) is not None  # a module without was made by code
    return issubclass(kind, (type, FunctionType, BuiltinFunctionType)) and getattr(value, "__module__", None) != "__main__"


def holds_any(value: object, definitions: Mapping[int, object]) -> bool:
    """Whether `value` reaches one of `definitions` (by address), through containers, instances, closures and defaults; not through globals."""
    if not definitions or type(value) in ATOMS:
        return False
    seen: set[int] = set()
    main = vars(sys.modules["__main__"])
    waiting: list[object] = [value]
    while waiting:
        one = waiting.pop()
        if id(one) in definitions or id(type(one)) in definitions:
            return True
        if id(one) in seen or one is main or type(one) in _CLOSED:  # the type, for a value may lie about its class
            continue
        seen.add(id(one))
        if issubclass(type(one), type) and getattr(one, "__module__", None) != "__main__":
            continue
        inner = gc.get_referents(one)
        if type(one) is FunctionType:
            inner = [part for part in inner if part is not one.__globals__]
        waiting.extend(inner)
    return False
