"""Structures, unions and arrays of ctypes: their classes, their bytes, and what stands inside another's memory.

ctypes is looked up among what the notebook has loaded. The functions that streams call are stored by their names: added to, never changed.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from durnb.snapshot import memory_views
from durnb.snapshot.model import CantStore

LAYOUT = ("_pack_", "_layout_", "_align_", "_anonymous_", "_fields_")
"""What of a class says where its fields are, in the order in which it is to be said."""


def _loaded() -> Any | None:
    return sys.modules.get("ctypes")


def is_laid_out(cls: type) -> bool:
    """Whether a class is a structure or union, so that it has fields at places."""
    ctypes = _loaded()
    return ctypes is not None and issubclass(cls, (ctypes.Structure, ctypes.Union))


def is_field(value: object) -> bool:
    """Whether a class attribute is how a field is reached: it follows from the layout."""
    return type(value).__module__ in ("_ctypes", "ctypes") and type(value).__name__ == "CField"


def layout_text(cls: type) -> str:
    """What tells a layout from another; empty for all other classes."""
    own = vars(cls) if is_laid_out(cls) else {}
    fields = [(name, kind.__qualname__, *bits) for name, kind, *bits in own.get("_fields_", ())]
    return repr((fields, [(name, own.get(name)) for name in LAYOUT[:-1]])) if own else ""


def lay_out(cls: type, attributes: dict[str, Any]) -> None:
    """Gives a new class its fields."""
    for name in LAYOUT:
        if name in attributes:
            setattr(cls, name, attributes[name])


def by_what_it_is_made_of(kind: Any) -> tuple[Any, ...] | None:
    """How a class that ctypes made is found: of arrays, of pointers, the classes of classes; None for others."""
    ctypes = _loaded()
    if ctypes is None:
        return None
    if type(kind) is type(ctypes.Array) and kind.__name__ == f"{kind._type_.__name__}_Array_{kind._length_}":
        return array_type, (kind._type_, kind._length_, kind.__module__)
    if type(kind) is type(ctypes._Pointer) and "_type_" in vars(kind) and ctypes.POINTER(kind._type_) is kind:
        return pointer_type, (kind._type_, kind.__module__)
    for simple in vars(ctypes).values() if type(kind) is type(ctypes._SimpleCData) else ():
        for end in ("__ctype_be__", "__ctype_le__"):
            if simple is not kind and getattr(simple, end, None) is kind:
                return getattr, (simple, end)
    for base in (ctypes.Structure, ctypes.Union, ctypes.Array, ctypes._SimpleCData, ctypes._Pointer):
        if kind is type(base):
            return type, (base,)
    return None


def array_type(kind: Any, length: int, module: str) -> Any:
    """The type of arrays of `kind`, of which there is one for each length."""
    return _of_module(kind * length, module)


def pointer_type(kind: Any, module: str) -> Any:
    """The type of pointers to `kind`, of which there is one."""
    return _of_module(importlib.import_module("ctypes").POINTER(kind), module)


def _of_module(made: Any, module: str) -> Any:
    """A type that ctypes made, as of the module whose code first asked for it; it takes whoever asks for that."""
    if made.__module__.partition(".")[0] == "durnb":
        made.__module__ = module
    return made


def is_data(kind: type) -> bool:
    """Whether instances of a class are data of ctypes."""
    ctypes = _loaded()
    return ctypes is not None and issubclass(kind, (ctypes.Structure, ctypes.Union, ctypes.Array, ctypes._SimpleCData))


def reduced_part(value: Any) -> tuple[Any, ...] | None:
    """How data that stands in another object's memory is made again there; None for data with memory of its own. Raises CantStore."""
    ctypes = _loaded()
    assert ctypes is not None
    root = value
    while root._b_base_ is not None:
        root = root._b_base_
    if isinstance(root, ctypes._Pointer):
        raise CantStore(value, "what a pointer of ctypes points to")
    start, owner = ctypes.addressof(root), root
    held = [each for each in (root._objects or {}).values() if type(each) is memoryview] if type(root._objects) is dict else []
    if held:
        owner = held[0].obj
        start = memory_views.address_of(memoryview(owner))
    return None if owner is value else (part, (type(value), owner, ctypes.addressof(value) - start))


def part(kind: Any, owner: Any, offset: int) -> Any:
    """Data in the memory of `owner`."""
    return kind.from_buffer(owner, offset)
