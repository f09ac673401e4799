"""Waits until what was written to the kernel's file descriptors has become messages."""

from __future__ import annotations

import fcntl
import os
import platform
import struct
import sys
import termios
import threading
import time
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
    _flush(sys.stdout, sys.stderr)


def _flush(*streams: Any) -> None:
    """Has the streams' buffers sent: in one turn of the thread that sends, where all are a kernel's own; by themselves each takes two."""
    threads = {id(thread): thread for stream in streams if (thread := getattr(stream, "pub_thread", None)) is not None}
    sender = next(iter(threads.values())) if len(threads) == 1 else None
    own = all(callable(getattr(stream, "_flush", None)) and getattr(stream, "pub_thread", None) is sender for stream in streams)
    running = getattr(sender, "thread", None)
    if sender is None or not own or running is None or not running.is_alive() or running is threading.current_thread():
        for stream in streams:
            stream.flush()
        return
    done = threading.Event()

    def send() -> None:
        try:
            for stream in streams:
                stream._flush()
        finally:
            done.set()

    sender.schedule(send)
    if not done.wait(_DEADLINE):
        print("durnb: the kernel's output thread did not send what was written", file=sys.__stderr__)


def _waiting(descriptor: int) -> int:
    """How many bytes stand in the pipe."""
    return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0\0\0\0"))[0])


def _is_reading(stream: Any, pipe: int) -> bool | None:
    """Whether the watcher thread waits in ``read`` of the pipe, having passed on all that it read before; None where the system does not tell.

    https://www.kernel.org/doc/html/latest/filesystems/proc.html: the number and arguments of the system call that a task is blocked in.
    """
    number = getattr(getattr(stream, "watch_fd_thread", None), "native_id", None)
    try:
        descriptor = os.open(f"/proc/self/task/{number}/syscall", os.O_RDONLY | os.O_CLOEXEC)
        try:
            call = os.read(descriptor, 256).split()
        finally:
            os.close(descriptor)
    except OSError:
        return None
    read = _READ.get(platform.machine())
    return None if read is None else call[:2] == [read, f"{pipe:#x}".encode()]
