"""The bytes of one commit: where they go, and the order that makes them durable before what refers to them."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from durnb import faults, mapped
from durnb.errors import NoRoom
from durnb.events import Event
from durnb.journal import disk, forks
from durnb.journal.mapping import place_of_token
from durnb.journal.packs import Packs, PackWriter, digest_of_bytes
from durnb.journal.room import Room, Wanted

SMALL: Final = 64_000  # bytes of a value up to which it lives in DuckDB
_SMALL_TOGETHER: Final = 4_000_000  # bytes of small values that one commit puts into DuckDB; the rest goes to the pack

Bytes = bytes | bytearray | memoryview | pickle.PickleBuffer


class Shelf(Protocol):
    """What a draft needs of its journal."""

    packs: Packs
    room: Room

    def stored(self) -> set[bytes]: ...
    def commit(self, events: Sequence[Event], blobs: dict[bytes, bytes], packs: set[str], step: str | None) -> int: ...
    def check_owner(self) -> None: ...


class ObjectsLock:
    """``objects/.lock``, held shared while a commit relies on stored buffers, exclusively by whoever deletes some."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: forks.Descriptor | None = None

    def share(self) -> bool:
        """Wait for a collection to end, then keep others out; False where that is so already. Raises OSError."""
        if self._file is None:
            disk.make_folder(self._folder)
            self._file = forks.Descriptor(self._folder / ".lock", os.O_RDWR | os.O_CREAT)
            fcntl.flock(self._file.number, fcntl.LOCK_SH)
            return True
        return False

    def release(self) -> None:
        if self._file is not None:
            self._file.close()


class Draft:
    """A place for the bytes of one commit; for one thread, and good for one `commit` or `abandon`.

    `size` is the bytes newly written: what is stored already costs nothing.
    """

    def __init__(self, shelf: Shelf, step: str | None) -> None:
        self._shelf, self._step = shelf, step
        self._lock = ObjectsLock(shelf.packs.folder)
        self._pack = PackWriter(shelf.packs.folder)
        self._blobs: dict[bytes, bytes] = {}
        self._ours: set[bytes] = set()
        self._lengths: set[int] = set()
        self._borrowed: set[str] = set()
        self._small = 0
        self._over = False

    @property
    def size(self) -> int:
        return self._small + self._pack.size

    def add(self, data: Bytes) -> str:
        """Store `data`, contiguous in memory; its digest. Where that fails, or is interrupted, the draft is spent.

        Raises DiskFull, JournalReadOnly, JournalForked.
        """
        self._begin()
        view = pickle.PickleBuffer(data).raw()
        try:
            with disk.at(self._shelf.packs.folder):
                digest = self._add_small(view) if len(view) <= SMALL else self._add_big(view)
        except BaseException:
            self.abandon()  # a part of a buffer lies in the pack, and its room may be needed
            raise
        return digest.hex()

    def reserve(self, data: Sequence[Bytes]) -> None:
        """Make sure that `data` will fit, before any of it is written; where it does not, what retention allows to go goes first.

        For a draft that holds nothing yet. Raises NoRoom, and what `add` raises.
        """
        folder, room = self._shelf.packs.folder, self._shelf.room
        if not data:
            return
        with disk.at(folder):
            wanted = Wanted([pickle.PickleBuffer(each).raw() for each in data])
            if room.fits(wanted.most) or room.fits(self._new_bytes(wanted)):
                return
            self._lock.release()
            self._lock = ObjectsLock(folder)
            room.make()
            needed, (left, limit) = self._new_bytes(wanted), room.left()
            if needed > left:
                raise NoRoom(step=self._step or "", path=str(room.folder), needed=needed, room=left, limit=limit)

    def _new_bytes(self, wanted: Wanted) -> int:
        """Bytes of it that are not stored yet, as exactly as it takes to tell whether they fit."""
        self._begin()
        stored, packs = self._shelf.stored(), self._shelf.packs
        surely = wanted.surely_new(lambda length: length <= SMALL or packs.may_hold(length))
        if not self._shelf.room.fits(surely):
            return surely
        return wanted.new(lambda digest: digest in stored or packs.find(digest) is not None)

    def _check_open(self) -> None:
        self._shelf.check_owner()
        if self._over:
            raise RuntimeError("this draft is committed or abandoned already")

    def _begin(self) -> None:
        self._check_open()
        with disk.at(self._shelf.packs.folder):
            if self._lock.share():
                self._shelf.packs.refresh()

    def _add_small(self, view: memoryview) -> bytes:
        digest = digest_of_bytes(view)
        if digest in self._blobs or digest in self._shelf.stored() or self._is_packed(digest):
            return digest
        if self._small + len(view) > _SMALL_TOGETHER:
            return self._write(view, digest)
        self._blobs[digest] = bytes(view)
        self._small += len(view)
        return digest

    def _add_big(self, view: memoryview) -> bytes:
        """Hash first only where a buffer of this length is stored; else hashing goes along with the writing."""
        known = self._digest_of_mapped(view)
        if known is not None and self._is_packed(known):
            return known
        if len(view) in self._lengths or self._shelf.packs.may_hold(len(view)):
            digest = digest_of_bytes(view)
            return digest if self._is_packed(digest) else self._write(view, digest)
        return self._write(view)

    def _digest_of_mapped(self, view: memoryview) -> bytes | None:
        """The digest of memory that was mapped from a pack, and that nobody wrote to; a commit waits for the check of what was mapped."""
        token = mapped.token_of_buffer(view) if len(view) >= mapped.BIG else None
        return self._shelf.packs.digest_at(place_of_token(token)) if token is not None else None

    def _is_packed(self, digest: bytes) -> bool:
        if digest in self._ours:
            return True
        place = self._shelf.packs.find(digest)
        if place is not None:
            self._borrowed.add(place.pack)
        return place is not None

    def _write(self, view: memoryview, known: bytes | None = None) -> bytes:
        digest = self._pack.write(view, known)
        self._ours.add(digest)
        self._lengths.add(len(view))
        return digest

    def commit(self, *events: Event) -> int:
        """Make everything durable in one transaction with `events`; the sequence number of the last.

        Raises what `Journal.append` raises; then nothing is committed, and the draft is spent.
        """
        self._check_open()
        try:
            packs = set(self._borrowed)
            with disk.at(self._shelf.packs.folder):
                if self._pack.index:
                    self._pack.seal()
                    self._shelf.packs.add(self._pack.name, self._pack.index)
                    packs.add(self._pack.name)
                faults.point("after-pack", self._step)
            return self._shelf.commit(events, self._blobs, packs, self._step)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Remove what was not committed; harmless when repeated, and in a forked child."""
        if not self._over:
            self._over = True
            self._pack.discard()
            self._lock.release()

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_: Any) -> None:
        self.abandon()
