"""The panel's page: a run's steps in notebook order with those not reached yet, how each stands and why, and what comes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from durnb.config import Settings
from durnb.engine import overview
from durnb.engine.cells import NotebookCell, step_names
from durnb.engine.overview import StepRow, spell
from durnb.engine.plan import Plan, PlannedStep, plan
from durnb.fold import History, RunStatus
from durnb.views.actions import Action, actions
from durnb.views.inside import CallCounts, WaitCard, counts_of, waits_of
from durnb.views.standing import Standing, standing_of
from durnb.views.timeline import Timeline, timeline

_NO_PLAN: Final = Plan(steps=())
_DEFAULTS: Final = Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCard:
    """One step of the page. `since` is when its attempt began, where it runs; `coming` is what Run All would do with it, in words.
    `label` is the cell in a few words, where the step's name says nothing of it.

    `at` (aware) is when it was last heard of; times in seconds, `size` bytes. `outside`: the saved notebook has no cell of that name.
    """

    step: str
    standing: Standing
    label: str = ""
    why: str = ""
    coming: str = ""
    at: datetime | None = None
    since: datetime | None = None
    ran: float | None = None
    save: float | None = None
    attempts: int = 0
    size: int | None = None
    lost: tuple[str, ...] = ()
    outside: bool = False
    calls: CallCounts = field(default_factory=CallCounts)
    waits: tuple[WaitCard, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """All that the panel shows of a run; `at` is when that was so."""

    run: str
    notebook: str
    state: RunStatus
    at: datetime
    started: datetime | None
    kernels: int
    parameters: Mapping[str, object]
    cards: tuple[StepCard, ...]
    timeline: Timeline

    def only(self, step: str) -> RunPage:
        """The page of one step, which is shown in its cell while it waits for an answer."""
        return replace(
            self,
            cards=tuple(card for card in self.cards if card.step == step),
            timeline=replace(self.timeline, steps=(), bars=(), pieces=()),
        )

    @property
    def counts(self) -> dict[Standing, int]:
        """How many steps stand how."""
        return dict(Counter(card.standing for card in self.cards))

    @property
    def kept(self) -> float:
        """Seconds of work that checkpoints hold."""
        return sum(card.ran or 0.0 for card in self.cards if card.standing == "finished")

    @property
    def size(self) -> int:
        """Bytes of the checkpoints."""
        return sum(card.size or 0 for card in self.cards)

    @property
    def headline(self) -> str:
        """``5 of 8 steps finished, 2 h 13 m of work kept; train is running, attempt 2``."""
        if not self.cards:
            return "no durable cell yet"
        done = sum(card.standing == "finished" for card in self.cards)
        kept = f", {spell(timedelta(seconds=self.kept))} of work kept" if self.kept else ""
        tail = self._tail()
        return f"{done} of {len(self.cards)} steps finished{kept}" + (f"; {tail}" if tail else "")

    def _tail(self) -> str:
        running = next((card for card in self.cards if card.standing == "running"), None)
        if running is not None and any(wait.what == "signal" for wait in running.waits):
            return f"{running.step} waits for an answer"
        if running is not None:
            return f"{running.step} is running" + (f", {running.why}" if running.why != "attempt 1" else "")
        urgent = next((card for card in self.cards if card.standing in ("asks", "aborted")), None)
        if urgent is not None:
            return f"{urgent.step} waits for an answer" if urgent.standing == "asks" else f"{urgent.step} is refused"
        following = next((card for card in self.cards if card.coming and card.standing != "finished"), None)
        return f"next: {following.step}" if following is not None else ""


def run_page(
    history: History,
    cells: Sequence[NotebookCell],
    now: datetime,
    settings: Settings = _DEFAULTS,
    *,
    folder: Path | None = None,
    owned: bool = True,
) -> RunPage:
    """The page of a run at `now` (aware). Not `owned`: nobody has the run, so what ran there died. Files that steps create count from `folder`."""
    planned = plan(history, cells, settings, now=now, folder=folder) if cells else _NO_PLAN
    coming = {step.step: step for step in planned.steps}
    rows = {row.step: row if owned else overview.unowned(row) for row in overview.rows(history)}
    order = _order(step_names(cells), list(rows))
    cards = tuple(_card(name, rows.get(name), coming.get(name), history, bool(coming) and name not in coming) for name in order)
    return RunPage(
        run=history.run,
        notebook=history.notebook,
        state=history.status,
        at=now,
        started=history.started,
        kernels=history.epoch,
        parameters=dict(history.parameters),
        cards=cards,
        timeline=timeline(history, order, now),
    )


def _order(in_notebook: Sequence[str], started: Sequence[str]) -> list[str]:
    """The notebook's order; a step that the file does not have stands after the one that was started before it."""
    order = list(dict.fromkeys(in_notebook))
    for index, name in enumerate(started):
        if name not in order:
            order.insert(order.index(started[index - 1]) + 1 if index else 0, name)
    return order


def _card(name: str, row: StepRow | None, planned: PlannedStep | None, history: History, outside: bool) -> StepCard:
    if row is None:
        return StepCard(step=name, standing="not reached", label=planned.label if planned is not None else "", coming=_words(planned))
    standing = standing_of(row.status)
    why = row.reason
    if standing == "finished" and planned is not None and planned.action in ("run", "ask"):
        standing, why = "stale", planned.reason
    step = history.steps[name]
    checkpoint = step.checkpoint
    ran = checkpoint.ran if checkpoint is not None else None
    return StepCard(
        step=name,
        standing=standing,
        label=row.label,
        why=why,
        coming=_words(planned),
        at=row.at,
        since=step.executions[-1].last.started if standing == "running" else None,
        ran=row.ran,
        save=checkpoint.save if checkpoint is not None else None,
        attempts=row.attempts,
        size=row.size,
        lost=row.lost,
        outside=outside,
        calls=counts_of(step),
        waits=waits_of(step) if standing == "running" else (),
        actions=actions(standing, name, ran=ran, kept=checkpoint is not None),
    )


def _words(planned: PlannedStep | None) -> str:
    if planned is None:
        return ""
    match planned.action:
        case "reuse":
            return "is put back"
        case "run":
            return "runs"
        case "maybe":
            return planned.reason
        case "ask":
            return "asks first"
        case "refuse":
            return f"is refused: {planned.reason}"
