"""The panel's page: a run's steps in notebook order with those not reached yet, how each stands and why, and what comes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from durnb.config import Settings
from durnb.engine import overview
from durnb.engine.cells import NotebookCell, step_names
from durnb.engine.overview import StepRow, spell
from durnb.engine.plan import QUICK, Plan, PlannedStep, plan
from durnb.engine.progress import Progress
from durnb.fold import History
from durnb.records import dataclass
from durnb.steps import StepHistory
from durnb.views.actions import Action, actions
from durnb.views.inside import CallCounts, WaitCard, counts_of, waits_of
from durnb.views.lanes import Lanes
from durnb.views.standing import Standing, standing_of
from durnb.views.timeline import Timeline, timeline

_NO_PLAN: Final = Plan(steps=())
_DEFAULTS: Final = Settings()
_PLAN_HOLDS: Final = timedelta(seconds=10)


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
    maps: tuple[Progress, ...] = ()
    waits: tuple[WaitCard, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """All that the panel shows of a run; `at` is when that was so."""

    run: str
    notebook: str
    state: str
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
        """``5 of 8 steps finished, 2 h 13 min of work kept; train is running, attempt 2``."""
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
        asleep = next((card for card in self.cards if card.standing == "waiting"), None)
        if asleep is not None:
            return f"{asleep.step} waits, without a kernel"
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
    return RunView(owned=owned).page(history, cells, now, settings, folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """A plan, and what it was made of."""

    cells: Sequence[NotebookCell]
    names: tuple[str, ...]
    settings: Settings
    folder: Path | None
    turned: int
    made: datetime
    steps: Mapping[str, PlannedStep]

    def holds(self, history: History, cells: Sequence[NotebookCell], now: datetime, settings: Settings, folder: Path | None) -> bool:
        """Whether it would be the same now. Checkpoints expire and files go by themselves: that is looked at now and then."""
        same = self.cells is cells and self.turned == history.turned and self.settings == settings and self.folder == folder
        return same and now - self.made < _PLAN_HOLDS


class RunView:
    """Makes the page of a run again and again. What did not change since the last time is taken from there."""

    def __init__(self, *, owned: bool = True) -> None:
        self._owned = owned
        self._begin(History())

    def _begin(self, history: History) -> None:
        self._history = history
        self._plan: _Planned | None = None
        self._cards: dict[str, tuple[tuple[int, int, PlannedStep | None, bool], StepCard]] = {}
        self._lanes = Lanes()
        self._line: Timeline | None = None

    def page(
        self,
        history: History,
        cells: Sequence[NotebookCell],
        now: datetime,
        settings: Settings = _DEFAULTS,
        folder: Path | None = None,
        *,
        maps: tuple[Progress, ...] = (),
        drawn: bool = True,
    ) -> RunPage:
        """The page at `now`, of a history that stands still meanwhile; `maps` are those of the step that runs.

        Not `drawn`: its timeline may be the last one.
        """
        if history is not self._history:
            self._begin(history)
        planned = self._plan
        if planned is None or not planned.holds(history, cells, now, settings, folder):
            planned = self._plan = _planned(history, cells, now, settings, folder)
        order = _order(planned.names, [step.name for step in history.steps.values() if step.executions])
        coming = planned.steps
        if drawn or self._line is None:
            self._line = timeline(history, order, now, self._lanes)
        return RunPage(
            run=history.run,
            notebook=history.notebook,
            state=history.state,
            at=now,
            started=history.started,
            kernels=history.epoch,
            parameters=dict(history.parameters),
            cards=tuple([self._card(name, coming.get(name), bool(coming) and name not in coming, now, maps) for name in order]),
            timeline=self._line,
        )

    def _card(self, name: str, planned: PlannedStep | None, outside: bool, now: datetime, maps: tuple[Progress, ...]) -> StepCard:
        step = self._history.steps.get(name)
        mark = (step.touched if step is not None else 0, self._history.swept, planned, outside)
        known = self._cards.get(name)
        if known is not None and known[0] == mark and known[1].since is None:
            return known[1]
        if step is None or not step.executions:
            label = planned.label if planned is not None else ""
            card = StepCard(step=name, standing="not reached", label=label, coming=_words(planned))
        else:
            row = overview.row(step)
            card = _card(step, row if self._owned else overview.unowned(row), planned, outside, now)
        if maps and card.since is not None:
            card = replace(card, maps=maps, calls=replace(card.calls, rate=None))
        self._cards[name] = mark, card
        return card


def _planned(history: History, cells: Sequence[NotebookCell], now: datetime, settings: Settings, folder: Path | None) -> _Planned:
    found = plan(history, cells, settings, now=now, folder=folder, largest=QUICK) if cells else _NO_PLAN
    return _Planned(
        cells=cells,
        names=tuple(step_names(cells)),
        settings=settings,
        folder=folder,
        turned=history.turned,
        made=now,
        steps={step.step: step for step in found.steps},
    )


def _order(in_notebook: Sequence[str], started: Sequence[str]) -> list[str]:
    """The notebook's order; a step that the file does not have stands after the one that was started before it."""
    order = list(dict.fromkeys(in_notebook))
    there = set(order)
    for index, name in enumerate(started):
        if name not in there:
            there.add(name)
            order.insert(order.index(started[index - 1]) + 1 if index else 0, name)
    return order


def _card(step: StepHistory, row: StepRow, planned: PlannedStep | None, outside: bool, now: datetime) -> StepCard:
    standing = standing_of(row.status)
    why = row.reason
    if standing == "finished" and planned is not None and planned.action in ("run", "ask"):
        standing, why = "stale", planned.reason
    checkpoint = step.checkpoint
    ran = checkpoint.ran if checkpoint is not None else None
    counts = counts_of(step, now)
    return StepCard(
        step=step.name,
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
        calls=counts,
        waits=waits_of(step) if standing in ("running", "waiting") else (),
        actions=actions(standing, step.name, ran=ran, kept=checkpoint is not None, calls=counts),
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
            return f"is put back, or runs: {planned.reason}" if planned.open else planned.reason
        case "ask":
            return "asks first"
        case "refuse":
            return f"is refused: {planned.reason}"
