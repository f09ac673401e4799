"""Big buffers put back by mapping: private to whoever loads them, read from the disk when they are looked at, checked beside.

What is mapped is copied page by page as it is written to, and its pack never changes. Numbers may be checked after they were put back: on a
thread of their own, and before the next step is committed. Everything else is checked before anybody sees it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from blake3 import blake3

from durnb import mapped
from durnb.errors import JournalDamaged, PackDamaged
from durnb.journal.packs import Packs, Place, aside, digest_of_bytes, other_bytes
from durnb.records import dataclass

SOON: Final = 64 << 20  # bytes of one load up to which they are all checked at once
_CHUNK: Final = 4 << 20


def map_places(folder: Path, places: Sequence[Place]) -> list[memoryview]:
    """The bytes at `places`, each in a mapping of its own: writable and nobody else's. Raises JournalDamaged where they are not there."""
    found: dict[int, memoryview] = {}
    packs: dict[str, list[int]] = {}
    for at, place in enumerate(places):
        packs.setdefault(place.pack, []).append(at)
    for pack, wanted in packs.items():
        with _opened(folder / pack, max(places[at].offset + places[at].length for at in wanted)) as file:
            for at in wanted:
                place = places[at]
                mapping = mapped.map_file(file, place.offset, place.length, token_of_place(pack, place.offset))
                found[at] = mapped.whole(mapping)
    return [found[at] for at in range(len(places))]


@contextmanager
def _opened(path: Path, end: int) -> Iterator[int]:
    """The descriptor of a pack that reaches to `end`, while it is needed."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise JournalDamaged(path=str(path), why="the pack is gone") from error
    try:
        if os.fstat(file).st_size < end:
            raise JournalDamaged(path=str(path), why="the pack is not as long as it was written")
        yield file
    finally:
        os.close(file)


def token_of_place(pack: str, offset: int) -> bytes:
    """What stands for memory that is mapped from there."""
    return f"{pack}:{offset}".encode()


def place_of_token(token: bytes) -> Place:
    """Where the memory is from of which `mapped.token_of` gave this token."""
    start, _, rest = token.decode().rpartition("+")
    pack, _, offset = start.rpartition(":")
    into, _, length = rest.partition(":")
    return Place(pack, int(offset) + int(into), int(length))


@dataclass(slots=True)
class MappedReads:
    """Reads big buffers by mapping. Numbers of which one load has many are checked while they are in use already; all else before.

    What the checks find is told by whoever asks next: no commit may be made before. The damaged pack gets another name, so that no other kernel
    takes it for good.
    """

    packs: Packs
    damage: PackDamaged | None = None
    _jobs: SimpleQueue[tuple[int, Place, bytes] | threading.Event | None] = field(default_factory=SimpleQueue)
    _thread: threading.Thread | None = None
    _pid: int = field(default_factory=os.getpid)

    def read(self, wanted: Sequence[tuple[Place, bytes, bool]]) -> list[memoryview]:
        """The bytes at places, writable and the caller's own, with their digests, and whether they are plain numbers. Raises JournalDamaged."""
        views = map_places(self.packs.folder, [place for place, _, _ in wanted])
        soon = 0
        for view, (place, digest, plain) in zip(views, wanted, strict=True):
            soon += place.length
            if plain and soon > SOON:
                self._check_later(place, digest)
            elif digest_of_bytes(view) != digest:
                raise JournalDamaged(path=str(self.packs.folder / place.pack), why=other_bytes(place))
        return views

    def _check_later(self, place: Place, digest: bytes) -> None:
        path = self.packs.folder / place.pack
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # now: the pack may be collected while it is in use
        except FileNotFoundError as error:
            raise JournalDamaged(path=str(path), why="the pack is gone") from error
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="durnb-check", daemon=True)
            self._thread.start()
        self._jobs.put((file, place, digest))

    def wait(self) -> None:
        """Wait until everything is checked. Raises PackDamaged where something was not what was written."""
        if self._thread is not None and os.getpid() == self._pid:
            done = threading.Event()
            self._jobs.put(done)
            done.wait()
        self.tell()

    def tell(self) -> None:
        """Raises PackDamaged where something that was checked so far was not what was written."""
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
        try:
            why = "" if _digest(file, place) == digest else other_bytes(place)
        except OSError as error:  # its bytes were there when it was mapped, and can't be read now
            why = f"it can't be read: {error}"
        finally:
            os.close(file)
        if why:
            self.damage = self.damage or self._put_aside(place, why)

    def _put_aside(self, place: Place, why: str) -> PackDamaged:
        path = self.packs.folder / place.pack
        kept = path.with_name(aside(place.pack))
        try:
            os.rename(path, kept)
        except OSError:  # its folder can't be written, or another kernel was first
            kept = kept if kept.exists() else path
        return PackDamaged(path=str(path), kept=str(kept), why=why)


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
