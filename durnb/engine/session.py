"""The one durable session of a kernel: its run, the line of its current pass, and what its durable cells do."""

from __future__ import annotations

import threading
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol, TypeVar

from durnb import trees
from durnb.clock import Clock, SystemClock
from durnb.computed import unwatch
from durnb.config import Settings
from durnb.engine import badges, overview, remaking
from durnb.engine.attempts import Attempts
from durnb.engine.badge import Badge
from durnb.engine.body import body_now
from durnb.engine.cells import NotebookCell, step_names
from durnb.engine.checkpoints import Shelf
from durnb.engine.commit import Committed, commit
from durnb.engine.creations import working_folder
from durnb.engine.decide import Ask, Execute, Question, Refuse, Reuse, answers, changes, decide
from durnb.engine.housekeeping import Housekeeping, kept_by, used_by
from durnb.engine.live import NO_NAMES, PLAIN, Durable, Live, LiveNames
from durnb.engine.look import Look, look
from durnb.engine.mail import take_signals
from durnb.engine.manifest import TAKEN_AS_DONE
from durnb.engine.place import Place, Written, cut
from durnb.engine.plan import plan
from durnb.engine.putback import PutBack, put_back
from durnb.engine.questions import check_one_name, fingerprint_of, question_of, renamed
from durnb.engine.request import CellRequest
from durnb.engine.runs import Wish, attach
from durnb.engine.saving import Ended
from durnb.engine.stage import Stage
from durnb.engine.steering import Served, check_not_cancelled, check_not_paused, serve
from durnb.engine.waiting import Waiting
from durnb.errors import (
    CheckpointUnreadable,
    CheckpointUntrusted,
    JournalError,
    NotebookUnknown,
    StepAsks,
    StepRefused,
    StoreOffered,
    UsageError,
)
from durnb.events import StepRenamed, StepReused
from durnb.fingerprint import read_cell, watch_properties
from durnb.fold import Checkpoint, History, Line, shortened
from durnb.journal import Journal, RunName, Store, read_history, steps_of
from durnb.snapshot import AmbientState, ambient_problems

T = TypeVar("T")


class Surroundings(Protocol):
    """What the session asks of its kernel: the notebook's path (None where unknown), its saved cells, a line for people, the results it keeps."""

    def notebook(self) -> Path | None: ...
    def cells(self) -> Sequence[NotebookCell]: ...
    def say(self, text: str) -> None: ...
    def connection_file(self) -> str | None: ...
    def results(self) -> Sequence[object]: ...


