"""Big buffers put back by mapping: private to whoever loads them, read from the disk when they are looked at, checked beside.

What is mapped is copied page by page as it is written to, and its pack never changes. Numbers may be checked after they were put back: on a
thread of their own, and before the next step is committed. Everything else is checked before anybody sees it.
"""

from __future__ import annotations

import mmap
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from blake3 import blake3

from durnb import mapped
from durnb.errors import JournalDamaged
from durnb.journal.packs import Place, digest_of_bytes

BIG: Final = 1 << 20  # bytes from which on a buffer is mapped, not read
SOON: Final = 64 << 20  # bytes of one load that are checked at once, whatever they are
_NO_RESERVE: Final = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)
_CHUNK: Final = 4 << 20


def map_places(folder: Path, places: Sequence[Place]) -> list[memoryview]:
    """The bytes at `places`, writable and nobody else's: one mapping for each pack, another for a place that is asked for twice.

    Raises JournalDamaged where they are not there.
    """
    found: list[memoryview | None] = [None] * len(places)
    rounds: list[dict[str, dict[tuple[int, int], int]]] = []
    for at, place in enumerate(places):
        key = place.offset, place.length
        free = next((each for each in rounds if key not in each.get(place.pack, {})), None)
        if free is None:
            rounds.append(free := {})
        free.setdefault(place.pack, {})[key] = at
    for packs in rounds:
        for pack, wanted in packs.items():
            for at, view in _mapped(folder / pack, [places[at] for at in wanted.values()], list(wanted.values())):
                found[at] = view
    return [view for view in found if view is not None]


def _mapped(path: Path, places: Sequence[Place], numbers: Sequence[int]) -> list[tuple[int, memoryview]]:
    start = min(place.offset for place in places)
    end = max(place.offset + place.length for place in places)
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise JournalDamaged(path=str(path), why="the pack is gone") from error
    try:
        if os.fstat(file).st_size < end:
            raise JournalDamaged(path=str(path), why="the pack is not as long as it was written")
        mapping = _map(file, end - start, start)
    finally:
        os.close(file)
    view = memoryview(mapping)
    for place in places:
        mapped.note(mapping, place.offset - start, place.length, f"{path.name}:{place.offset}".encode())
    return [(at, view[place.offset - start : place.offset - start + place.length]) for at, place in zip(numbers, places, strict=True)]


def _map(file: int, length: int, offset: int) -> mmap.mmap:
    own: dict[str, Any] = {"trackfd": False} if sys.version_info >= (3, 13) else {}
    flags = mmap.MAP_PRIVATE | _NO_RESERVE
    return mmap.mmap(file, length, flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE, offset=offset, **own)


def check(path: Path, place: Place, data: memoryview, digest: bytes) -> None:
    """Raises JournalDamaged where `data` is not what was written at `place`."""
    if digest_of_bytes(data) != digest:
        raise damaged(path, place)


def damaged(path: Path, place: Place) -> JournalDamaged:
    return JournalDamaged(path=str(path), why=f"the {place.length:,} bytes at {place.offset:,} are not those that were written")


@dataclass(slots=True)
class LateChecks:
    """Checks packs while their values are in use already; the first that fails is told by whoever asks next."""

    folder: Path
    damage: JournalDamaged | None = None
    _jobs: SimpleQueue[tuple[int, Place, bytes] | threading.Event | None] = field(default_factory=SimpleQueue)
    _thread: threading.Thread | None = None
    _pid: int = field(default_factory=os.getpid)

    def add(self, place: Place, digest: bytes) -> None:
        """Check this place soon. Raises JournalDamaged where its pack is gone."""
        try:
            file = os.open(self.folder / place.pack, os.O_RDONLY | os.O_CLOEXEC)  # now: the pack may be collected while it is in use
        except FileNotFoundError as error:
            raise JournalDamaged(path=str(self.folder / place.pack), why="the pack is gone") from error
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="durnb-check", daemon=True)
            self._thread.start()
        self._jobs.put((file, place, digest))

    def wait(self) -> None:
        """Wait until all that was added is checked. Raises JournalDamaged where something was not what was written."""
        if self._thread is not None and os.getpid() == self._pid:
            done = threading.Event()
            self._jobs.put(done)
            done.wait()
        self.tell()

    def tell(self) -> None:
        """Raises JournalDamaged where something that was checked so far was not what was written."""
        if self.damage is not None:
            raise self.damage

    def stop(self) -> None:
        """End the thread when it has done what it has."""
        if self._thread is not None and os.getpid() == self._pid:
            self._jobs.put(None)

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            if isinstance(job, threading.Event):
                job.set()
            else:
                self._check(*job)

    def _check(self, file: int, place: Place, digest: bytes) -> None:
        path = self.folder / place.pack
        try:
            if _digest(file, place) != digest:
                self.damage = self.damage or damaged(path, place)
        except OSError as error:  # its bytes were there when it was mapped, and can't be read now
            self.damage = self.damage or JournalDamaged(path=str(path), why=f"it can't be read: {error}")
        finally:
            os.close(file)


def _digest(file: int, place: Place) -> bytes:
    hasher = blake3()
    chunk = memoryview(bytearray(_CHUNK))
    done = 0
    while done < place.length:
        got = os.preadv(file, [chunk[: place.length - done]], place.offset + done)
        if not got:
            break
        hasher.update(chunk[:got])
        done += got
    return hasher.digest()
