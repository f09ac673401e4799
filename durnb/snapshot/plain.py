"""Plain values, and the one way to write each down."""

from __future__ import annotations

import io
import pickle
from typing import Any, cast

ATOMS = (type(None), bool, int, float, str, bytes)
_KINDS: tuple[Any, ...] = (bool, int, float, complex, str, bytes)  # what a subclass of one is written down as


def is_plain(value: object) -> bool:
    """Whether a value is made of built-in plain types, so that its pickle needs nothing."""
    if isinstance(value, (tuple, list)):
        return all(map(is_plain, value))
    return type(value) in ATOMS


def spelled(value: object) -> bytes:
    """A pickle of a plain value that is equal for equal values: which of its texts are one object does not show in it."""
    sink = io.BytesIO()
    pickler = pickle.Pickler(sink, 5)
    pickler.fast = True  # without a memo, which would tell one object from two equal ones
    pickler.dump(value)
    return sink.getvalue()


def plain(value: Any) -> object:
    """`value` in built-in plain types, dicts and sets in an order that depends on what they hold alone.

    Raises TypeError for what is not made of None, numbers, text, bytes, and lists, tuples, dicts and sets of them.
    """
    if type(value) in ATOMS:
        return value
    if isinstance(value, dict):
        return dict(sorted(((plain(key), plain(item)) for key, item in value.items()), key=lambda pair: spelled(pair[0])))
    if isinstance(value, (list, tuple)):
        items = [plain(item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, (set, frozenset)):
        return _Ordered(frozenset if isinstance(value, frozenset) else set, sorted(map(plain, value), key=spelled))
    if type(value).__module__ == "numpy" and hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return plain(value.item())
    for kind in _KINDS:
        if isinstance(value, kind):
            return cast(object, kind(value))
    raise TypeError(f"a {type(value).__name__} is not plain: None, numbers, text, bytes, and lists, tuples, dicts and sets of them are")


class _Ordered:
    """A set as its items in order; a pickle of it gives the set."""

    def __init__(self, kind: type, items: list[object]) -> None:
        self._kind, self._items = kind, items

    def __reduce__(self) -> tuple[type, tuple[list[object]]]:
        return self._kind, (self._items,)
