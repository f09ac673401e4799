"""What a person is shown of a run, as facts: pure functions from the folded run, the plan and the notebook's cells to frozen dataclasses.

The package durnb_widgets renders them.
"""

from __future__ import annotations

from durnb.engine.overview import RunFacts
from durnb.views.actions import Action, actions
from durnb.views.run import RunPage, RunView, StepCard, run_page
from durnb.views.runs import RunColumn, RunsPage, runs_page
from durnb.views.standing import Standing
from durnb.views.step import StepPage, step_page, unreached_page
from durnb.views.timeline import Timeline, timeline

__all__ = [
    "Action",
    "RunColumn",
    "RunFacts",
    "RunPage",
    "RunView",
    "RunsPage",
    "Standing",
    "StepCard",
    "StepPage",
    "Timeline",
    "actions",
    "run_page",
    "runs_page",
    "step_page",
    "timeline",
    "unreached_page",
]
