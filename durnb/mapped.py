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
from dataclasses import dataclass, field
from typing import Any, Final

PAGE: Final = mmap.PAGESIZE
BIG: Final = 1 << 20  # bytes from which on a buffer is mapped, and the page tables are asked
_PAGEMAP: Final = "/proc/self/pagemap"
_PRESENT, _SWAPPED, _OF_FILE = 63, 62, 61  # bits of an entry of eight bytes


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

    def add(self, region: _Region) -> None:
        self.remove(region.start)
        bisect.insort(self.starts, region.start)
        self.regions[region.start] = region

    def remove(self, start: int) -> None:
        if self.regions.pop(start, None) is not None:
            self.starts.remove(start)

    def holding(self, address: int, length: int) -> _Region | None:
        at = bisect.bisect_right(self.starts, address) - 1
        region = self.regions[self.starts[at]] if at >= 0 else None
        return region if region is not None and address + length <= region.end else None


_here = _Regions()


def note(mapping: mmap.mmap, offset: int, length: int, token: bytes) -> None:
    """The `length` bytes at `offset` of a private mapping are, until something is written there, those for which `token` stands."""
    start = ctypes.addressof(ctypes.c_char.from_buffer(mapping)) + offset
    _here.add(_Region(start, start + length, token))
    weakref.finalize(mapping, _here.remove, start)


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
