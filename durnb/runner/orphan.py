"""Kernels that outlived the runner that started them: nobody will ever send them another cell, and one that was stopped would never end."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from typing import Final

import psutil

from durnb.runner.task import Task

_POLL: Final = 0.02  # seconds
_PATIENCE: Final = (
    10.0  # seconds for a process that was killed to be gone; one that waits for a disk may take longer, and is not waited for
)
_STARTED: Final = 19  # the place of the start time among what /proc/PID/stat says after the program's name


def birth_of(pid: int | None) -> str | None:
    """What no other process has, ever, that this machine or another gives the same number; None where there is no such process, or it has ended."""
    if pid is None:
        return None
    try:
        said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return None if said[0] in "ZX" else f"{boot} {os.readlink('/proc/self/ns/pid')} {said[_STARTED]}"
    except (OSError, IndexError):
        return _told_by_psutil(pid)


def _told_by_psutil(pid: int) -> str | None:
    """The same where there is no /proc like Linux's."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{socket.gethostname()} {process.create_time()}"
    except psutil.Error:
        return None


def end_orphan(task: Task | None) -> None:
    """End the kernel of a task that no runner has, where it is still there, stopped or not. What it had not committed runs again."""
    if task is None or task.kernel is None or task.born is None:
        return
    end = time.monotonic() + _PATIENCE
    while birth_of(task.kernel) == task.born and time.monotonic() < end:
        try:
            os.kill(task.kernel, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # it has just ended; or it is another user's, who has the run then
            return
        time.sleep(_POLL)
