"""The hash functions of fingerprints: BLAKE3 for what is made of parts, XXH3 for masses of raw bytes, which it reads as fast as memory gives them.

A mass is digested to find out whether it changed, not to keep somebody out: what is loaded from disk is checked by BLAKE3 elsewhere.
"""

from __future__ import annotations

from typing import Protocol

from blake3 import blake3
from xxhash import xxh3_128

Data = bytes | bytearray | memoryview


class Hasher(Protocol):
    """What is used of a hash object."""

    def update(self, data: Data, /) -> object: ...
    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...


def hasher() -> Hasher:
    """An empty BLAKE3 hash; single-threaded, because a pool of threads does not survive a fork."""
    return blake3()


def digest(data: Data) -> bytes:
    """The 32 bytes that stand for `data`."""
    return blake3(data).digest()


def hexdigest(data: Data) -> str:
    """The 64 hex digits that stand for `data`."""
    return blake3(data).hexdigest()


def mass_hasher() -> Hasher:
    """An empty XXH3 hash, for megabytes of raw bytes."""
    return xxh3_128()


def mass(data: Data) -> bytes:
    """The 16 bytes that stand for a mass of raw bytes."""
    return xxh3_128(data).digest()