@dataclass(slots=True, kw_only=True)
class Session:
    """One for each kernel. Opens the journal at the first durable cell; `busy` is held while a durable cell or a command runs.

    `onlookers` are called when the history has changed; they must be quick, and raise nothing.
    """

    namespace: MutableMapping[str, object]
    kernel: Surroundings
    settings: Callable[[], Settings]
    clock: Clock = field(default_factory=SystemClock)
    wish: Wish = field(default_factory=Wish)
    line: Line = ()
    busy: threading.RLock = field(default_factory=threading.RLock)
    born: dict[str, AmbientState] | None = None
    live: LiveNames = field(init=False)
    _journal: Journal | None = None
    _shelf: Shelf | None = None
    _shown: dict[Durable, object] = field(default_factory=dict)
    _ran: dict[str, str | None] = field(default_factory=dict)
    _announced: bool = False
    _ticks: dict[str, int] = field(default_factory=dict)
    _order: tuple[Sequence[NotebookCell], dict[str, int]] = ((), {})
    _wrote: Written = field(default_factory=Written)
    _rows: dict[str, tuple[object, dict[str, Any]]] = field(default_factory=dict)
    _told: tuple[str, int] = ("", 0)
    _anew: bool = False
    _taking: threading.Lock = field(default_factory=threading.Lock)
    unsaved: dict[str, Ended] = field(default_factory=dict)
    onlookers: list[Callable[[], None]] = field(default_factory=list)
    _attempts: Attempts | None = None
    housekeeping: Housekeeping = field(init=False)

    def __post_init__(self) -> None:
        self.live = LiveNames(
            self.namespace, born=self.born, thorough=self.settings().thorough, keepers=lambda: (self._shown.values(), self.kernel.results())
        )
        watch_properties()
        self.housekeeping = Housekeeping(settings=self.settings, clock=self.clock, used=self._used)

    # ---- the run

    @property
    def journal(self) -> Journal:
        """The open journal; opens the run if need be. Raises what `open` raises."""
        return self.open()

    @property
    def attached(self) -> bool:
        """Whether this kernel owns a run at the moment."""
        return self._journal is not None

    @property
    def shelf(self) -> Shelf:
        self.open()
        assert self._shelf is not None
        return self._shelf

    @property
    def history(self) -> History:
        return self.journal.history

    def peek(self) -> History | None:
        """The history of the wished run, without beginning one; None where there is none. Raises RunHeld where another kernel has it."""
        if self._journal is not None:
            return self._journal.history
        store = self.store()
        run = RunName(self.wish.key, self.wish.number) if self.wish.number is not None else store.newest(self.wish.key)
        return read_history(store, run, self.clock) if run is not None else None

    def store(self) -> Store:
        """The store of this notebook, there or not. Raises NotebookUnknown."""
        notebook = self.kernel.notebook()
        if notebook is None:
            raise NotebookUnknown
        root = self.settings().store
        return Store.of(notebook, Path(root).expanduser() if root else None)

    def open(self, step: str | None = None) -> Journal:
        """Attach to the wished run. Raises NotebookUnknown, StoreOffered, RunHeld and the JournalErrors."""
        if self._journal is not None:
            return self._journal
        store = self.store()
        if not store.exists:
            self._offer(store, step)
            store.create()
        settings = self.settings()
        journal = attach(
            store,
            self.wish,
            clock=self.clock,
            wait=settings.open_wait,
            resume_within=settings.resume_within,
            connection_file=self.kernel.connection_file(),
        )
        self._journal, self._shelf = journal, Shelf(journal, self.namespace)
        self._forget_removed(journal.history)
        self.wish = replace(self.wish, mode="resume")
        self.write_status()
        self.kernel.say(self.housekeeping.opened(journal))
        return journal

    def _forget_removed(self, history: History) -> None:
        """A run that comes back from another kernel may have let go of checkpoints that were on our line: it is cut before the first of them."""
        there = tuple(takewhile(lambda one: one[0] in history.steps and one[1] in history.steps[one[0]].checkpoints, self.line))
        if there != self.line:
            self.line = there
            self.rewritten()

    def _used(self) -> frozenset[int]:
        return used_by(self._journal.history, self.line, self.live) if self._journal is not None else frozenset()

    def _offer(self, store: Store, step: str | None) -> None:
        if self._anew or step is None or not store.notebook.exists():  # a notebook that was renamed is there under its new name
            return
        for orphan in store.orphans():
            if step in steps_of(orphan, self.clock):
                raise StoreOffered(step=step, notebook=store.notebook.name, old=str(orphan.notebook))

    def begin_anew(self) -> None:
        """The person chose to begin anew where an old store was offered."""
        self._anew = True

    def leave(self, why: str) -> None:
        """Give the run up: its versions mean nothing in another."""
        with self.busy:
            if self._journal is not None:
                self.write_status()
                self._journal.close(why)
            self._journal = self._shelf = None
            self.line = ()
            self._shown.clear()
            self._rows.clear()
            self._ticks.clear()
            self.rewritten()
            self._announced = False
            self.live.names = {name: Live(version=PLAIN, value=live.value) for name, live in self.live.names.items() if not live.gone}
            self.live.ambient = {name: replace(held, version=PLAIN) for name, held in self.live.ambient.items()}

    def hand_over(self) -> None:
        """Let another kernel have the run; the versions stay known, should it come back."""
        if self._journal is not None:
            self._journal.close("takeover")
            self._journal = self._shelf = None

    def look(self) -> object:
        """Serve requests of other processes, where nothing durable runs at the moment; says whether it could."""
        self.take_signals()
        if not self.busy.acquire(blocking=False):
            return {"busy": True}
        try:
            served = self.serve()
            for request in self._journal.requests() if self._journal is not None else ():
                if request.kind == "takeover" and self._journal is not None:
                    self._journal.done(request)
                    self.hand_over()
                    break
            if self._journal is not None:
                self.housekeeping.serve(self._journal)
            return {"busy": False, "done": served.done, "refused": served.refused}
        finally:
            self.busy.release()

    def take_signals(self) -> None:
        """Record the signals that others sent, and refuse those that a wait can't take. From any thread, also while a cell runs."""
        journal = self._journal
        if journal is not None and self._taking.acquire(blocking=False):
            try:
                take_signals(journal)
            finally:
                self._taking.release()

    def waiting(self) -> Waiting | None:
        """Whether the step that runs, with all its calls, does nothing but wait; until when, and for which signals. From any thread."""
        body = body_now()
        if body is not None and (found := body.waiting()) is not None:
            return found
        attempts = self._attempts
        if attempts is None or (next_at := attempts.next_at) is None:
            return None
        return Waiting(step=attempts.request.name, until=next_at)

    def leave_step(self) -> bool:
        """Have the step that runs begin no further durable call, so that it soon only waits; False where it makes none. From any thread."""
        body = body_now()
        return body is not None and body.leave()

    def suspend(self) -> Waiting | None:
        """Record that the run waits without a kernel from here on, for this one is about to be ended; None where it does not only wait. From any thread."""
        waiting, journal = self.waiting(), self._journal
        if waiting is None or journal is None:
            return None
        journal.append(waiting.event())
        with suppress(JournalError):  # the file is for onlookers
            journal.write_status(overview.as_json(journal.history))
        return waiting

    def serve(self) -> Served:
        """Do what others asked of the run by its inbox; the status tells of it before whoever asked hears."""
        if self._journal is None:
            return Served()
        served = serve(self._journal, lambda history: step_names(self.kernel.cells()))
        if served.done:
            with suppress(JournalError):  # the file is for onlookers: a full disk must not undo what was done
                self._journal.write_status(overview.as_json(self._journal.history))
        return served

    def close(self) -> None:
        """The kernel ends, or the extension is unloaded."""
        unwatch()
        self.leave("exit")

    def write_status(self) -> None:
        """Write the status file that other processes read."""
        told = (str(self._journal.run), self._journal.history.seq) if self._journal is not None else self._told
        if self._journal is not None and told != self._told:
            self._told = told
            rows, keep = self._rows, kept_by(self.settings())
            self._journal.post_status(lambda history: {**overview.as_json(history, rows), "keep": keep})
            for changed in tuple(self.onlookers):
                changed()

    def seen(self, see: Callable[[History], T]) -> T | None:
        """What `see` makes of the run's history, which stands still for so long; from any thread. None while this kernel owns no run."""
        journal = self._journal
        if journal is None:
            return None
        with journal.still():
            return see(journal.history)

    # ---- cells

    def plain_cell(self, source: str, cell_id: str | None) -> None:
        """A plain cell is about to run; `source` is its transformed text."""
        self.live.plain_cell(source)

    async def run_cell(self, request: CellRequest, stage: Stage) -> BaseException | None:
        """Do what the durable cell is to do. None where it is finished, else the body's exception, not shown.

        Raises DurnbError where the cell was not run.
        """
        with self.busy, trees.remembered():
            self.open(request.name)
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
                raise StepAsks(step=error.step, why=f"its checkpoint can't be read ({error.why})", commands=commands) from error
            finally:
                self.serve()
                self.write_status()
                for problem in ambient_problems():
                    self.kernel.say(problem)

    async def _decide(self, request: CellRequest, stage: Stage) -> BaseException | None:
        place = self.place(request.name)
        history = self.history.steps.get(request.name)
        seen = look(place, read_cell(request.source), request.header, history.last if history else None)
        question = question_of(request, seen, self.settings(), self.clock.now(), self.history, self.shelf)
        if history is None or not history.executions:
            question = replace(question, renamed=renamed(self.history, question, self.kernel.cells(), self._ran))
        decision = decide(history, question)
        if isinstance(decision, Reuse) and history is not None and request.unmarked:
            decision = remaking.or_made_again(decision, request, history, self.shelf, self.live, self.settings().remake_under)
        match decision:
            case Reuse():
                self._reuse(request, stage, place, question, decision)
                return None
            case Execute():
                check_not_paused(self.history, self.store().notebook.name)
                return await self._execute(request, stage, place, question, decision, seen)
            case Ask(why=why, commands=commands):
                stage.badge(Badge(step=request.name, state="asking", reason=why, commands=commands))
                raise StepAsks(step=request.name, why=why, commands=commands)
            case Refuse(why=why):
                stage.badge(Badge(step=request.name, state="refused", reason=why))
                raise StepRefused(step=request.name, why=why)

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

    def rewritten(self) -> None:
        """Checkpoints of the line changed what they say: names or manifests."""
        self._wrote = Written()

    def _announce(self) -> None:
        if self._announced:
            return
        self._announced = True
        settings = self.settings()
        if any(step.checkpoints for step in self.history.steps.values()) and settings.badge:
            planned = plan(self.history, self.kernel.cells(), settings, now=self.clock.now(), folder=Path(working_folder()))
            self.kernel.say(overview.announcement(planned, self.history))

    # ---- reuse

    def _reuse(self, request: CellRequest, stage: Stage, place: Place, question: Question, decision: Reuse) -> None:
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
        stage.badge(badges.reused(checkpoint, decision, back))
        stage.replay(outputs, back.value, back.has_value)

    def put_back(self, checkpoint: Checkpoint, line: Line) -> PutBack:
        """Make the checkpoint live, and the last of `line`. Raises CheckpointUnreadable."""
        back = put_back(self.shelf, self.live, checkpoint, self._shown)
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
            notes=list(seen.notes),
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
        self.unsaved[ended.step] = ended
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
        self.rewritten()
        self._shown = {replace(v, step=new) if v.step == old else v: value for v, value in self._shown.items()}
