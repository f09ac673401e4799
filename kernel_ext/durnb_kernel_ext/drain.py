"""Waits until what was written to the kernel's file descriptors has become messages."""

from __future__ import annotations

import fcntl
import platform
import struct
import sys
import termios
import time
from pathlib import Path
from typing import Any, Final

_DEADLINE: Final = 2.0  # seconds; a child process that goes on writing does not hold up the commit
_WATCHER: Final = 0.002  # seconds from an empty pipe to the watcher thread's write, as measured
_PAUSE: Final = 0.0002  # seconds between looks at a watcher that is busy
_READ: Final = {"x86_64": b"0", "aarch64": b"63"}  # the number of read(2) in Linux


def drain() -> None:
    """Returns when all output of this process written before the call has been handed to the kernel's output thread.

    Output of subprocesses, C code and ``os.write`` arrives by a watcher thread: without this, 2 of 100 such outputs came after the commit.
    """
    watched = [(stream, pipe) for stream in (sys.stdout, sys.stderr) if isinstance(pipe := getattr(stream, "_fid", None), int)]
    end, unseen = time.monotonic() + _DEADLINE, False
    for stream, pipe in watched:
        while time.monotonic() < end:
            passed_on = None if _waiting(pipe) else _is_reading(stream, pipe)
            if passed_on:
                break
            if passed_on is None and not _waiting(pipe):
                unseen = True
                break
            time.sleep(_PAUSE)
    if unseen:
        time.sleep(_WATCHER)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _waiting(descriptor: int) -> int:
    """How many bytes stand in the pipe."""
    return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0\0\0\0"))[0])


def _is_reading(stream: Any, pipe: int) -> bool | None:
    """Whether the watcher thread waits in ``read`` of the pipe, having passed on all that it read before; None where the system does not tell.

    https://www.kernel.org/doc/html/latest/filesystems/proc.html: the number and arguments of the system call that a task is blocked in.
    """
    number = getattr(getattr(stream, "watch_fd_thread", None), "native_id", None)
    try:
        call = Path(f"/proc/self/task/{number}/syscall").read_bytes().split()
    except OSError:
        return None
    read = _READ.get(platform.machine())
    return None if read is None else call[:2] == [read, f"{pipe:#x}".encode()]
