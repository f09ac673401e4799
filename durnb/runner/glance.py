"""Runs in short, by their status and task files: only a journal that such a file is behind is opened, once, so a thousand runs are looked at in a moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast

from durnb.clock import Clock
from durnb.journal import RunName, Store, task_claimed
from durnb.records import dataclass
from durnb.runner.exits import Exit
from durnb.runner.runview import fresh_status
from durnb.runner.task import Task, tasks_of

Standing = Literal[
    "running",
    "idle",
    "queued",
    "suspended",
    "paused",
    "asks",
    "failed",
    "interrupted",
    "crashed",
    "open",
    "finished",
    "cancelled",
    "abandoned",
]
OVER: frozenset[Standing] = frozenset({"finished", "cancelled", "abandoned"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """One run, or a task whose run has not begun (`run` is None). `at` is when it was last told of; a suspended one goes on at `wake`, or at one of the signals that it `waits_for`."""

    notebook: Path
    key: str
    run: str | None
    standing: Standing
    step: str | None = None
    reason: str = ""
    finished: int = 0
    steps: int = 0
    owner: int | None = None
    at: datetime | None = None
    wake: datetime | None = None
    waits_for: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "notebook": str(self.notebook),
            "run": self.run,
            "key": self.key,
            "standing": self.standing,
            "step": self.step,
            "reason": self.reason,
            "finished": self.finished,
            "steps": self.steps,
            "owner": self.owner,
            "at": self.at.isoformat() if self.at else None,
            "wake": self.wake.isoformat() if self.wake else None,
            "waits_for": list(self.waits_for),
        }


def glances(store: Store, clock: Clock) -> Iterator[Glance]:
    """Every run of a notebook, and every task that has none yet."""
    tasks = {task.key: task for task in tasks_of(store)}
    newest = {run.key: run for run in store.runs()}
    for run in store.runs():
        yield _of_run(store, run, tasks.get(run.key) if newest[run.key] == run else None, clock)
    for key, task in tasks.items():
        if key not in newest and task.standing != "ended":
            claimed = task_claimed(store, key)
            standing: Standing = "queued" if task.standing == "queued" else "running" if claimed is not None else "crashed"
            yield Glance(notebook=store.notebook, key=key, run=None, standing=standing, owner=claimed, at=task.at)


def _of_run(store: Store, run: RunName, task: Task | None, clock: Clock) -> Glance:
    status = fresh_status(store, run, clock)
    steps: list[Mapping[str, Any]] = [step for step in status.get("steps", ()) if isinstance(step, Mapping)]
    owner = store.owner(run)
    last = steps[-1] if steps else {}
    return Glance(
        notebook=store.notebook,
        key=run.key,
        run=str(run),
        standing=_standing(str(status.get("state", "open")), [str(step.get("status")) for step in steps], owner, task),
        step=str(last["step"]) if "step" in last else None,
        reason=str(last.get("reason", "")),
        finished=sum(step.get("status") == "finished" for step in steps),
        steps=len(steps),
        owner=owner,
        at=_time(status.get("at")),
        wake=task.wake if task is not None and task.standing == "suspended" else None,
        waits_for=tuple(map(str, status.get("waits_for") or ())),
    )


def _standing(state: str, steps: list[str], owner: int | None, task: Task | None) -> Standing:
    if state in OVER or state == "paused":
        return cast(Standing, state)
    if owner is not None:
        return "running" if "running" in steps else "idle"
    if task is not None and task.standing in ("queued", "suspended"):
        return task.standing
    if "asks" in steps or (task is not None and task.exit == Exit.ASKS):
        return "asks"
    if {"running", "died"} & set(steps) or (task is not None and task.standing == "running"):
        return "crashed"
    return "failed" if "failed" in steps else "interrupted" if "interrupted" in steps else "open"


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def newest_first(found: list[Glance]) -> list[Glance]:
    """Those that go on before those that are over, and of each the newest first."""
    return sorted(found, key=lambda one: (one.standing in OVER, -(one.at.timestamp() if one.at else 0.0), str(one.notebook), one.run or ""))
