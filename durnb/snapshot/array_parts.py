"""What numpy hands out of an array and is no array itself, or stands in a file: rows, iterators over elements, memory maps.

The functions that streams call are stored by their names: they may be added to, never changed.
"""

from __future__ import annotations

import importlib
import mmap
import os
from itertools import islice
from typing import Any

from blake3 import blake3

from durnb.records import dataclass
from durnb.snapshot import arrays
from durnb.snapshot.standins import Gone, opened

OWN_PAGES = "c"
"""The mode in which what is written stays in this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedFile:
    """A whole memory map: of which file, how, and the BLAKE3 digest of what it showed."""

    path: str
    filename: object
    mode: str
    dtype: Any
    offset: int
    shape: tuple[int, ...]
    order: str
    digest: str


class NotToBeMapped(Exception):
    """Why a memory map can't be made again."""


# -- rows and iterators ------------------------------------------------------------------------------


def element_of(row: Any) -> Any | None:
    """An array of no dimensions on the memory of a row of a structured array; None for a row with memory of its own."""
    np = arrays.numpy()
    if np is None or not isinstance(row.base, np.ndarray):
        return None
    root = arrays.memory_of(row.base).root
    if row.dtype.hasobject and not (arrays.is_array(root) and root.dtype == row.dtype):
        return None
    start = arrays.address(root) if arrays.is_array(root) else arrays.buffer_address(root)
    return arrays.rebuild_view(root, arrays.address(row) - start, row.dtype, (), (), arrays.is_writeable(row.base))


def row(element: Any) -> Any:
    """A row on the memory of an array of no dimensions."""
    return element if isinstance(element, Gone) else element[()]


def flat(array: Any, index: int) -> Any:
    """An iterator over the elements of an array, part way."""
    if isinstance(array, Gone):
        return array
    made = array.flat
    next(islice(made, index, index), None)
    return made


# -- memory maps -------------------------------------------------------------------------------------


def is_mapped(value: Any) -> bool:
    """Whether an array's elements are those of a file that numpy mapped so that writing changes it."""
    root = _whole(value)
    return root is not None and root.mode in ("r+", "w+")


def reduced_map(value: Any) -> tuple[Any, ...]:
    """How a memory map, or an array that stands on one, is made again. Raises NotToBeMapped."""
    root = _whole(value)
    if root is None:  # a copy: the class has stayed, the file has not
        return arrays.rebuild_subclass, (value.view(arrays.plain_type()), type(value)), dict(vars(value)), None, None, arrays.subclass_state
    if root is value:
        return memory_map, (_described(value),)
    place = (arrays.address(value) - arrays.address(root), value.dtype, value.shape, value.strides, arrays.is_writeable(value))
    return part_of_map, (root, type(value), *place)


def _whole(value: Any) -> Any | None:
    """The memory map that a file was opened as, on which an array stands."""
    np = arrays.numpy()
    assert np is not None
    while isinstance(value, np.ndarray) and not (isinstance(value, np.memmap) and isinstance(value.base, mmap.mmap)):
        value = value.base
    return value if isinstance(value, np.memmap) and value._mmap is value.base else None


def _described(root: Any) -> MappedFile:
    if root.filename is None:
        raise NotToBeMapped("a memory map of a file without a path")
    path = os.path.abspath(os.fspath(root.filename))
    try:
        size = os.stat(path).st_size
    except OSError as error:
        raise NotToBeMapped(f"a memory map of a file that is no longer at {path}") from error
    if size < root.offset + root.nbytes:
        raise NotToBeMapped(f"a memory map of a file that is shorter now: {path}")
    if arrays.is_writeable(root) and root.mode != OWN_PAGES:
        root.flush()
    told = MappedFile(
        path=path,
        filename=root.filename,
        mode=root.mode,
        dtype=root.dtype,
        offset=root.offset,
        shape=root.shape,
        order="C" if root.flags.c_contiguous else "F",
        digest=_digest(root),
    )
    if root.mode == OWN_PAGES and _digest(_opened(told)) != told.digest:
        raise NotToBeMapped("a memory map of a file with changes of its own (mode c): copy it to an array")
    return told


def _digest(root: Any) -> str:
    flat = root.view(arrays.plain_type()).ravel(order="K")
    return blake3(memoryview(flat.view("u1")) if flat.nbytes else b"").hexdigest()


def _opened(told: MappedFile) -> Any:
    mode = "r+" if told.mode == "w+" else told.mode  # never made, never emptied
    return importlib.import_module("numpy").memmap(told.path, told.dtype, mode, told.offset, told.shape, told.order)


def memory_map(told: MappedFile) -> Any:
    """A file, mapped again: as long as it holds what it held."""

    def opening() -> Any:
        os.stat(told.path)
        made = _opened(told)
        if _digest(made) != told.digest:
            raise ValueError("the file has changed since")
        made.filename, made.mode = told.filename, told.mode
        return made

    return opened(f"memory map of {told.path}", opening)


def part_of_map(root: Any, kind: type, offset: int, dtype: Any, shape: tuple[int, ...], strides: tuple[int, ...], writeable: bool) -> Any:
    """An array on a part of a memory map."""
    if isinstance(root, Gone):
        return root
    np = importlib.import_module("numpy")
    plain = np.ndarray(shape, dtype, root.base, arrays.address(root) - arrays.buffer_address(root.base) + offset, strides)
    made = plain if kind is np.ndarray else _seen_through(root, plain)
    if made.flags.writeable and not writeable:
        made.flags.writeable = False
    return made


def _seen_through(root: Any, plain: Any) -> Any:
    """`plain` as a part of the memory map itself, with its facts."""
    made = plain.view(type(root))
    vars(made).update(vars(root))
    return made
