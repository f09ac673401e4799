"""The line at a kernel's first durable cell: what is finished, what that saves, and what comes next."""

from __future__ import annotations

from datetime import timedelta

from durnb.engine.overview import spell
from durnb.engine.plan import Plan
from durnb.fold import History


def announcement(plan: Plan, history: History) -> str:
    """``5 of 8 steps restored, 2 h 13 m saved; next: train, its input df changed``; empty where nothing is finished.

    Where plain cells are still to define what steps read, those are only said to be finished.
    """
    reused = [step for step in plan.steps if step.action == "reuse" or step.open]
    if not plan.steps:
        done = [s for s in history.steps.values() if s.checkpoint is not None]
        saved = spell(timedelta(seconds=sum(s.checkpoint.spent for s in done if s.checkpoint is not None)))
        return f"{len(done)} finished step{'s' * (len(done) != 1)} in run {history.run}, {saved} of work kept" if done else ""
    if not reused:
        return ""
    saved = spell(timedelta(seconds=sum(step.ran or 0 for step in reused)))
    following = plan.next
    asks = "it asks: " if following is not None and following.action == "ask" else ""
    next_one = f"; next: {following}, {asks}{following.reason}" if following else ""
    where = "" if history.run == "interactive.1" else f" (run {history.run})"
    count = f"{len(reused)} of {len(plan.steps)} steps"
    if any(step.open for step in plan.steps):
        return (
            f"{count} are finished, {saved} of work; what plain cells define for them is looked at when their turn comes{next_one}{where}"
        )
    return f"{count} restored, {saved} saved{next_one or '; nothing is left to run'}{where}"
