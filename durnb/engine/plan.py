"""What Run All would do now, told from the notebook's file and the run's history, before anything is done.

It can't know what plain cells will define: a step whose code and durable inputs stand is planned to be reused, and looked at again when it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from durnb.config import Settings, length_text
from durnb.engine import creations, remaking
from durnb.engine.cells import NotebookCell, header_of, title
from durnb.engine.decide import MADE, REMOVED, answers
from durnb.engine.header import FoundHeader
from durnb.engine.manifest import Manifest
from durnb.engine.overview import seconds_text, spell
from durnb.fingerprint import read_cell
from durnb.fold import History
from durnb.steps import Checkpoint, StepHistory

LEFT_OPEN: Final = "values that plain cells define are looked at when the step's turn comes"
_DEFAULTS: Final = Settings()
Action = Literal["reuse", "run", "maybe", "ask", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step and what is planned for it; `ran` seconds that a reuse saves. `label` is the cell in a few words, where its name says nothing of it."""

    step: str
    action: Action
    reason: str
    ran: float | None = None
    label: str = ""

    def __str__(self) -> str:
        return f"{self.step} ({self.label})" if self.label else self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All steps in notebook order."""

    steps: tuple[PlannedStep, ...]

    @property
    def next(self) -> PlannedStep | None:
        """The first step that will not simply be reused."""
        return next((step for step in self.steps if step.action != "reuse"), None)


def plan(
    history: History | None,
    cells: Sequence[NotebookCell],
    settings: Settings = _DEFAULTS,
    *,
    now: datetime | None = None,
    folder: Path | None = None,
) -> Plan:
    """The plan for `cells` of the notebook, given the run's history (None: no run yet).

    Without `now` no checkpoint expires. `folder` is where the files of ``--creates`` are looked for; without it they are not, and they are never read.
    """
    walk = _Walk(history=history, settings=settings, now=now, folder=folder)
    return Plan(steps=tuple(walk.step(found) for cell in cells if (found := header_of(cell)) is not None))


def announcement(plan: Plan, history: History) -> str:
    """``5 of 8 steps restored, 2 h 13 min saved; next: train, its input df changed``; empty where nothing is restored."""
    reused = [step for step in plan.steps if step.action == "reuse"]
    if not plan.steps:
        done = [s for s in history.steps.values() if s.checkpoint is not None]
        saved = spell(timedelta(seconds=sum(s.checkpoint.ran for s in done if s.checkpoint is not None)))
        return f"{len(done)} finished step{'s' * (len(done) != 1)} in run {history.run}, {saved} of work kept" if done else ""
    if not reused:
        return ""
    saved = spell(timedelta(seconds=sum(step.ran or 0 for step in reused)))
    following = plan.next
    tail = f"; next: {following}, {following.reason}" if following else "; nothing is left to run"
    where = "" if history.run == "interactive.1" else f" (run {history.run})"
    return f"{len(reused)} of {len(plan.steps)} steps restored, {saved} saved{tail}{where}"


@dataclass(slots=True, kw_only=True)
class _Walk:
    """Goes through the notebook: which steps are planned to run, and the digests of what the reused ones bind."""

    history: History | None
    settings: Settings
    now: datetime | None
    folder: Path | None
    named: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    digests: dict[str, tuple[str, str]] = field(default_factory=dict)

    def step(self, found: FoundHeader) -> PlannedStep:
        if found.header.name in self.named:
            return PlannedStep(step=found.header.name, action="refuse", reason="two cells are called that: give one of them another name")
        self.named.add(found.header.name)
        step = self.history.steps.get(found.header.name) if self.history is not None else None
        planned, serving = self._plan(found, step)
        if planned.action == "maybe" or (planned.action == "run" and serving is None):
            self.running.add(planned.step)
        elif serving is not None:
            self.digests.update({name: (digest, planned.step) for name, digest in _digests(serving).items()})
        return replace(planned, label=title(found.body)) if found.spelling == "unmarked" else planned

    def _plan(self, found: FoundHeader, step: StepHistory | None) -> tuple[PlannedStep, Checkpoint | None]:
        name = found.header.name
        if step is not None and (answered := _answered(step)) is not None:
            return answered
        if step is None or step.last is None:
            return PlannedStep(step=name, action="run", reason="it has not run yet"), None
        checkpoint = step.checkpoint
        if found.header.once and (step.unfinished or checkpoint is not None):
            return _once(step, checkpoint)
        candidates = [] if found.header.always else _same_code(found, step, step.checkpoints.values())
        fresh = [c for c in candidates if not self._expired(found, c) and self._moved(c) is None and self._spoiled(found, c) is None]
        if fresh and found.spelling == "unmarked" and (lost := self._made_again(found, fresh[0])):
            return PlannedStep(step=name, action="run", reason=remaking.reason(lost), ran=fresh[0].ran), fresh[0]
        if fresh:
            return self._by_inputs(name, fresh[0]), fresh[0]
        if checkpoint is None or step.unfinished:
            return _unfinished(step), None
        return self._stale(found, step, checkpoint, candidates)

    def _made_again(self, found: FoundHeader, checkpoint: Checkpoint) -> tuple[str, ...]:
        """What a new kernel would make again."""
        manifest = _manifest(checkpoint)
        again = manifest is not None and remaking.can_be_made_again(found.body, checkpoint, manifest, self.settings.remake_under)
        return tuple(manifest.lost) if manifest is not None and again else ()

    def _by_inputs(self, name: str, checkpoint: Checkpoint) -> PlannedStep:
        for i in checkpoint.inputs:
            if i.kind == "durable" and i.maker in self.running:
                return PlannedStep(step=name, action="maybe", reason=f"runs if {i.maker!r} gives another `{i.name}`", ran=checkpoint.ran)
        return PlannedStep(step=name, action="reuse", reason="finished", ran=checkpoint.ran)

    def _moved(self, checkpoint: Checkpoint) -> str | None:
        """Why the checkpoint does not fit what the reused steps before it bind."""
        for i in checkpoint.inputs:
            digest, maker = self.digests.get(i.name, (i.digest, ""))
            if i.kind == "durable" and digest != i.digest and i.maker not in self.running:
                return f"its input `{i.name}` changed: {maker!r} ran again"
        return None

    def _spoiled(self, found: FoundHeader, checkpoint: Checkpoint) -> str | None:
        """Why the files that the step made are not what they were, unless a person had it kept with other files."""
        kept = any(i.name.startswith(MADE) for _, inputs in checkpoint.kept for i in inputs)
        manifest = _manifest(checkpoint) if found.header.creates and not kept else None
        return creations.missing(manifest, found.header.creates, self.folder) if manifest is not None and self.folder is not None else None

    def _expired(self, found: FoundHeader, checkpoint: Checkpoint) -> bool:
        expires = found.header.expires
        return expires is not None and self.now is not None and self.now - checkpoint.at > expires

    def _stale(
        self, found: FoundHeader, step: StepHistory, checkpoint: Checkpoint, candidates: Sequence[Checkpoint]
    ) -> tuple[PlannedStep, Checkpoint | None]:
        name, how = found.header.name, found.header.on_change or self.settings.on_change
        why = "--always" if found.header.always else "its code was edited"
        if candidates:
            why = (
                self._moved(candidates[0])
                or self._spoiled(found, candidates[0])
                or f"its checkpoint expired (--expires {length_text(found.header.expires or timedelta(0))})"
            )
        if any(not self._expired(found, c) and self._moved(c) is None for c in _same_code(found, step, step.dropped.values())):
            why = f"{why}; {REMOVED}"
        if how == "keep" and not found.header.always:
            return PlannedStep(step=name, action="reuse", reason=f"kept although {why} (--on-change keep)", ran=checkpoint.ran), checkpoint
        if how == "ask" and not found.header.always:
            return PlannedStep(step=name, action="ask", reason=why), checkpoint
        return PlannedStep(step=name, action="run", reason=why, ran=checkpoint.ran), None


def _answered(step: StepHistory) -> tuple[PlannedStep, Checkpoint | None] | None:
    """What a person decided, or asked for, and has not happened yet."""
    checkpoint = step.checkpoint
    match step.answer:
        case "abort":
            return PlannedStep(step=step.name, action="refuse", reason="it was aborted"), None
        case "keep" if checkpoint is not None:
            return PlannedStep(step=step.name, action="reuse", reason="kept, as you answered", ran=checkpoint.ran), checkpoint
        case "done":
            return PlannedStep(step=step.name, action="reuse", reason="taken as done, as you answered"), None
        case answer if answer == "retry" or (step.rerun and step.executions):
            return PlannedStep(step=step.name, action="run", reason="it was asked to run again"), None
        case _:
            return None


def _once(step: StepHistory, checkpoint: Checkpoint | None) -> tuple[PlannedStep, Checkpoint | None]:
    if step.unfinished:
        commands = " or ".join(answers(step.name, "done", "retry"))
        return PlannedStep(step=step.name, action="ask", reason=f"it is --once, was started and did not finish; {commands}"), None
    ran = checkpoint.ran if checkpoint is not None else None
    return PlannedStep(step=step.name, action="reuse", reason="finished; --once never runs it twice", ran=ran), checkpoint


def _unfinished(step: StepHistory) -> PlannedStep:
    last = step.executions[-1].last
    words = {
        "crashed": "died with the kernel",
        "exception": "failed",
        "timeout": "timed out",
        "interrupt": "was interrupted",
        "running": "has not finished",
    }
    return PlannedStep(step=step.name, action="run", reason=f"its attempt {last.number} {words.get(last.status, 'was not saved')}")


def _same_code(found: FoundHeader, step: StepHistory, among: Iterable[Checkpoint]) -> list[Checkpoint]:
    """Those of the checkpoints that serve this code, the current one first, then the newest."""
    code = _code_of(found.body)
    sources = {e.number: e.source for e in step.executions}
    newest = sorted(among, key=lambda c: (c.number != step.current, -c.number))

    def serves(checkpoint: Checkpoint) -> bool:
        if code is None:
            return sources.get(checkpoint.execution, "").strip() == found.body.strip()
        return code == checkpoint.code or any(code == kept for kept, _ in checkpoint.kept)

    return [c for c in newest if c.number >= step.serves_from and serves(c)]


@lru_cache(maxsize=4096)  # a panel plans again at each change of the run
def _code_of(body: str) -> str | None:
    """The code's digest where the body is Python as it stands; None where IPython would transform it."""
    try:
        return read_cell(body).digest
    except SyntaxError:
        return None


def _digests(checkpoint: Checkpoint) -> dict[str, str]:
    manifest = _manifest(checkpoint)
    return {name: stored.digest for name, stored in manifest.names.items()} if manifest is not None else {}


def _manifest(checkpoint: Checkpoint) -> Manifest | None:
    return _read(checkpoint.manifest)


@lru_cache(maxsize=4096)
def _read(manifest: str) -> Manifest | None:
    try:
        return Manifest.decode(manifest)
    except (ValueError, KeyError, TypeError):
        return None


PLAN_HEADS: Final = ("step", "would", "why", "ran before")


def plan_cells(step: PlannedStep) -> tuple[str, str, str, str]:
    """A planned step as a row of a table."""
    return str(step), "run or reuse" if step.action == "maybe" else step.action, step.reason, seconds_text(step.ran)
