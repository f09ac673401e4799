"""What people and programs read of a notebook's runs: `durnb.history()`.

Runs, their steps, the executions and attempts of each, the checkpoints that they left, and the variables in those, loaded one by one. Everything
is looked up when it is asked for. Nothing here changes a run, or anything that is live.
"""

from __future__ import annotations

from durnb.archive.attempt import AttemptView
from durnb.archive.checkpoint import CheckpointView, Variable
from durnb.archive.execution import ExecutionView, InputView
from durnb.archive.notebook import NotebookHistory, open_history
from durnb.archive.rows import Rows, RunsLeftOut
from durnb.archive.run import RunView
from durnb.archive.step import StepView

__all__ = [
    "AttemptView",
    "CheckpointView",
    "ExecutionView",
    "InputView",
    "NotebookHistory",
    "Rows",
    "RunView",
    "RunsLeftOut",
    "StepView",
    "Variable",
    "open_history",
]
