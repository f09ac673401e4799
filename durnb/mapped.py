"""Memory that is mapped from files: whether anything was written there since, as the kernel's page tables have it.

A private mapping shows the file's pages until something is written: then the page is a copy that belongs to no file. So a gigabyte that was put
back and not touched is told to be unchanged in two milliseconds, without reading it. Source: Documentation/admin-guide/mm/pagemap.rst of Linux.
"""

from __future__ import annotations

import bisect
import ctypes
import mmap
import os
import sys
import weakref
from dataclasses import field
from typing import Any, Final, TypeGuard

from durnb.records import dataclass

PAGE: Final = mmap.PAGESIZE
BIG: Final = 1 << 20  # bytes from which on a buffer is mapped, and the page tables are asked
_PAGEMAP: Final = "/proc/self/pagemap"
_PRESENT, _SWAPPED, _OF_FILE = 63, 62, 61  # bits of an entry of eight bytes
_PROTECTION: Final = mmap.PROT_READ | mmap.PROT_WRITE
_FIXED: Final = 0x10  # MAP_FIXED, on Linux and macOS alike; mmap has no name for it
_NO_RESERVE: Final = 0x4000 if sys.platform == "linux" else 0
_mmap = ctypes.CDLL(None, use_errno=True).mmap
_mmap.restype = ctypes.c_void_p
_mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64)


def address_of(array: Any) -> int:
    """Where the elements of a numpy array or row begin; `__array_interface__` also spells out the fields of records, which takes ten times as long."""
    if array.dtype.names is not None and hasattr(array, "ctypes"):  # a row has no such attribute
        return int(array.ctypes.data or 0)
    return int(array.__array_interface__["data"][0])


@dataclass(frozen=True, slots=True)
class _Region:
    start: int
    end: int
    token: bytes


@dataclass(slots=True)
class _Regions:
    """The regions of this process, by their first address."""

    starts: list[int] = field(default_factory=list)
    regions: dict[int, _Region] = field(default_factory=dict)
    owners: dict[int, slice] = field(default_factory=dict)

    def add(self, region: _Region, mapping: mmap.mmap, part: slice) -> None:
        self.remove(region.start)
        bisect.insort(self.starts, region.start)
        self.regions[region.start] = region
        self.owners[id(mapping)] = part
        weakref.finalize(mapping, self.remove, region.start, id(mapping)).atexit = False

    def remove(self, start: int, owner: int = 0) -> None:
        self.owners.pop(owner, None)
        if self.regions.pop(start, None) is not None:
            self.starts.remove(start)

    def holding(self, address: int, length: int) -> _Region | None:
        at = bisect.bisect_right(self.starts, address) - 1
        region = self.regions[self.starts[at]] if at >= 0 else None
        return region if region is not None and address + length <= region.end else None


_here = _Regions()


def map_file(file: int, offset: int, length: int, token: bytes) -> mmap.mmap:
    """A private mapping of a part of a file, which keeps no descriptor; `whole` gives the bytes. Raises OSError.

    Until something is written there, they are those for which `token` stands.
    """
    before = offset % mmap.ALLOCATIONGRANULARITY
    mapping = mmap.mmap(-1, before + length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=_PROTECTION)
    start = ctypes.addressof(ctypes.c_char.from_buffer(mapping))
    flags = mmap.MAP_PRIVATE | _FIXED | _NO_RESERVE
    if _mmap(start, before + length, _PROTECTION, flags, file, offset - before) != start:  # in the place of the memory that `mapping` frees
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    _here.add(_Region(start + before, start + before + length, token), mapping, slice(before, before + length))
    return mapping


def whole(mapping: mmap.mmap) -> memoryview:
    """The bytes for which a mapping of `map_file` was made, to be written to."""
    return memoryview(mapping)[_here.owners[id(mapping)]]


def is_ours(value: object) -> TypeGuard[mmap.mmap]:
    """Whether `value` is a mapping of `map_file`. durnb has one weak reference to each."""
    return id(value) in _here.owners


def token_of(address: int, length: int) -> bytes | None:
    """What stands for the memory there, where it lies in one noted region and nothing was written to it; else None."""
    region = _here.holding(address, length) if _here.starts and length else None
    if region is None or _is_written(address, length):
        return None
    return b"%s+%d:%d" % (region.token, address - region.start, length)


def token_of_buffer(view: memoryview) -> bytes | None:
    """As `token_of`, of contiguous memory that can be written to; None for any other."""
    return None if view.readonly or not _here.starts else token_of(ctypes.addressof(ctypes.c_char.from_buffer(view)), view.nbytes)


def _is_written(address: int, length: int) -> bool:
    """Whether a page was written to, or that can't be told here."""
    first, last = address // PAGE, (address + length - 1) // PAGE
    try:
        with open(_PAGEMAP, "rb", buffering=0) as table:
            entries = os.pread(table.fileno(), (last - first + 1) * 8, first * 8)
    except OSError:
        return True
    if len(entries) != (last - first + 1) * 8:
        return True
    numpy: Any = sys.modules.get("numpy")
    if numpy is None:
        bits = int.from_bytes(entries, "little")
        ones = int.from_bytes(b"\1\0\0\0\0\0\0\0" * (last - first + 1), "little")
        return bool(((bits >> _PRESENT) | (bits >> _SWAPPED)) & ones & ~(bits >> _OF_FILE))
    table = numpy.frombuffer(entries, dtype="<u8") >> _OF_FILE & 7  # of the three bits, that of the file is the lowest
    return bool((table > 1).any() and ((table > 1) & (table & 1 == 0)).any())
