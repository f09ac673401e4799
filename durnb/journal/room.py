"""Whether a save fits: on the disk, and into what the setting max_store allows the store."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from durnb.errors import JournalError
from durnb.journal.disk import size_of
from durnb.journal.packs import PAGE, digest_of_bytes
from durnb.records import dataclass

_MARGIN: Final = 16_000_000  # bytes of the disk that are left to the journals themselves


def _no_limit() -> int:
    return 0


def _nothing() -> None:
    pass


@dataclass(slots=True)
class Room:
    """The room for a store. `limit` gives max_store in bytes, 0 for none; `collect` removes what retention allows."""

    folder: Path
    limit: Callable[[], int] = _no_limit
    collect: Callable[[], None] = _nothing

    def left(self) -> tuple[int, int]:
        """Bytes that may still be written, and the max_store that decides it: 0 where it is the disk. Raises OSError."""
        disk, limit = free_on_disk(self.folder), self.limit()
        allowed = limit - size_of_store(self.folder) if limit else disk
        return (max(allowed, 0), limit) if allowed < disk else (disk, 0)

    def fits(self, size: int) -> bool:
        """Whether that many bytes may still be written. Raises OSError."""
        return size <= self.left()[0]

    def make(self) -> None:
        """Remove what may go; where that fails, whoever asks for room finds that there is none."""
        with suppress(JournalError):
            self.collect()


@dataclass(slots=True)
class Wanted:
    """Buffers that are to be stored, each once, and what of them is new. They are hashed at most once, and only where that is needed."""

    views: Sequence[memoryview]
    _lengths: dict[bytes, int] | None = None

    @property
    def most(self) -> int:
        """Bytes, if nothing of them is stored."""
        return sum(map(len, self.views))

    def surely_new(self, may_hold: Callable[[int], bool]) -> int:
        """Bytes that are new whatever they hold: nothing that may be stored is as long."""
        return sum(length for length in {len(view) for view in self.views} if not may_hold(length))

    def new(self, is_stored: Callable[[bytes], bool]) -> int:
        """Bytes that are not stored."""
        if self._lengths is None:
            self._lengths = {digest_of_bytes(view): len(view) for view in self.views}
        return sum(length + PAGE for digest, length in self._lengths.items() if not is_stored(digest))


def free_on_disk(folder: Path) -> int:
    """Bytes that may be written where `folder` is, or will be. Raises OSError."""
    while True:
        try:
            found = os.statvfs(folder)
            break
        except (FileNotFoundError, NotADirectoryError):
            if folder == folder.parent:
                raise
            folder = folder.parent
    if not found.f_blocks:  # a file system that does not tell
        return 1 << 62
    return max(0, found.f_bavail * found.f_frsize - _MARGIN)


def size_of_store(folder: Path) -> int:
    """Bytes of all files of a store: journals and packs, those of all its runs. Raises OSError."""
    return sum(size_of(path) for part in (folder, folder / "objects") if part.is_dir() for path in part.iterdir() if path.is_file())
