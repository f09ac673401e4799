"""What a run of the runner came to, as the process's exit code: the one table that ``--help``, the code and the docs share."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from durnb.runner.places import Fate


class Exit(IntEnum):
    """The exit codes of ``durnb run``; a script can tell what to do next from them alone."""

    FINISHED = 0
    FAILED = 1
    USAGE = 2
    ASKS = 3
    DIED = 4
    HELD = 5
    SUSPENDED = 6
    PAUSED = 7
    CANCELLED = 8
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: Final[Mapping[Exit, str]] = {
    Exit.FINISHED: "finished: every cell ran or was restored",
    Exit.FAILED: "a cell failed, or a step was refused; run again to resume",
    Exit.USAGE: "the command can't be carried out as it was given",
    Exit.ASKS: "a step asks: answer with one of the commands that are printed, then run again",
    Exit.DIED: "the kernel died more often than --max-restarts allows",
    Exit.HELD: "another kernel or runner has the run",
    Exit.SUSPENDED: "suspended: it waits without a kernel; a worker, or the same command, goes on with it",
    Exit.PAUSED: "paused by durnb pause; durnb resume lets it go on",
    Exit.CANCELLED: "cancelled by durnb cancel",
    Exit.INTERRUPTED: "interrupted (Ctrl-C); run again to resume",
    Exit.TERMINATED: "ended by SIGTERM; run again to resume",
}


def exit_of_error(name: str) -> Exit:
    """The exit code for a cell that failed with an exception of this class name."""
    match name:
        case "StepAsks" | "StoreOffered":
            return Exit.ASKS
        case "RunHeld":
            return Exit.HELD
        case "RunIsPaused":
            return Exit.PAUSED
        case "RunIsCancelled":
            return Exit.CANCELLED
        case _:
            return Exit.FAILED


def fate_of_error(name: str) -> Fate:
    """What became of a cell that ended with an exception of this class name."""
    match exit_of_error(name):
        case Exit.ASKS:
            return "asks"
        case Exit.PAUSED:
            return "paused"
        case Exit.CANCELLED:
            return "cancelled"
        case _:
            return "failed"


def exit_of_signal(number: int) -> Exit:
    """The exit code for a run that a person or the system stopped by this signal."""
    return Exit.TERMINATED if number == signal.SIGTERM else Exit.INTERRUPTED


def exit_code_table() -> str:
    """The table as aligned text, one line for each code."""
    return "\n".join(f"{code.value:>5}  {meaning}" for code, meaning in MEANINGS.items())
