"""Memoryviews on a part of a buffer. The function that streams call is stored by its name: added to, never changed."""

from __future__ import annotations

import ctypes
import math
from typing import Any

_FULL_READ_ONLY = 0x11C  # PyBUF_FULL_RO
_NATIVE = frozenset("bBhHiIlLqQnNfd?c")


class _Buffer(ctypes.Structure):
    """`Py_buffer` of the stable interface, since Python 3.11."""

    _fields_ = (
        *(("buf", ctypes.c_void_p), ("obj", ctypes.c_void_p), ("len", ctypes.c_ssize_t), ("itemsize", ctypes.c_ssize_t)),
        *(("readonly", ctypes.c_int), ("ndim", ctypes.c_int), ("format", ctypes.c_char_p), ("shape", ctypes.c_void_p)),
        *(("strides", ctypes.c_void_p), ("suboffsets", ctypes.c_void_p), ("internal", ctypes.c_void_p)),
    )


def reduced_part(view: memoryview) -> tuple[Any, ...] | None:
    """How a view on a part of a buffer is made again; None where it can't be."""
    whole = memoryview(view.obj)
    step = (view.strides or (0,))[0] if view.ndim == 1 else 0
    plain = whole.c_contiguous and view.format.removeprefix("@") in _NATIVE and (view.nbytes > 0 or view.ndim == 1)
    if not plain or not (view.c_contiguous or (step and step % view.itemsize == 0)):
        return None
    place = (address_of(view) - address_of(whole), view.format, view.shape, None if view.c_contiguous else step // view.itemsize)
    return part, (view.obj, *place, view.readonly)


def address_of(view: memoryview) -> int:
    """Where in memory the first item of a view is."""
    found = _Buffer()
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(view), ctypes.byref(found), _FULL_READ_ONLY)
    try:
        return found.buf or 0
    finally:
        ctypes.pythonapi.PyBuffer_Release(ctypes.byref(found))


def part(owner: Any, offset: int, formatting: str, shape: tuple[int, ...], step: int | None, readonly: bool) -> memoryview:
    """A view that starts at a byte of `owner`; with `step`, of one dimension, on every so manieth item, backwards where it is negative."""
    flat: Any = memoryview(owner).cast("B")
    size = memoryview(b"\0" * 16).cast(formatting.removeprefix("@")).itemsize  # type: ignore[call-overload]  # the format is a variable
    if step is None:
        made = flat[offset : offset + math.prod(shape) * size].cast(formatting)
        made = made if len(shape) == 1 else made.cast("B").cast(formatting, shape)
    else:
        reach = (shape[0] - 1) * step * size
        made = flat[offset + min(reach, 0) : offset + max(reach, 0) + size].cast(formatting)[::step]
    return made.toreadonly() if readonly else made  # type: ignore[no-any-return]  # casts by a variable are of no known type
