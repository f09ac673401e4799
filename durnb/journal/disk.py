"""Files of the store: atomic, private to the user, and with errors that say the way out."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from durnb.errors import DiskFull, JournalError, JournalReadOnly
from durnb.journal.temporaries import hidden_beside

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_READ_ONLY: Final = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ELOOP)


def as_journal_error(error: OSError, path: Path) -> JournalError:
    """The error of durnb that `error` at `path` means."""
    if error.errno in _FULL:
        return DiskFull(path=str(path))
    if error.errno in _READ_ONLY:
        return JournalReadOnly(path=str(path), why=error.strerror or str(error))
    return JournalError(f"{path}: {error.strerror or error}")


@contextmanager
def at(path: Path) -> Iterator[None]:
    """Whatever the system refuses inside is raised as the JournalError that it means."""
    try:
        yield
    except OSError as error:
        raise as_journal_error(error, path) from error


def make_folder(folder: Path) -> None:
    """The folder and its missing parents, private. Raises OSError."""
    if folder.is_dir():
        return
    if not folder.parent.is_dir():
        make_folder(folder.parent)
    folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def write_all(fd: int, data: memoryview | bytes) -> None:
    """Write every byte of `data`, a memoryview of bytes. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view[: 1 << 24]) :]


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def size_of(path: Path) -> int:
    """Bytes of the file; 0 where there is none. Raises OSError."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _write_beside(path: Path, data: bytes, *, durable: bool) -> Path:
    temporary = hidden_beside(path)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        write_all(fd, data)
        if durable:
            os.fsync(fd)
    except BaseException:
        temporary.unlink()
        raise
    finally:
        os.close(fd)
    return temporary


def replace(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Put `data` at `path`: a reader sees the old content or the new, never a part. Raises OSError."""
    temporary = _write_beside(path, data, durable=durable)
    try:
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def create_once(path: Path, data: bytes) -> bytes:
    """Put `data` at `path` unless a file is there; the content that holds, whoever came first. Raises OSError."""
    temporary = _write_beside(path, data, durable=True)
    try:
        os.link(temporary, path)
        sync_folder(path.parent)
    except FileExistsError:
        return path.read_bytes()
    except OSError as error:
        # A file system without hard links (exFAT, some network ones): the rename is still atomic, only the race is not excluded.
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
            raise
        if path.exists():
            return path.read_bytes()
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return data
