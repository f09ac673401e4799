"""What Run All would do now, told from the notebook's file and the run's history, before anything is done.

It can't know what plain cells will define. What a kernel has live of them is looked at where that is what they would define again; else a step whose
code and durable inputs stand is planned to be run or reused. Each is looked at again when its turn comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, assert_never

from durnb.config import Settings, length_text
from durnb.engine import creations, remaking
from durnb.engine.above import Above
from durnb.engine.badge import question_in, shortened
from durnb.engine.cells import NotebookCell, header_of, step_names, title
from durnb.engine.decide import (
    FIRST,
    MADE,
    REMOVED,
    Ask,
    Decision,
    Execute,
    Question,
    Refuse,
    Reuse,
    answers,
    changes,
    decide,
)
from durnb.engine.differences import reason_of
from durnb.engine.header import FoundHeader
from durnb.engine.manifest import Manifest
from durnb.engine.outlook import Live, Outlook, Seen
from durnb.engine.overview import seconds_text
from durnb.engine.plain import PlainCells, read_plain
from durnb.events import Input
from durnb.fingerprint import read_cell
from durnb.fold import History
from durnb.records import dataclass
from durnb.steps import Checkpoint, StepHistory

LEFT_OPEN: Final = "values that plain cells define are looked at when the step's turn comes"
QUICK: Final = 16_000_000
"""Bytes of a file that is read for a glance, such as the panel's."""
FINISHED: Final = "finished"
_DEFAULTS: Final = Settings()
Action = Literal["reuse", "run", "maybe", "ask", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step and what is planned for it; `ran` seconds that a reuse saves. `label` is the cell in a few words, where its name says nothing of it.

    `open`: it is finished, and stands but for what plain cells will define for it, or for a step that it builds upon.
    """

    step: str
    action: Action
    reason: str
    ran: float | None = None
    label: str = ""
    open: bool = False

    @property
    def settled(self) -> bool:
        """Whether it is finished and stands."""
        return self.action == "reuse" and self.reason == FINISHED

    def __str__(self) -> str:
        return f"{self.step} ({self.label})" if self.label else self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All steps in notebook order."""

    steps: tuple[PlannedStep, ...]

    @property
    def next(self) -> PlannedStep | None:
        """The first step that will not simply be reused, as far as can be told."""
        return next((step for step in self.steps if step.action != "reuse" and not step.open), None)


def plan(
    history: History | None,
    cells: Sequence[NotebookCell],
    settings: Settings = _DEFAULTS,
    *,
    now: datetime | None = None,
    folder: Path | None = None,
    live: Live | None = None,
    largest: int | None = None,
) -> Plan:
    """The plan for `cells` of the notebook, given the run's history (None: no run yet).

    Without `now` no checkpoint expires. `folder` is where the kernel runs, and files and the project's modules are looked for; without it they are
    not. Files of ``--depends`` are read where they have no more than `largest` bytes (None: any), those of ``--creates`` never.
    """
    above = Above(plain=PlainCells(live.ran if live is not None else ()), folder=folder)
    parameters = frozenset(history.parameters if history is not None else ())
    outlook = Outlook(above=above, live=live, parameters=parameters, largest=largest)
    names = frozenset(step_names(cells))
    walk = _Walk(history=history, settings=settings, now=now, folder=folder, outlook=outlook, above=above, names=names)
    steps: list[PlannedStep] = []
    for cell in cells:
        found = header_of(cell)
        if found is not None:
            steps.append(walk.step(found, cell.id))
        elif cell.type == "code":
            above.add_plain(cell.source, replaced="parameters" in cell.tags)
    return Plan(steps=tuple(steps))


@dataclass(slots=True, kw_only=True)
class _Walk:
    """Goes through the notebook: which steps are planned to run, and the digests of what the reused ones bind."""

    history: History | None
    settings: Settings
    now: datetime | None
    folder: Path | None
    outlook: Outlook
    above: Above
    names: frozenset[str]
    named: set[str] = field(default_factory=set)

    def step(self, found: FoundHeader, cell_id: str | None) -> PlannedStep:
        if found.header.name in self.named:
            return PlannedStep(step=found.header.name, action="refuse", reason="two cells are called that: give one of them another name")
        self.named.add(found.header.name)
        step = self.history.steps.get(found.header.name) if self.history is not None else None
        old = self._renamed(found, cell_id) if step is None or not step.executions else None
        planned, serving = self._under_another_name(found, old) if old is not None else self._plan(found, step)
        self._pass(found, step, planned, serving)
        return replace(planned, label=title(found.body)) if found.spelling == "unmarked" else planned

    def _pass(self, found: FoundHeader, step: StepHistory | None, planned: PlannedStep, serving: Checkpoint | None) -> None:
        """What the cells below will find of the step."""
        if planned.action == "maybe" or (planned.action == "run" and serving is None):
            last = _manifest(step.checkpoint) if step is not None and step.checkpoint is not None else None
            made = [path for files in last.creates.values() for path in files] if last is not None else []
            binds = {*_binds(found, step), *self.above.touching(found)}
            self.above.add_acting(found, planned.step, sets=last.ambient if last is not None else (), made=made, is_open=planned.open)
            self.above.add_step(planned.step, dict.fromkeys(binds), is_open=planned.open)
        else:
            left = _manifest(serving) if serving is not None else None
            self.above.add_reused(left.ambient if left is not None else ())
            self.above.add_step(planned.step, _digests(serving) if serving is not None else {}, is_open=planned.open)

    def _renamed(self, found: FoundHeader, cell_id: str | None) -> StepHistory | None:
        """The one finished step of this code whose name left the notebook: this is it, where its cell is the same or no kernel tells."""
        left = [s for s in self.history.steps.values() if s.name not in self.names and s.checkpoint is not None] if self.history else []
        fitting = [s for s in left if s.checkpoint is not None and _same_code(found, s, [s.checkpoint])]
        same = [s for s in fitting if s.cell_id is not None and s.cell_id == cell_id]
        return (same or fitting)[0] if len(same or fitting) == 1 else None

    def _under_another_name(self, found: FoundHeader, old: StepHistory) -> tuple[PlannedStep, Checkpoint | None]:
        planned, serving = self._plan(found, old)
        if planned.action == "reuse" and found.header.once:
            return replace(
                planned, step=found.header.name, action="ask", reason=f"it may be the --once step {old.name!r} under a new name"
            ), None
        reason = f"renamed from {old.name}" if planned.settled else f"renamed from {old.name}; {planned.reason}"
        if planned.action == "reuse" or planned.open:
            return replace(planned, step=found.header.name, reason=reason), serving
        return PlannedStep(step=found.header.name, action="run", reason=FIRST), None

    def _plan(self, found: FoundHeader, step: StepHistory | None) -> tuple[PlannedStep, Checkpoint | None]:
        name = found.header.name
        if step is not None and (answered := _answered(step)) is not None:
            return answered
        if step is None or step.last is None:
            return PlannedStep(step=name, action="run", reason=FIRST), None
        checkpoint = step.checkpoint
        if found.header.once and (step.unfinished or checkpoint is not None):
            return _once(step, checkpoint)
        candidates = [] if found.header.always else _same_code(found, step, step.checkpoints.values())
        fresh = [c for c in candidates if not self._expired(found, c) and self._moved(c) is None and self._spoiled(found, c) is None]
        if fresh and found.spelling == "unmarked" and (lost := self._made_again(found, fresh[0])):
            return PlannedStep(step=name, action="run", reason=remaking.reason(lost), ran=fresh[0].spent), fresh[0]
        if fresh:
            return self._by_inputs(found, step, fresh)
        if checkpoint is None or step.unfinished:
            return _unfinished(step), None
        return self._stale(found, step, checkpoint, candidates)

    def _made_again(self, found: FoundHeader, checkpoint: Checkpoint) -> tuple[str, ...]:
        """What a new kernel would make again."""
        manifest = _manifest(checkpoint)
        again = manifest is not None and remaking.can_be_made_again(found.body, checkpoint, manifest, self.settings.remake_under)
        return tuple(manifest.lost) if manifest is not None and again else ()

    def _by_inputs(self, found: FoundHeader, step: StepHistory, fresh: Sequence[Checkpoint]) -> tuple[PlannedStep, Checkpoint | None]:
        """By what else the step reads; the durable inputs of the `fresh` checkpoints stand, as far as steps before it do."""
        name = found.header.name
        seen = [(checkpoint, self.outlook.see(found, step, checkpoint)) for checkpoint in fresh]
        questions = [(checkpoint, one, _question(found, checkpoint, one, self.settings)) for checkpoint, one in seen]
        stand = [(checkpoint, one) for checkpoint, one, question in questions if not changes(checkpoint, question)]
        sure = next((checkpoint for checkpoint, one in stand if not one.open and not one.waits), None)
        if sure is not None:
            return PlannedStep(step=name, action="reuse", reason=FINISHED, ran=sure.spent), sure
        if stand:
            checkpoint, one = stand[0]
            return _perhaps(name, checkpoint, one), checkpoint
        first, one, question = questions[0]
        decided = _decided(decide(step, question), name, first)
        if one.waits and decided.action == "ask":  # it asks where nothing but plain values changed
            return _perhaps(name, first, one), first
        return decided, first if decided.action == "reuse" else None

    def _moved(self, checkpoint: Checkpoint) -> str | None:
        """Why the checkpoint does not fit what the reused steps before it bind."""
        for i in checkpoint.inputs:
            digest, maker = self.above.makers.get(i.name, (i.digest, ""))
            if i.kind == "durable" and digest is not None and digest != i.digest:
                return reason_of(i, Input(name=i.name, kind="durable", digest=digest, maker=maker))
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
            return PlannedStep(
                step=name, action="reuse", reason=f"kept although {why} (--on-change keep)", ran=checkpoint.spent
            ), checkpoint
        if how == "ask" and not found.header.always:
            return PlannedStep(step=name, action="ask", reason=why), checkpoint
        return PlannedStep(step=name, action="run", reason=why, ran=checkpoint.spent), None


def _answered(step: StepHistory) -> tuple[PlannedStep, Checkpoint | None] | None:
    """What a person decided, or asked for, and has not happened yet."""
    checkpoint = step.checkpoint
    match step.answer:
        case "abort":
            return PlannedStep(step=step.name, action="refuse", reason="it was aborted"), None
        case "keep" if checkpoint is not None:
            return PlannedStep(step=step.name, action="reuse", reason="kept, as you answered", ran=checkpoint.spent), checkpoint
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
    ran = checkpoint.spent if checkpoint is not None else None
    return PlannedStep(step=step.name, action="reuse", reason="finished; --once never runs it twice", ran=ran), checkpoint


def _binds(found: FoundHeader, step: StepHistory | None) -> Iterator[str]:
    """The names that a run of the step will bind: those in its text, and those that it left when it last finished."""
    yield from read_plain(found.body).binds
    if step is not None and step.checkpoint is not None:
        yield from _digests(step.checkpoint)


def _question(found: FoundHeader, checkpoint: Checkpoint, seen: Seen, settings: Settings) -> Question:
    return Question(
        step=found.header.name,
        code=checkpoint.code,
        inputs=seen.inputs,
        now=checkpoint.at,
        once=found.header.once,
        on_change=found.header.on_change or settings.on_change,  # type: ignore[arg-type]  # checked when the setting was read
        ask_over=settings.ask_over,
        max_crashes=settings.max_crashes,
        ignored=frozenset(found.header.ignore),
        beside=checkpoint.beside,
    )


def _perhaps(name: str, checkpoint: Checkpoint, seen: Seen) -> PlannedStep:
    why = seen.waits or f"it depends on {seen.open}"
    return PlannedStep(step=name, action="maybe", reason=why, ran=checkpoint.spent, open=not seen.waits or seen.only_open)


def _decided(decision: Decision, name: str, checkpoint: Checkpoint) -> PlannedStep:
    match decision:
        case Reuse(reason=reason, stale=stale):
            return PlannedStep(step=name, action="reuse", reason=f"{reason}, although {stale}" if stale else reason, ran=checkpoint.spent)
        case Execute(reason=reason):
            return PlannedStep(step=name, action="run", reason=reason, ran=checkpoint.spent)
        case Ask(why=why, commands=commands):
            return PlannedStep(step=name, action="ask", reason=f"{why}; {' or '.join(commands)}")
        case Refuse(why=why):
            return PlannedStep(step=name, action="refuse", reason=why)
        case _ as never:
            assert_never(never)


def _unfinished(step: StepHistory) -> PlannedStep:
    last = step.executions[-1].last
    if step.asking and last.error is not None:
        why, commands = question_in(step.name, last.error.message)
        return PlannedStep(step=step.name, action="ask", reason=f"{shortened(why)}; {' or '.join(commands)}")
    started = next((call.label for call in step.calls.open.values() if call.status == "started" and not call.allowed), None)
    if started is not None:
        return PlannedStep(step=step.name, action="ask", reason=f"its call {started} is to happen once, was started and did not finish")
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
    code = code_of(found.body)
    sources = {e.number: e.source for e in step.executions}
    newest = sorted(among, key=lambda c: (c.number != step.current, -c.number))

    def serves(checkpoint: Checkpoint) -> bool:
        if code is None:
            return sources.get(checkpoint.execution, "").strip() == found.body.strip()
        return code == checkpoint.code or any(code == kept for kept, _ in checkpoint.kept)

    return [c for c in newest if c.number >= step.serves_from and serves(c)]


@lru_cache(maxsize=4096)  # a panel plans again at each change of the run
def code_of(body: str) -> str | None:
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
