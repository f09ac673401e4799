"""What the runner is asked to do, whom it tells, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

from durnb.records import dataclass
from durnb.runner.exits import Exit
from durnb.runner.places import CellFailure, CellPlace, Fate

Mode = Literal["auto", "new", "resume"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """Execute `notebook`, an absolute path, into `output` as the run `key`. `mode` auto resumes the unfinished run of the key, else begins the next.

    A kernel without a sign of life for `hung_after` is taken for dead. `notify` is a command or URL, empty for the setting. Of the runs that a worker
    has to start, those of higher `priority` go first. A step that only waits, since `suspend_after` and for as long to come, has its kernel ended (None:
    never); then, where the runner `stays`, it starts another when the time has come, else it ends.
    `every`: every cell is a step, as by ``%durable all``. After SIGTERM the running cell has `drain` to end; a worker has a time of its own for that.
    """

    notebook: Path
    output: Path
    key: str
    mode: Mode = "auto"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    max_restarts: int = 5
    kernel: str | None = None
    hung_after: timedelta = timedelta(minutes=10)
    notify: str = ""
    priority: int = 0
    suspend_after: timedelta | None = timedelta(seconds=30)
    stays: bool = False
    every: bool = False
    drain: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the run ended. `run` is None where the notebook has no durable step that was reached; `deaths` counts kernels that died.

    `wake` is when a suspended run goes on; None where only a signal lets it.
    """

    exit: Exit
    run: str | None
    deaths: int
    cell: CellPlace | None = None
    failure: CellFailure | None = None
    message: str = ""
    wake: datetime | None = None


def message_of(outcome: Outcome) -> str:
    """Why it ended so, in a line; empty where there is nothing to say."""
    if outcome.failure is None:
        return outcome.message
    first = outcome.failure.message.partition("\n")[0]
    return first if outcome.failure.name.startswith(("Step", "Run")) else f"{outcome.failure.name}: {first}"


class Watcher(Protocol):
    """Is told what happens, as it happens; times in seconds."""

    def kernel_starts(self, life: int) -> None: ...
    def kernel_ready(self, pid: int | None) -> None: ...
    def run_known(self, run: str, resumed: bool) -> None: ...
    def cell_starts(self, cell: CellPlace) -> None: ...
    def cell_says(self, text: str) -> None: ...
    def cell_ended(self, cell: CellPlace, fate: Fate, seconds: float) -> None: ...
    def kernel_died(self, cell: CellPlace | None, deaths: int, max_restarts: int) -> None: ...
    def note(self, text: str) -> None: ...
