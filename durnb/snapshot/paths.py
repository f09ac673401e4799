"""The path from a variable to a part of it, as a person would write it."""

from __future__ import annotations

import functools
import types
import weakref
from collections import deque
from collections.abc import Iterator
from typing import Any

from durnb.snapshot.definitions import is_handmade

MOST_VISITED = 200_000


def path_to(root: object, culprit: object) -> str | None:
    """``.session._sock`` or ``[3]['x']``: the shortest way from `root` to `culprit`, empty where they are one; None if not found."""
    if root is culprit:
        return ""
    seen: dict[int, object] = {id(root): root}
    queue: deque[tuple[str, object]] = deque([("", root)])
    while queue and len(seen) < MOST_VISITED:
        path, here = queue.popleft()
        for step, part in _careful(here):
            if part is culprit:
                return path + step
            if id(part) not in seen:
                seen[id(part)] = part
                queue.append((path + step, part))
    return None


def _careful(value: object) -> list[tuple[str, object]]:
    """The steps of a value; none where its class answers `isinstance` with an error."""
    try:
        return list(steps(value))
    except Exception:
        return []


def steps(value: Any) -> Iterator[tuple[str, object]]:
    """Every part of a value, with how it is reached. Runs no code of the value."""
    if isinstance(value, (str, bytes, int, float)) or (isinstance(value, types.ModuleType) and not is_handmade(value)):
        return
    if isinstance(value, dict):
        yield from ((f"[{_short(key)}]", part) for key, part in list(dict.items(value)))
        yield from ((f" key {_short(key)}", key) for key in list(dict.keys(value)))
    elif isinstance(value, (list, tuple, deque)):
        yield from ((f"[{index}]", part) for index, part in enumerate(list(value)))
    elif isinstance(value, (set, frozenset)):
        yield from ((" item", part) for part in list(value))
    elif isinstance(value, (types.FunctionType, types.MethodType, staticmethod, classmethod, property, functools.partial)):
        yield from _callable_steps(value)
    elif isinstance(value, weakref.ref):
        yield "()", value()
    elif isinstance(value, types.CellType):
        yield from _cell_step("", value)
    elif isinstance(value, types.MappingProxyType):
        yield from ((f"[{_short(key)}]", part) for key, part in list(value.items()))
    elif isinstance(value, type):
        own = sorted(vars(value).items(), key=lambda item: item[0].startswith("_")) if value.__flags__ & (1 << 9) else []
        yield from ((f".{name}", part) for name, part in own)
        return
    yield from _attribute_steps(value)


def _attribute_steps(value: Any) -> Iterator[tuple[str, object]]:
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except Exception:
        attributes = None
    if isinstance(attributes, dict):
        yield from ((f".{name}", part) for name, part in list(attributes.items()))
    for cls in type(value).__mro__:
        for name, slot in list(vars(cls).items()):
            if isinstance(slot, types.MemberDescriptorType):
                yield from _slot_step(name, slot, value)
    numpy_like = type(value).__module__ == "numpy" and getattr(getattr(value, "dtype", None), "hasobject", False)
    if numpy_like:
        yield from ((f".flat[{index}]", part) for index, part in enumerate(value.ravel().tolist()))
    if isinstance(value, BaseException):
        yield from (("." + name, getattr(value, name)) for name in ("args", "__cause__", "__context__"))
    yield f".__class__ {type(value).__qualname__}", type(value)


def _slot_step(name: str, slot: Any, value: object) -> Iterator[tuple[str, object]]:
    try:
        part = slot.__get__(value)
    except Exception:
        return
    yield f".{name}", part


def _callable_steps(value: Any) -> Iterator[tuple[str, object]]:
    if isinstance(value, types.FunctionType):
        for index, part in enumerate(value.__defaults__ or ()):
            yield f".__defaults__[{index}]", part
        for name, part in (value.__kwdefaults__ or {}).items():
            yield f".__kwdefaults__[{name!r}]", part
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=False):
            yield from _cell_step(f".<closure {name}>", cell)
        return
    names = ("__self__", "__func__", "fget", "fset", "fdel", "func", "args", "keywords")
    yield from ((f".{name}", part) for name in names if (part := getattr(value, name, None)) is not None)


def _cell_step(label: str, cell: types.CellType) -> Iterator[tuple[str, object]]:
    try:
        yield label or ".cell_contents", cell.cell_contents
    except ValueError:
        return


def _short(key: object) -> str:
    text = repr(key) if isinstance(key, (str, int, float, bytes, tuple, type(None))) else f"<{type(key).__name__}>"
    return text if len(text) <= 40 else text[:37] + "..."
