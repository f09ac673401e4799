"""Questions about the step ``train`` of a told run, for the tests of decide."""

from __future__ import annotations

from typing import Any

from durnb.engine.decide import Decision, Execute, Question, Reuse, decide
from durnb.events import Input
from unit.engine.run_story import CODE, Story, made

RETRY, KEEP, DONE, ABORT = (f"%durable resolve train {answer}" for answer in ("retry", "keep", "done", "abort"))
DF = made("df", "load")
LONG = 700.0  # seconds, more than ask_over


def asked(story: Story, code: str = CODE, inputs: tuple[Input, ...] = (), *, step: str = "train", **options: Any) -> Question:
    return Question(step=step, code=code, inputs=inputs, **{"now": story.now, **options})


def decided(story: Story, code: str = CODE, inputs: tuple[Input, ...] = (), *, step: str = "train", **options: Any) -> Decision:
    return decide(story.history.steps.get(step), asked(story, code, inputs, step=step, **options))


def words(decision: Decision) -> str:
    return decision.reason if isinstance(decision, Reuse | Execute) else decision.why
