"""The badges of a step's ends, from what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from durnb.engine import overview
from durnb.engine.attempts import Attempts
from durnb.engine.badge import Badge, asking, question_in
from durnb.engine.commit import Committed
from durnb.engine.decide import Reuse, answers
from durnb.engine.putback import PutBack
from durnb.engine.saving import Ended
from durnb.engine.waiting import Waiting
from durnb.steps import Checkpoint, StepHistory


def unseen(names: tuple[str, ...]) -> list[str]:
    """That a plain cell changed what this step does not see."""
    if not names:
        return []
    label = ", ".join(f"`{name}`" for name in names)
    it = "it" if len(names) == 1 else "them"
    return [
        f"{label} was changed by a plain cell after this step had {it}, which is not seen here: run the cells above again, to have it seen"
    ]


def reloads(notes: Sequence[str]) -> list[str]:
    """The notes that a step which is reused tells too: a file says something else than what counted, which is what is loaded."""
    return [note for note in notes if note.startswith("reload ")]


def reused(checkpoint: Checkpoint, decision: Reuse, back: PutBack, notes: Sequence[str] = ()) -> Badge:
    """A checkpoint was put back."""
    stale = [f"stale, and kept: {decision.stale}"] if decision.stale else []
    return Badge(
        step=checkpoint.step,
        state="reused",
        ran_at=checkpoint.at,
        ran=checkpoint.ran,
        reason="" if decision.reason == "finished" else decision.reason,
        commands=(f"%durable rerun {checkpoint.step}",),
        notes=(*stale, *notes, *back.notes),
    )


def failed(step: StepHistory, attempts: Attempts) -> Badge:
    """The last attempt ended without a result."""
    error = step.executions[-1].last.error
    if error is not None and error.type == "StepAsks":
        why, commands = question_in(step.name, error.message)
        return asking(step.name, why, commands, attempt=attempts.numbers.attempt, notes=tuple(attempts.notes))
    return Badge(
        step=step.name,
        state="failed",
        attempt=attempts.numbers.attempt,
        commands=answers(step.name, "done", "retry") if attempts.request.header.once else (),
        reason=overview.ending(step),
        notes=tuple(attempts.notes),
    )


def waiting(found: Waiting, attempts: Attempts) -> Badge:
    """The step does nothing but wait, and its kernel is about to be ended for so long."""
    signals = [f"for the signal {' or '.join(found.names)}"] if found.names else []
    until = [f"until {found.until.astimezone():%Y-%m-%d %H:%M:%S}"] if found.until is not None else []
    return Badge(step=found.step, state="waiting", attempt=attempts.numbers.attempt, reason=" ".join([*signals, *until]))


def saving(ended: Ended, attempts: Attempts, now: datetime) -> Badge:
    """The body ended well, and its commit lasts."""
    return Badge(step=ended.step, state="saving", ran=ended.ran, attempt=ended.attempt, reason=attempts.why(), since=now)


def succeeded(ended: Ended, done: Committed, attempts: Attempts, now: datetime) -> Badge:
    """The step ran, and is committed."""
    return Badge(
        step=ended.step,
        state="succeeded",
        ran_at=now,
        ran=ended.ran,
        save=done.save,
        size=done.size,
        attempt=ended.attempt,
        reason=attempts.why(),
        notes=(*attempts.notes, *done.notes),
    )
