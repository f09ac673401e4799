"""numpy arrays: views that people see as views stay views, arrays inside pandas never alias.

An array's *memory* is what its views share. A stream holds memory once; every other array on it is a view by offset and strides.
"""

from __future__ import annotations

import array
import importlib
import mmap
import pickle
import sys
from typing import Any

from durnb import mapped
from durnb.records import dataclass
from durnb.snapshot.model import OUT_OF_BAND

WRITEABLE = 0x400
"""The bit of that flag in numpy's C interface."""


_loaded: list[Any] = []  # numpy, once it is there: a process has one


def numpy() -> Any | None:
    """numpy where the notebook has loaded it: durnb never imports it."""
    if _loaded:
        return _loaded[0]
    module = sys.modules.get("numpy")
    if module is None or not hasattr(module, "ndarray"):
        return None
    _loaded.append(module)
    return module


def is_array(value: object) -> bool:
    np = numpy()
    return np is not None and isinstance(value, np.ndarray)


def is_masked(kind: type) -> bool:
    """Whether a class is that of numpy's masked arrays itself."""
    return kind is getattr(getattr(numpy(), "ma", None), "MaskedArray", None)


@dataclass(frozen=True, slots=True)
class Memory:
    """What an array stands on: `key` is equal for arrays of one memory as long as they live; `root` spans it."""

    key: tuple[str, int]
    root: Any


def memory_of(value: Any) -> Memory:
    np = numpy()
    assert np is not None
    root = value
    while isinstance(base := _base(root), np.ndarray):
        root = base
    if isinstance(base, memoryview):
        base = base.obj
    if mapped.is_ours(base):  # what was put back by mapping has a mapping of its own
        return Memory(("object", id(root)), root)
    if isinstance(base, (bytearray, array.array, mmap.mmap)):
        return Memory(("object", id(base)), base)
    if base is None or isinstance(base, bytes):
        return Memory(("object", id(root)), root)
    return Memory(("address", address(root)), root)


def _base(value: Any) -> Any:
    """What an array stands on; `as_strided` and sliding windows put a holder between the two, parts of rows a row."""
    base = value.base
    if base is None:
        return None
    while isinstance(base, _imported().void) and base.base is not None:
        base = base.base
    return getattr(base, "base", None) if type(base).__name__ == "DummyArray" and type(base).__module__.startswith("numpy.") else base


def address(value: Any) -> int:
    return mapped.address_of(value)


def buffer_address(owner: Any) -> int:
    """Where a bytearray or the like has its bytes."""
    np = numpy()
    assert np is not None
    return address(np.frombuffer(owner, dtype=np.uint8)) if len(owner) else 0


def is_plain(value: Any) -> bool:
    """Whether the elements are bytes without references, so that raw memory says everything."""
    dtype = value.dtype
    return not dtype.hasobject and dtype.itemsize > 0 and dtype.char != "T"


def is_writeable(value: Any) -> bool:
    """The flag of that name, without the warning that numpy gives where it is read of a broadcast array."""
    return bool(value.flags.num & WRITEABLE)


def raw_bytes(value: Any) -> tuple[Any, tuple[int, ...]]:
    """The memory of an array as a flat array of bytes, and the strides that go with it; a copy only where it has gaps."""
    np = numpy()
    assert np is not None
    plain = value.view(np.ndarray)
    flat = plain.ravel(order="K")
    if plain.size and not np.shares_memory(flat, plain):
        plain = np.array(plain, order="K", copy=True)
        flat = plain.ravel(order="K")
    if plain.size and address(flat) != address(plain):
        plain = np.ascontiguousarray(plain)
        flat = plain.ravel()
    return flat.view(np.uint8), plain.strides


def is_dense(value: Any) -> bool:
    """Whether the memory between first and last element is all of this array's."""
    flat = value.ravel(order="K")
    return value.size == 0 or address(flat) == address(value)


def root_of(root: Any) -> Any:
    """The object that stands for a memory: an instance of a subclass can't, since it is a view of its own plain array."""
    return root.view(plain_type()) if is_array(root) and type(root) is not plain_type() else root


def spans(root: Any, value: Any) -> bool:
    """Whether `value` can be said as a view on `root`."""
    if not is_array(root):
        return is_plain(value) and value.nbytes > 0
    if root.dtype.hasobject or value.dtype.hasobject:
        return bool(root.dtype == value.dtype and is_dense(root))
    return is_plain(value) and is_plain(root) and is_dense(root)


def plain_type() -> Any:
    np = numpy()
    assert np is not None
    return np.ndarray


def object_array(value: Any) -> tuple[Any, ...]:
    """The reduction of an array whose elements are objects: element by element, its flag beside them."""
    made = value.__reduce__()
    return made[0], made[1], (made[2], is_writeable(value)), None, None, object_array_state


def object_array_state(made: Any, state: tuple[Any, bool]) -> None:
    made.__setstate__(state[0])
    if not state[1]:
        made.flags.writeable = False


