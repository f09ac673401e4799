"""Big buffers, in files beside the journal: one immutable pack for each checkpoint, shared by all runs of a notebook.

A pack is its buffers, each at a multiple of 4096 bytes, then an index of 48 bytes for each (BLAKE3 digest, offset, length; little-endian),
then a footer: magic, count, offset of the index, BLAKE3 of index and these two. A pack that has its name is whole.
"""

from __future__ import annotations

import os
import secrets
import struct
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import field
from pathlib import Path
from typing import Final

from blake3 import blake3

from durnb.errors import JournalDamaged
from durnb.journal import disk, forks
from durnb.records import dataclass

PAGE: Final = 4096
_MAGIC: Final = b"durnbpk1"
_ENTRY: Final = struct.Struct("<32sQQ")
_FOOTER: Final = struct.Struct("<8sQQ32s")
_CHUNK: Final = 1 << 20  # bytes hashed, then written while they are still in the processor's cache
_BESIDE: Final = 16 << 20  # bytes from which on hashing goes on beside the writing
_SYNCED: Final = 64 << 20  # bytes after which the disk is asked to have them
_PARALLEL: Final = 32 << 20  # bytes from which on hashing with all processors is worth their start


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bytes of a digest lie."""

    pack: str
    offset: int
    length: int


def digest_of_bytes(data: bytes | bytearray | memoryview) -> bytes:
    """BLAKE3 of `data`: 32 bytes."""
    hasher = blake3(max_threads=blake3.AUTO) if len(data) >= _PARALLEL else blake3()
    return hasher.update(data).digest()


@dataclass(slots=True)
class Packs:
    """The packs of a store, as they were at the last `refresh`."""

    folder: Path
    _indexes: dict[str, dict[bytes, Place]] = field(default_factory=dict)
    _places: dict[bytes, Place] = field(default_factory=dict)
    _lengths: Counter[int] = field(default_factory=Counter)
    _broken: dict[str, JournalDamaged] = field(default_factory=dict)
    _distrusted: dict[Place, bytes] = field(default_factory=dict)

    def refresh(self) -> None:
        """See which packs are there now. One that can't be read is left out, and named by `problem`."""
        there = {name for name in _listed(self.folder) if name.endswith(".pack")}
        for name in self._indexes.keys() - there:
            self._forget(name)
        for name in there - self._indexes.keys():
            self._take(name)

    def _take(self, name: str) -> None:
        try:
            self.add(name, read_index(self.folder / name))
        except JournalDamaged as error:
            self._broken[name] = error

    def add(self, name: str, index: Sequence[tuple[bytes, int, int]]) -> None:
        """A pack is there, with these entries (digest, offset, length)."""
        places = {digest: Place(name, offset, length) for digest, offset, length in index}
        self._indexes[name] = places
        self._lengths.update(place.length for place in places.values())
        self._broken.pop(name, None)
        for digest, place in places.items():
            if place not in self._distrusted:
                self._places.setdefault(digest, place)

    def distrust(self, digest: bytes, place: Place) -> None:
        """The bytes there are not those of the digest: they are read elsewhere, and stored anew, from here on."""
        self._distrusted[place] = digest
        if self._places.get(digest) == place:
            del self._places[digest]
            self._find_again(digest)

    def _find_again(self, digest: bytes) -> None:
        found = (places[digest] for places in self._indexes.values() if digest in places)
        place = next((each for each in found if each not in self._distrusted), None)
        if place is not None:
            self._places[digest] = place

    def _forget(self, name: str) -> None:
        gone = self._indexes.pop(name)
        self._lengths.subtract(place.length for place in gone.values())
        for digest in gone:
            if digest in self._places and self._places[digest].pack == name:
                del self._places[digest]
                self._find_again(digest)

    def find(self, digest: bytes) -> Place | None:
        return self._places.get(digest)

    def digest_at(self, place: Place) -> bytes | None:
        """The digest of the buffer that is stored just there; None where none is."""
        return next((digest for digest, each in self._indexes.get(place.pack, {}).items() if each == place), None)

    def may_hold(self, length: int) -> bool:
        """Whether any stored buffer is that long: where none is, nothing of that length is stored yet."""
        return self._lengths[length] > 0

    def doubtful(self, digest: bytes) -> Place | None:
        """Where the bytes of a digest should be and were found to be others: the pack may have been put back since."""
        return next((place for place, damaged in self._distrusted.items() if damaged == digest), None)

    def problem(self, listed: Collection[str]) -> JournalDamaged | None:
        """Why one of the packs `listed` can't be read, if that is so."""
        for name in sorted(listed):
            if name in self._broken:
                return self._broken[name]
            if name not in self._indexes:
                found = (self.folder / aside(name)).exists()
                why = f"its bytes were not those that were written: it is kept as {aside(name)}" if found else "the pack is gone"
                return JournalDamaged(path=str(self.folder / name), why=why)
        return None

    def read(self, digest: bytes, place: Place) -> bytearray:
        """The bytes, checked against their digest. Raises JournalDamaged."""
        path = self.folder / place.pack
        data = bytearray(place.length)
        try:
            with path.open("rb") as file:
                file.seek(place.offset)
                got = _read_into(file.fileno(), memoryview(data), place.offset)
        except FileNotFoundError as error:
            raise JournalDamaged(path=str(path), why="the pack is gone") from error
        if got != place.length or digest_of_bytes(data) != digest:
            raise JournalDamaged(path=str(path), why=other_bytes(place))
        return data

    def names(self) -> set[str]:
        return set(self._indexes) | set(self._broken)

    def entries(self, name: str) -> list[tuple[bytes, Place]]:
        return list(self._indexes.get(name, {}).items())


