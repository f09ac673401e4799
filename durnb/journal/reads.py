"""Reading what a run stored: bytes by their digest, wherever they are whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from durnb import mapped
from durnb.errors import JournalDamaged
from durnb.journal import disk
from durnb.journal.mapping import MappedReads
from durnb.journal.packs import Packs, Place, digest_of_bytes
from durnb.journal.writer import Writer


class Reads:
    """The bytes of a run: small ones in its database, big ones in packs, which are mapped."""

    def __init__(self, packs: Packs, writer: Writer, path: Path, listed: Callable[[], Collection[str]]) -> None:
        self._packs, self._writer, self._path, self._listed = packs, writer, path, listed
        self._mapped = MappedReads(packs)

    def wait(self) -> None:
        """Until what was read and is checked beside has been checked. Raises PackDamaged."""
        self._mapped.wait()

    def tell(self) -> None:
        """Raises PackDamaged where what `read_all` gave turned out to be damaged."""
        self._mapped.tell()

    def stop(self) -> None:
        self._mapped.stop()

    def read(self, digest: str) -> bytearray:
        """The bytes of a digest. Raises KeyError where nothing of it is stored, JournalDamaged where it is, and can't be read."""
        key = bytes.fromhex(digest)
        place = self._place(key)
        if place is None:
            return self._read_small(key)
        with disk.at(self._packs.folder):
            while True:
                try:
                    return self._packs.read(key, place)
                except JournalDamaged:
                    place = self._elsewhere(key, place)

    def read_all(self, digests: Sequence[str], plain: Sequence[bool]) -> list[bytearray | memoryview]:
        """As `read`, each writable and the caller's own; big ones are mapped: read from the disk when they are looked at.

        Much that is `plain`, numbers any of which is as good as another, is checked a moment later: `check` tells, and so does every commit.
        """
        keys = [bytes.fromhex(digest) for digest in digests]
        found = [self._place(key) for key in keys]
        big = [(at, place) for at, place in enumerate(found) if place is not None and place.length >= mapped.BIG]
        with disk.at(self._packs.folder):
            try:
                views = self._mapped.read([(place, keys[at], plain[at]) for at, place in big])
            except JournalDamaged:  # one by one, each from wherever it is whole
                return [self.read(digest) for digest in digests]
        by_number = dict(zip((at for at, _ in big), views, strict=True))
        return [by_number[at] if at in by_number else self.read(digest) for at, digest in enumerate(digests)]

    def _place(self, key: bytes) -> Place | None:
        """Where the bytes of a digest lie among the packs; None for a small value. Raises KeyError, JournalDamaged."""
        if key in self._writer.stored():
            return None
        place = self._packs.find(key)
        if place is None:
            with disk.at(self._packs.folder):
                self._packs.refresh()
            place = self._packs.find(key) or self._packs.doubtful(key)
        if place is None:
            raise self._packs.problem(self._listed()) or KeyError(key.hex())
        return place

    def _elsewhere(self, key: bytes, place: Place) -> Place:
        """Another place with the bytes that can't be read at this one; raises the error that is being handled where there is none.

        A pack of another run may have been collected, and a step that ran again because of damage stored its bytes anew.
        """
        self._packs.refresh()
        if self._packs.find(key) == place:
            self._packs.distrust(key, place)
        found = self._packs.find(key)
        if found is None:
            raise  # called where JournalDamaged is handled
        return found

    def _read_small(self, key: bytes) -> bytearray:
        found = self._writer.small(key)
        data = bytearray(found or b"")
        if found is None or digest_of_bytes(data) != key:
            raise JournalDamaged(path=str(self._path), why=f"small value {key.hex()[:12]} is not what was written")
        return data
