"""The one durable session of a kernel: the line of its current pass, and what its durable cells do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from durnb import trees
from durnb.engine import badges, collector, remaking
from durnb.engine.ahead import Ahead
from durnb.engine.announce import announcement
from durnb.engine.attempts import Attempts
from durnb.engine.badge import Badge, asking
from durnb.engine.cells import step_names
from durnb.engine.commit import Committed, commit
from durnb.engine.creations import working_folder
from durnb.engine.decide import Ask, Decision, Execute, Question, Refuse, Renamed, Reuse, answers, changes, decide
from durnb.engine.held_run import HeldRun
from durnb.engine.live import NO_NAMES
from durnb.engine.look import Look, look
from durnb.engine.manifest import TAKEN_AS_DONE
from durnb.engine.place import Place, cut
from durnb.engine.plan import QUICK, Plan, plan
from durnb.engine.putback import PutBack, put_back
from durnb.engine.questions import check_one_name, fingerprint_of, question_of, renamed, renamed_cell, same_cell
from durnb.engine.request import CellRequest
from durnb.engine.saving import Ended
from durnb.engine.stage import Stage
from durnb.engine.steering import check_not_cancelled, check_not_paused
from durnb.engine.versions import Durable
from durnb.errors import (
    CheckpointUnreadable,
    CheckpointUntrusted,
    StepAsks,
    StepRefused,
    UsageError,
)
from durnb.events import StepRenamed, StepReused
from durnb.fingerprint import read_cell
from durnb.fold import shortened
from durnb.records import dataclass
from durnb.snapshot import ambient_problems
from durnb.steps import Checkpoint, Line


@dataclass(slots=True, kw_only=True)
class Session(HeldRun):
    """One for each kernel: what its durable cells do, on the line of its current pass."""

    def plain_cell(self, source: str, cell_id: str | None) -> None:
        """A plain cell is about to run; `source` is its transformed text."""
        self.live.plain_cell(source)

    async def run_cell(self, request: CellRequest, stage: Stage) -> BaseException | None:
        """Do what the durable cell is to do. None where it is finished, else the body's exception, not shown.

        Raises DurnbError where the cell was not run.
        """
        with self.busy, trees.remembered(), collector.held():
            if not self.attached:
                self.open({request.name: read_cell(request.source).digest})
            self.serve()
            check_not_cancelled(self.history)
            self.journal.check()
            check_one_name(request, self.history, self.kernel.cells(), self._ran)
            self._announce()
            self.live.observe()
            self._ran[request.name] = request.cell_id
            try:
                return await self._decide(request, stage)
            except CheckpointUntrusted:
                raise
            except CheckpointUnreadable as error:
                commands = (*answers(error.step, "retry"), "%durable new")
                self.asked.add(error.step)
                raise StepAsks(step=error.step, why=f"its checkpoint can't be read ({error.why})", commands=commands) from error
            finally:
                self.serve()
                self.write_status()
                for problem in ambient_problems():
                    self.kernel.say(problem)

    async def _decide(self, request: CellRequest, stage: Stage) -> BaseException | None:
        place = self.place(request.name)
        seen, question, decision = self._looked(request, place)
        match decision:
            case Reuse():
                self._reuse(request, stage, place, question, decision, [*badges.reloads(seen.notes), *badges.unseen(seen.unseen)])
                return None
            case Execute():
                return await self._execute(request, stage, place, question, decision, seen)
            case Ask(why=why, commands=commands):
                self.asked.add(request.name)
                stage.badge(asking(request.name, why, commands))
                raise StepAsks(step=request.name, why=why, commands=commands)
            case Refuse(why=why):
                stage.badge(Badge(step=request.name, state="refused", reason=why))
                raise StepRefused(step=request.name, why=why)

    def _looked(self, request: CellRequest, place: Place) -> tuple[Look, Question, Decision]:
        """The step as its place sees it, and what to do. Unless that is to execute it, the look has changed nothing that is live."""
        try:
            seen, question, decision = self._judged(request, place)
        except BaseException:
            place.undo.take_back()
            raise
        if not isinstance(decision, Execute):
            place.undo.take_back()
        return seen, question, decision

    def _judged(self, request: CellRequest, place: Place) -> tuple[Look, Question, Decision]:
        history = self.history.steps.get(request.name)
        seen = look(place, read_cell(request.source), request.header, history.last if history else None)
        question = question_of(request, seen, self.settings(), self.clock.now(), self.history, self.shelf)
        if history is None or not history.executions:
            question = replace(question, renamed=self._renamed(request, question))
        decision = decide(history, question)
        if isinstance(decision, Reuse) and history is not None and request.unmarked:
            decision = remaking.or_made_again(decision, request, history, self.shelf, self.live, self.settings().remake_under)
        if isinstance(decision, Execute) and self.history.paused:
            check_not_paused(self.history, self.store().notebook.name)
        return seen, question, decision

    def _renamed(self, request: CellRequest, question: Question) -> Renamed | None:
        cells = self.kernel.cells()
        old = same_cell(request, self.history, cells, self._ran)
        if old is None:
            return renamed(self.history, question, cells, self._ran)
        place = self.place(old)
        try:
            seen = look(place, read_cell(request.source), request.header, self.history.steps[old].last)
        finally:
            place.undo.take_back()
        there = question_of(request, seen, self.settings(), self.clock.now(), self.history, self.shelf)
        return renamed_cell(self.history, there, old)

    def place(self, step: str) -> Place:
        """The place of `step` on this kernel's line."""
        line = cut(self.line, step, lambda: self._above(step))
        self._wrote = self._wrote.follow(line, self.history, self.shelf)
        later = (0, 0)
        if len(line) < len(self.line):
            gone = {name for name, _ in self.line} - {name for name, _ in line} - {step}
            later = self._ticks.get(step, 0), max((self._ticks.get(name, 0) for name in gone), default=0)
        return Place(step=step, line=line, history=self.history, shelf=self.shelf, live=self.live, wrote=self._wrote, later=later)

    def _above(self, step: str) -> list[str]:
        """The steps that stand above `step` in the saved notebook and came onto the line after it did."""
        cells = self.kernel.cells()
        if self._order[0] is not cells:
            self._order = cells, {name: index for index, name in enumerate(step_names(cells))}
        order = self._order[1]
        if step not in order:
            return []
        since = self._ticks.get(step, 0)
        return [name for name, _ in self.line if order.get(name, order[step]) < order[step] and self._ticks.get(name, 0) > since]

    def _onto_line(self, line: Line, step: str, checkpoint: int) -> None:
        self.line = (*line, (step, checkpoint))
        self.live.tick += 1
        self._ticks[step] = self.live.tick

    def planned(self) -> Plan:
        """What Run All would do now, as far as can be told; a run that it would go on with is attached to, and none begun. Raises as `open` does."""
        with self.busy:
            history = self.expected()
            if history is not None:
                history = self.journal.history
                self.live.observe()
            ahead = Ahead(live=self.live, place=self.place, ran=self.kernel.ran()) if history is not None else None
            folder = Path(working_folder())
            return plan(history, self.kernel.cells(), self.settings(), now=self.clock.now(), folder=folder, live=ahead)

    def _announce(self) -> None:
        if self._announced:
            return
        self._announced = True
        settings = self.settings()
        if any(step.checkpoints for step in self.history.steps.values()) and settings.badge:
            folder = Path(working_folder())
            planned = plan(self.history, self.kernel.cells(), settings, now=self.clock.now(), folder=folder, largest=QUICK)
            self.kernel.say(announcement(planned, self.history))

    # ---- reuse

    def _reuse(self, request: CellRequest, stage: Stage, place: Place, question: Question, decision: Reuse, notes: list[str]) -> None:
        if decision.checkpoint is None:
            self._take_as_done(request, stage, place, question)
            return
        if decision.renamed is not None:
            self.rename(decision.renamed, request.name)
            place = self.place(request.name)
        step = self.history.steps[request.name]
        checkpoint = step.checkpoints[decision.checkpoint]
        back = self.put_back(checkpoint, place.line)
        outputs = self.shelf.outputs(request.name, back.manifest)
        answered = step.answer is not None
        if step.current != checkpoint.number or answered or step.unfinished:
            kept = answered and bool(changes(checkpoint, question))
            line_kept, line = shortened(place.line, self.history.line)
            self.journal.append(
                StepReused(
                    step=request.name,
                    checkpoint=checkpoint.number,
                    fingerprint=fingerprint_of(question),
                    inputs=(*question.inputs, *question.files) if kept else (),
                    code=question.code if kept else "",
                    line=line,
                    line_kept=line_kept,
                )
            )
        stage.badge(badges.reused(checkpoint, decision, back, notes))
        stage.replay(outputs, back.value, back.has_value)

    def put_back(self, checkpoint: Checkpoint, line: Line) -> PutBack:
        """Make the checkpoint live, and the last of `line`. Raises CheckpointUnreadable."""
        back = put_back(self.shelf, self.live, checkpoint, self._shown, line)
        if back.has_value:
            self._shown[Durable(checkpoint.step, checkpoint.number)] = back.value
        self._onto_line(line, checkpoint.step, checkpoint.number)
        return back

    def _take_as_done(self, request: CellRequest, stage: Stage, place: Place, question: Question) -> None:
        """A person said that the interrupted attempt happened: finished, without a checkpoint."""
        done = commit(self.journal, self.live, self._undone(request), why=TAKEN_AS_DONE)
        self._onto_line(place.line, request.name, done.checkpoint)
        lost = tuple(f"{name} is not bound" for name in done.manifest.lost if name not in self.namespace)
        stage.badge(Badge(step=request.name, state="succeeded", reason="taken as done", notes=lost))

    def _undone(self, request: CellRequest) -> Ended:
        last = self.history.steps[request.name].executions[-1]
        before = self.live.before_body(NO_NAMES)
        return Ended(
            step=request.name,
            execution=last.number,
            attempt=last.last.number,
            started_seq=last.started_seq,
            fingerprint=last.fingerprint,
            source=request.source,
            binds=read_cell(request.source).names.binds,
            changes=self.live.after_body(before),
            outputs=[],
            has_value=False,
            value=None,
            ran=0.0,
            save=None,
            always=False,
            creates=request.header.creates,
            folder=working_folder(),
        )

    # ---- execute

    async def _execute(
        self, request: CellRequest, stage: Stage, place: Place, question: Question, decision: Execute, seen: Look
    ) -> BaseException | None:
        def committed(ended: Ended) -> BaseException | None:
            return self._commit(ended, place.line, stage, attempts)

        attempts = Attempts(
            request=request,
            decision=decision,
            look=seen,
            place=place,
            journal=self.journal,
            live=self.live,
            stage=stage,
            settings=self.settings(),
            clock=self.clock,
            fingerprint=fingerprint_of(question),
            commit=committed,
            started=self.write_status,
            say=self.kernel.say,
            serve=self.take_signals,
            notes=[*seen.notes, *badges.unseen(seen.unseen)],
        )
        self.line = place.line
        self._attempts = attempts
        try:
            with self.live.holding(seen.fetched):
                error = await attempts.run()
        finally:
            self._attempts = None
        if error is not None:
            stage.badge(badges.failed(self.history.steps[request.name], attempts))
        return error

    def _commit(self, ended: Ended, line: Line, stage: Stage, attempts: Attempts) -> BaseException | None:
        self.unsaved[ended.step] = replace(ended, changes=replace(ended.changes, contents={}))  # for a commit at another time
        stage.badge(badges.saving(ended, attempts, self.clock.now()))
        done = commit(self.journal, self.live, ended)
        del self.unsaved[ended.step]
        self._settle(done, ended, line)
        stage.badge(badges.succeeded(ended, done, attempts, self.clock.now()))
        self.kernel.say(self.housekeeping.committed(self.journal, ended.step) or self.housekeeping.serve(self.journal))
        return KeyboardInterrupt("the step is finished; the rest of the run was interrupted") if done.interrupted else None

    def _settle(self, done: Committed, ended: Ended, line: Line) -> None:
        version = Durable(ended.step, done.checkpoint)
        if done.manifest.has_value:
            self._shown[version] = ended.value
        self._onto_line(line, ended.step, done.checkpoint)

    # ---- names

    def rename(self, old: str, new: str) -> None:
        """The step `old` is `new` from here on. Raises UsageError."""
        if old not in self.history.steps:
            raise UsageError(f"there is no step {old!r} in run {self.history.run}: {', '.join(self.history.steps) or 'it has none yet'}")
        if new in self.history.steps:
            raise UsageError(f"there is a step {new!r} already in run {self.history.run}")
        self.journal.append(StepRenamed(old=old, new=new))
        self.line = tuple((new if step == old else step, number) for step, number in self.line)
        self.live.rename(old, new)
        for by_step in (self._ticks, self._ran):
            if old in by_step:
                by_step[new] = by_step.pop(old)  # type: ignore[assignment]  # each keeps its own kind of value
        self.rewritten()
        self._shown = {replace(v, step=new) if v.step == old else v: value for v, value in self._shown.items()}
