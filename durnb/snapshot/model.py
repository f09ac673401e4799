"""What a snapshot is made of: groups of names, what was lost, what was dropped."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import field

from durnb.records import dataclass

Buffer = pickle.PickleBuffer | bytes | memoryview

OUT_OF_BAND = 64 * 1024
"""Bytes from which a buffer leaves the stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Names that share mutable state, stored together.

    `buffers` are contiguous and in the order in which the stream asks for them; where `readonly[i]`, `restore` may be given `bytes`
    for it, else it wants a writable `bytearray` or `memoryview` of its own. Where `plain[i]`, the bytes are numbers that nothing takes for
    a place in memory: were one wrong, a value would be, and no more.
    """

    names: tuple[str, ...]
    stream: bytes
    buffers: tuple[Buffer, ...] = ()
    readonly: tuple[bool, ...] = ()
    plain: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A name that can't be stored, with the path to the part that is to blame."""

    name: str
    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Debris that nobody misses: `note` says where and what."""

    name: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A snapshot of some names; `sources` maps the file names of notebook code in it to their text."""

    groups: tuple[Group, ...] = ()
    lost: tuple[Lost, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)


def size_of(captured: Captured) -> int:
    """Bytes of all streams and buffers."""
    return sum(len(group.stream) + sum(memoryview(buffer).nbytes for buffer in group.buffers) for group in captured.groups)


class CantStore(Exception):
    """An object that can't be stored; internal, never leaves the package."""

    def __init__(self, culprit: object, reason: str) -> None:
        super().__init__(reason)
        self.culprit, self.reason = culprit, reason


class RestoreError(Exception):
    """A stream that can't be loaded here: written by another Python, or by a newer durnb."""