def other_bytes(place: Place) -> str:
    """What is wrong with a place whose bytes have another digest."""
    return f"the {place.length:,} bytes at {place.offset:,} are not those that were written"


_ASIDE: Final = ".damaged"


def aside(name: str) -> str:
    """The name of a pack that was found to be damaged."""
    return f"{name}{_ASIDE}"


def put_aside(name: str) -> str | None:
    """The name that a damaged pack had; None for the name of what is none."""
    return name.removesuffix(_ASIDE) if name.endswith(f".pack{_ASIDE}") and not name.startswith(".") else None


def _listed(folder: Path) -> Iterator[str]:
    try:
        yield from (name for name in os.listdir(folder) if not name.startswith("."))
    except FileNotFoundError:
        return


def _read_into(fd: int, view: memoryview, offset: int) -> int:
    done = 0
    while done < len(view):
        got = os.preadv(fd, [view[done : done + (1 << 26)]], offset + done)
        if not got:
            break
        done += got
    return done


def read_index(path: Path) -> list[tuple[bytes, int, int]]:
    """The entries (digest, offset, length) of the pack at `path`. Raises JournalDamaged where it isn't whole."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _FOOTER.size))
            footer = file.read()
            magic, count, start, digest = _FOOTER.unpack(footer)
            if magic != _MAGIC or start + count * _ENTRY.size + _FOOTER.size != size:
                raise JournalDamaged(path=str(path), why="the pack is not as long as it was written")
            file.seek(start)
            index = file.read(count * _ENTRY.size)
    except (OSError, struct.error) as error:
        raise JournalDamaged(path=str(path), why=f"the pack has no footer: {error}") from error
    if blake3(index + footer[8:24]).digest() != digest:
        raise JournalDamaged(path=str(path), why="the pack's index is not the one that was written")
    return list(_ENTRY.iter_unpack(index))


def packed_size(lengths: Collection[int]) -> int:
    """Bytes of a pack that holds buffers of these lengths."""
    return sum(length + -length % PAGE for length in lengths) + len(lengths) * _ENTRY.size + _FOOTER.size


@dataclass(slots=True)
class PackWriter:
    """A pack in the making, under a name that nobody looks at; it has one from the first buffer on."""

    folder: Path
    name: str = ""
    index: list[tuple[bytes, int, int]] = field(default_factory=list)
    _file: forks.Descriptor | None = None
    _end: int = 0

    @property
    def _temporary(self) -> Path:
        return self.folder / f".{self.name}.tmp"

    def write(self, data: memoryview, known: bytes | None = None) -> bytes:
        """Append a buffer, hashed on the way where its digest is not known; its digest. Raises OSError: then discard the pack."""
        if self._file is None:
            disk.make_folder(self.folder)
            self.name = f"{secrets.token_hex(16)}.pack"
            self._file = forks.Descriptor(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        fd = self._file.number
        digest = self._write_beside(fd, data, known) if len(data) >= _BESIDE else self._write_here(fd, data, known)
        self.index.append((digest, self._end, len(data)))
        padding = -len(data) % PAGE
        disk.write_all(fd, bytes(padding))
        self._end += len(data) + padding
        return digest

    def _write_here(self, fd: int, data: memoryview, known: bytes | None) -> bytes:
        hasher = blake3()
        for start in range(0, len(data), _CHUNK):
            chunk = data[start : start + _CHUNK]
            if not known:
                hasher.update(chunk)
            disk.write_all(fd, chunk)
        return known or hasher.digest()

    def _write_beside(self, fd: int, data: memoryview, known: bytes | None) -> bytes:
        """Hashed by one thread while this one writes, and another has what was written go to the disk, so that little is left to wait for."""
        with ThreadPoolExecutor(2, thread_name_prefix="durnb-pack") as beside:
            hashed = beside.submit(lambda: known or blake3(data).digest())
            synced: Future[None] | None = None
            for start in range(0, len(data), _CHUNK):
                disk.write_all(fd, data[start : start + _CHUNK])
                if start % _SYNCED == 0 and (synced is None or synced.done()):
                    if synced is not None:
                        synced.result()
                    synced = beside.submit(os.fdatasync, fd)
            if synced is not None:
                synced.result()
            return hashed.result()

    @property
    def size(self) -> int:
        """Bytes written so far, padding included."""
        return self._end

    def seal(self) -> None:
        """Make the pack durable under its name; something was written. Raises OSError."""
        assert self._file is not None
        index = b"".join(_ENTRY.pack(*entry) for entry in self.index)
        numbers = struct.pack("<QQ", len(self.index), self._end)
        disk.write_all(self._file.number, index + _MAGIC + numbers + blake3(index + numbers).digest())
        os.fsync(self._file.number)
        os.rename(self._temporary, self.folder / self.name)
        self._file.close()
        disk.sync_folder(self.folder)

    def discard(self) -> None:
        """Remove what is not sealed; harmless when repeated, and in a forked child, whose pack it is not."""
        if self._file is not None and self._file.close():
            self._temporary.unlink(missing_ok=True)


def read_list(path: Path) -> set[str]:
    """The packs that a run refers to, by its ``.packs`` file."""
    try:
        return set(path.read_text("ascii").split())
    except FileNotFoundError:
        return set()


def write_list(path: Path, names: Collection[str]) -> None:
    """Replace the run's list of packs, durably. Raises OSError."""
    disk.replace(path, "".join(f"{name}\n" for name in sorted(names)).encode())
