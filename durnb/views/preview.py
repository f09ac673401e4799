"""A glance at a live value that runs no code of the user's: exact builtin types, and the shapes of well-known arrays and tables."""

from __future__ import annotations

from collections.abc import Mapping
from reprlib import Repr
from typing import Final

_LIMITED: Final = Repr()
_LIMITED.maxstring = _LIMITED.maxother = 60
_LIMITED.maxlong = 40
_PLAIN: Final = (type(None), bool, int, float, complex, str, bytes)
_MANY: Final = (list, tuple, set, frozenset, dict, bytearray)
_SHAPED: Final = ("numpy.", "pandas.", "polars.", "torch.", "scipy.", "xarray.", "jax.")


def preview(value: object) -> str:
    """``'2026-11-20'``, ``120 items``, ``1797 × 64``; empty where nothing can be told without running code."""
    kind = type(value)
    if kind in _PLAIN:
        return _LIMITED.repr(value)
    if kind in _MANY:
        count = len(value)  # type: ignore[arg-type]  # each of these has a length
        return f"{count:,} item{'s' * (count != 1)}"
    if f"{kind.__module__}.".startswith(_SHAPED):
        shape = getattr(value, "shape", None)
        if isinstance(shape, tuple) and shape and all(isinstance(size, int) for size in shape):
            return " × ".join(f"{size:,}" for size in shape)
    return ""


def previews(values: Mapping[str, object]) -> dict[str, str]:
    """The previews of those values that have one."""
    return {name: told for name, value in values.items() if (told := preview(value))}
