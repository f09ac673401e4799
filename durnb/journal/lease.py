"""Who owns a run: a lock on ``<run>.lock`` that ends with its process, however that ends.

The file holds the owner's pid and the sequence number of the last event that it acknowledged, as text of fixed width.
"""

from __future__ import annotations

import fcntl
import os
from datetime import timedelta
from pathlib import Path
from typing import Final

from durnb.clock import Clock
from durnb.errors import RunHeld
from durnb.journal import disk, forks
from durnb.records import dataclass

_POLL: Final = 0.02  # seconds
_LEAST: Final = 0.1  # seconds; whoever only looks whether a run is owned holds its lock for some microseconds
_WIDTH: Final = 20


@dataclass(slots=True)
class Lease:
    """The right to a run. `acknowledged` is the last sequence number that any owner told its caller of; None where that is not known."""

    path: Path
    acknowledged: int | None
    _file: forks.Descriptor
    _pid: int

    @classmethod
    def acquire(cls, path: Path, *, run: str, notebook: str, clock: Clock, wait: timedelta) -> Lease:
        """Take the lease, waiting up to `wait` for its owner. Raises RunHeld, JournalReadOnly, DiskFull."""
        with disk.at(path):
            while True:
                file = forks.Descriptor(path, os.O_RDWR | os.O_CREAT)
                try:
                    _lock(file.number, clock, wait.total_seconds(), run, notebook)
                    if _is_at(file.number, path):
                        acknowledged = _read(file.number)[1]
                        lease = cls(path, acknowledged, file, os.getpid())
                        lease._write(acknowledged)
                        return lease
                except BaseException:
                    file.close()
                    raise
                file.close()  # the run was deleted while we waited, and with it the file that we have: whoever comes next locks another

    def acknowledge(self, seq: int) -> None:
        """Note that events up to `seq` were told to be durable, so that their loss will be seen. It is not itself durable, and never ahead."""
        self._write(seq)

    def _write(self, seq: int | None) -> None:
        number = "" if seq is None else str(seq)
        os.pwrite(self._file.number, f"{self._pid:<{_WIDTH}}{number:<{_WIDTH}}\n".encode(), 0)
        self.acknowledged = seq

    def forget(self) -> None:
        """The run is to be deleted: one that is made in its place owes nothing to it. Durable. Raises OSError."""
        self._write(None)
        os.fsync(self._file.number)

    def release(self) -> None:
        """Give the run up; harmless when repeated, and in a forked child, which never has it."""
        self._file.close()


def _lock(fd: int, clock: Clock, wait: float, run: str, notebook: str) -> None:
    end = clock.monotonic() + max(wait, _LEAST)
    while True:
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock.monotonic() >= end:
                raise RunHeld(run=run, notebook=notebook, pid=_read(fd)[0]) from None
        clock.sleep(_POLL)


def _is_at(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


def _read(fd: int) -> tuple[int | None, int | None]:
    text = os.pread(fd, 2 * _WIDTH, 0).decode("ascii", "replace")
    pid, seq = text[:_WIDTH].strip(), text[_WIDTH:].strip()
    return (int(pid) if pid.isdecimal() else None), (int(seq) if seq.isdecimal() else None)


def acknowledged(path: Path) -> int | None:
    """The last sequence number that an owner of the lease at `path` told of; None where none did, 0 where that can't be read."""
    try:
        return _read_file(path)
    except OSError:
        return 0


def _read_file(path: Path) -> int | None:
    file = forks.Descriptor(path, os.O_RDONLY)
    try:
        return _read(file.number)[1]
    finally:
        file.close()


def owner(path: Path) -> int | None:
    """The pid of the live process that holds the lease at `path`, 0 for one that is only now taking it, None where nobody does."""
    try:
        file = forks.Descriptor(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file.number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(file.number)[0] or 0
    finally:
        file.close()
    return None
