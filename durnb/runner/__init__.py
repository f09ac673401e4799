"""The runner: executes notebooks headless, and keeps them running over the death of their kernel."""

from __future__ import annotations

from durnb.runner.cells import CellFailure, CellPlace, Fate
from durnb.runner.eventlines import EventLines, Watchers
from durnb.runner.executed import output_beside
from durnb.runner.exits import Exit, exit_code_table
from durnb.runner.parameters import parse_parameters, run_key
from durnb.runner.request import Mode, Outcome, RunRequest, Watcher, message_of
from durnb.runner.supervise import run_notebook, supervise

__all__ = [
    "CellFailure",
    "CellPlace",
    "EventLines",
    "Exit",
    "Fate",
    "Mode",
    "Outcome",
    "RunRequest",
    "Watcher",
    "Watchers",
    "exit_code_table",
    "message_of",
    "output_beside",
    "parse_parameters",
    "run_key",
    "run_notebook",
    "supervise",
]