def plain_array(value: Any) -> tuple[Any, ...]:
    """The reduction of an array that stands on its own memory."""
    raw, strides = raw_bytes(value)
    return rebuild_array, (pickle.PickleBuffer(raw), value.dtype, value.shape, strides, is_writeable(value))


def spread(value: Any) -> Any | None:
    """The elements behind an array that has some of them in more than one place (broadcast, sliding windows), each once; None for any other."""
    np = numpy()
    assert np is not None
    if not is_plain(value) or value.size < 2 or any(stride % value.itemsize for stride in value.strides):
        return None
    count = 1 + sum((length - 1) * abs(stride) for length, stride in zip(value.shape, value.strides, strict=True)) // value.itemsize
    if count >= value.size:
        return None
    plain = value.view(plain_type())
    first = plain[tuple(slice(None, None, -1 if stride < 0 else 1) for stride in value.strides)]
    return np.lib.stride_tricks.as_strided(first, (count,), (value.itemsize,))


def view_of(value: Any, root: Any, stored: Any = None) -> tuple[Any, ...]:
    """The reduction of an array that is a view on `root`, which is pickled as an object of its own (`stored`, where given)."""
    start = address(root) if is_array(root) else buffer_address(root)
    offset = address(value) - start if value.size else 0
    return rebuild_view, (root if stored is None else stored, offset, value.dtype, value.shape, value.strides, is_writeable(value))


def _writable(data: Any) -> Any:
    """The bytearray or mapping behind what the unpickler hands out for a read-only buffer; a copy where it was in the stream."""
    if isinstance(data, memoryview) and data.readonly and isinstance(data.obj, bytearray):
        return data.obj
    if isinstance(data, memoryview) and data.readonly and mapped.is_ours(data.obj):
        return mapped.whole(data.obj)
    if isinstance(data, pickle.PickleBuffer):
        data = data.raw()
    return bytearray(data) if isinstance(data, bytes) else data


def rebuild_array(data: Any, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...], writeable: bool) -> Any:
    """An array on the bytes given; small ones own their memory, as arrays usually do."""
    np = _imported()
    memory = _writable(data)
    made = np.ndarray(shape, dtype, memory, 0, strides)
    if made.nbytes < OUT_OF_BAND:
        made = made.copy(order="K")
        if made.strides != strides and made.size:
            made = np.ndarray(shape, dtype, memory, 0, strides)
    if not writeable:
        made.flags.writeable = False
    return made


def rebuild_view(root: Any, offset: int, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...], writeable: bool) -> Any:
    """A view on `root`, an array or a bytearray, that starts at a byte of its memory."""
    np = _imported()
    if not isinstance(root, np.ndarray):
        made = np.ndarray(shape, dtype, root, offset, strides)
    elif root.dtype.hasobject:
        flat = root.ravel(order="K")
        made = np.lib.stride_tricks.as_strided(flat[offset // root.itemsize :], shape, strides)
    else:
        made = np.ndarray(shape, dtype, _flat(np, root), offset, strides)
    if not writeable or not made.flags.writeable:
        made.flags.writeable = False
    return made


def _flat(np: Any, root: Any) -> Any:
    """The memory of `root` as bytes, writable where that can be: a view may be writable although its owner no longer is."""
    locked = not root.flags.writeable
    if locked and (root.base is None or not memoryview(root.base).readonly):
        root.flags.writeable = True
    try:
        return root.ravel(order="K").view(np.uint8)
    finally:
        root.flags.writeable = not locked


def rebuild_subclass(plain: Any, cls: type) -> Any:
    return plain.view(cls)


def subclass_state(made: Any, state: dict[str, Any]) -> None:
    vars(made).update(state)


def _imported() -> Any:
    return numpy() or importlib.import_module("numpy")


@dataclass(frozen=True, slots=True, eq=False)
class Owned:
    """An array or extension array inside a container that manages its own copies: stored as its own, whoever else holds it."""

    value: Any


def owned(part: Any, kinds: tuple[type, ...]) -> Any:
    """`part` of a reduction with every array in it owned."""
    if isinstance(part, kinds):
        return Owned(part)
    if type(part) is tuple:
        return tuple(owned(each, kinds) for each in part)
    if type(part) is list:
        return [owned(each, kinds) for each in part]
    if type(part) is dict:
        return {key: owned(each, kinds) for key, each in part.items()}
    return part


def container_kinds() -> tuple[tuple[type, ...], tuple[type, ...]]:
    """pandas' containers (blocks, indexes, extension arrays), and the array types that they own; both empty without pandas."""
    np, internals = numpy(), sys.modules.get("pandas._libs.internals")
    pandas = sys.modules.get("pandas")
    if np is None or internals is None or pandas is None or not hasattr(pandas, "DataFrame"):
        return (), ()
    extension = pandas.api.extensions.ExtensionArray
    return (internals.Block, pandas.Index, extension), (np.ndarray, extension)
