"""The runner: executes notebooks headless, and keeps them running over the death of their kernel."""

from __future__ import annotations

from durnb.runner.cells import CellFailure, CellPlace, Fate
from durnb.runner.executed import output_beside
from durnb.runner.exits import Exit, exit_code_table
from durnb.runner.parameters import parse_parameters, run_key
from durnb.runner.request import Mode, Outcome, RunRequest, Watcher
from durnb.runner.supervise import run_notebook, supervise

__all__ = [
    "CellFailure",
    "CellPlace",
    "Exit",
    "Fate",
    "Mode",
    "Outcome",
    "RunRequest",
    "Watcher",
    "exit_code_table",
    "output_beside",
    "parse_parameters",
    "run_key",
    "run_notebook",
    "supervise",
]
