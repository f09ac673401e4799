"""The one hash function of fingerprints."""

from __future__ import annotations

from typing import Protocol

from blake3 import blake3

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
