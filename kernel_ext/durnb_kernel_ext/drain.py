"""Waits until what was written to the kernel's file descriptors has become messages."""

from __future__ import annotations

import fcntl
import struct
import sys
import termios
import time
from typing import Any, Final

_DEADLINE: Final = 2.0  # seconds; a child process that goes on writing does not hold up the commit
_WATCHER: Final = 0.002  # seconds from an empty pipe to the watcher thread's write, as measured


def _waiting(descriptor: int) -> int:
    """How many bytes stand in the pipe."""
    return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0\0\0\0"))[0])


def drain() -> None:
    """Returns when all output of this process written before the call has been handed to the kernel's output thread.

    Output of subprocesses, C code and ``os.write`` arrives by a watcher thread: without this, 2 of 100 such outputs came after the commit.
    """
    pipes = [descriptor for stream in (sys.stdout, sys.stderr) if isinstance(descriptor := _pipe(stream), int)]
    if pipes:
        end = time.monotonic() + _DEADLINE
        while time.monotonic() < end and any(_waiting(pipe) for pipe in pipes):
            time.sleep(_WATCHER / 4)
        time.sleep(_WATCHER)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _pipe(stream: Any) -> int | None:
    return getattr(stream, "_fid", None)
