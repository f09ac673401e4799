"""Runs a step: attempts from clean inputs, retries, and the end of each in the journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field, replace
from datetime import datetime, timedelta
from types import FunctionType, ModuleType
from typing import Final

from durnb import faults, trees
from durnb.clock import Clock
from durnb.config import Settings
from durnb.engine import clean, collector
from durnb.engine.among import value_names, ways_among
from durnb.engine.badge import Badge, BadgeState
from durnb.engine.body import Body, running
from durnb.engine.changes import Changes, Shot
from durnb.engine.creations import working_folder
from durnb.engine.decide import Execute
from durnb.engine.differences import input_changes
from durnb.engine.live import LiveNames, by_import
from durnb.engine.look import Look, input_before
from durnb.engine.place import LIVE, Place
from durnb.engine.prestate import Prestate, keep
from durnb.engine.request import CellRequest
from durnb.engine.retry import RetryPolicy, classify
from durnb.engine.saving import Ended, sign
from durnb.engine.sharing import sharing_with, ways_of
from durnb.engine.signals import interrupts_held
from durnb.engine.stage import Stage
from durnb.engine.versions import Live, LiveAmbient, Tried
from durnb.events import ErrorInfo, Input, StepFailed, StepStarted
from durnb.fold import shortened
from durnb.journal import Journal
from durnb.records import dataclass
from durnb.steps import StepHistory

_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Which attempt of which execution comes next; `failures` are those of the execution that count against its retries.

    `waited`: the attempt before did nothing but wait when its kernel was ended, by plan. `retried`: it failed, a moment ago.
    """

    execution: int
    attempt: int
    generation: int
    failures: int
    started_seq: int
    waited: bool = False
    retried: bool = False


def number(past: StepHistory | None, decision: Execute, look: Look, seq: int) -> Numbers:
    """The numbers of the next attempt, whose StepStarted is to be event `seq`."""
    if past is None or past.last is None:
        return Numbers(execution=1, attempt=1, generation=past.generation if past else 1, failures=0, started_seq=seq)
    last = past.last
    if decision.resume:
        failures = sum(a.status in ("exception", "timeout") for a in last.attempts)
        return Numbers(
            execution=last.number,
            attempt=last.last.number + 1,
            generation=last.generation,
            failures=failures,
            started_seq=last.started_seq,
            waited=last.last.suspended,
        )
    other_inputs = last.generation == past.generation and _data_changed(last.inputs, look)
    return Numbers(execution=last.number + 1, attempt=1, generation=past.generation + other_inputs, failures=0, started_seq=seq)


def _data_changed(before: Sequence[Input], look: Look) -> bool:
    """Whether data changed that the step reads as before: durable calls outlast edits of functions as they outlast edits of the cell."""
    both = [now for was, now in input_changes(before, look.inputs) if was is not None and now is not None]
    return any(
        now.kind in ("durable", "absent") or not (now.name.startswith("module:") or _is_code(look.view.get(now.name))) for now in both
    )


def _is_code(value: object) -> bool:
    return isinstance(value, FunctionType | ModuleType | type) or isinstance(getattr(value, "__wrapped__", None), FunctionType)


@dataclass(slots=True, kw_only=True)
class Attempts:
    """One call to run a step: its attempts until one ends well or no more are made."""

    request: CellRequest
    decision: Execute
    look: Look
    place: Place
    journal: Journal
    live: LiveNames
    stage: Stage
    settings: Settings
    clock: Clock
    fingerprint: str
    commit: Callable[[Ended], BaseException | None]
    started: Callable[[], None]
    say: Callable[[str], None]
    serve: Callable[[], None]
    notes: list[str] = field(default_factory=list)
    numbers: Numbers = Numbers(execution=1, attempt=1, generation=1, failures=0, started_seq=0)
    unkept: frozenset[str] = frozenset()
    since: datetime | None = None
    next_at: datetime | None = None  # while the next attempt is waited for

    async def run(self) -> BaseException | None:
        """Run until done; None where the step is finished, else the body's last exception (or the interrupt of its save), not shown."""
        history = self.journal.history
        self.numbers = number(history.steps.get(self.request.name), self.decision, self.look, history.seq + 1)
        self.notes += clean.set_as_seen(self.place, self.live, self.look)
        if (interrupted := await self._wait_out(history.steps.get(self.request.name))) is not None:
            return interrupted
        first = True
        while True:
            before = self.live.before_body(
                self.look.cell.names
            )  # before the start is recorded: an interrupt while it looks leaves nothing behind
            linked = self._linked(before)
            beside = self._beside(before, linked)
            among = self._among(linked)
            if first:
                self._note_shared(before, linked)
            self._start(first and not self.decision.resume)
            self.started()
            names, ambient_held = dict(self.live.names), dict(self.live.ambient)
            self.since = self.clock.now()
            self.stage.badge(self._badge("running"))
            folder = working_folder()
            began = self.clock.monotonic()
            loosely = self._loosely(before, names)
            with trees.forgotten(), collector.as_user_has_it(), loosely, running(self._body()) as body:
                error = await self.stage.run(self.request.header.timeout)
            if error is None or isinstance(error, Exception):
                error = body.question() or error  # whatever the cell did with the exception
            ran = self.clock.monotonic() - began
            faults.point("body-ended", self.request.name)
            with interrupts_held() as struck:  # whose changes these are has to be known, or the next attempt would not start clean
                changes = self.live.after_body(before, () if error else (names, self.look.fetched))
            if error is None:
                late = KeyboardInterrupt("the step is finished; the rest of the run was interrupted") if struck else None
                return self.commit(self._ended(changes, ran, beside, linked, among, folder)) or late
            wait = self._failed(error, changes, before, ran)
            if wait is None:
                return error
            reason = f"failed ({one_line(error)})"
            until = self.clock.now() + timedelta(seconds=wait)
            self.stage.badge(replace(self._badge("running"), reason=reason, until=until))
            if (interrupted := await self._wait(wait)) is not None:
                return interrupted
            clean.set_back(self.place, self.live, before, changes, names, ambient_held)
            self.stage.forget()
            self.numbers = replace(self.numbers, attempt=self.numbers.attempt + 1, retried=True)
            first = False

    def _loosely(self, before: Shot, names: dict[str, Live]) -> AbstractContextManager[None]:
        """How the values of before are held while the body runs: firmly where another attempt may need them."""
        if self.request.header.retries:
            return nullcontext()
        names.clear()
        return self.live.loosely(before, [self.look.fetched])

    async def _wait(self, seconds: float) -> BaseException | None:
        """Wait for the next attempt. What interrupts it ends the cell; the next Run All goes on with that attempt."""
        self.next_at = self.clock.now() + timedelta(seconds=seconds)
        try:
            with trees.forgotten(), collector.as_user_has_it():
                await self.stage.sleep(seconds)
        except BaseException as interrupted:
            return interrupted
        finally:
            self.next_at = None
        return None

    async def _wait_out(self, past: StepHistory | None) -> BaseException | None:
        """Where a kernel was ended while the run was suspended: what is left of the wait, should this one have come too early."""
        last = past.last.last if past is not None and past.last is not None else None
        if (
            not self.decision.resume
            or last is None
            or last.retry_in is None
            or last.ended is None
            or self.journal.history.suspended is None
        ):
            return None
        left = (last.ended + timedelta(seconds=last.retry_in) - self.clock.now()).total_seconds()
        if left <= 0:
            return None
        self.stage.badge(
            replace(
                self._badge("running"),
                reason="its attempt failed before the run was suspended",
                until=self.clock.now() + timedelta(seconds=left),
            )
        )
        return await self._wait(left)

    def _start(self, keeping: bool) -> None:
        draft = self.journal.draft()
        try:
            text, signature = "", ""
            if keeping:
                kept: Prestate = keep(draft, self.request.name, self.live, self.look.reach.names, self.settings.max_prestate)
                self.unkept = kept.unkept
                self.notes += kept.notes
                if kept.manifest is not None:
                    text, signature = sign(self.journal, kept.manifest, self.numbers.started_seq, "prestate")
            draft.commit(self._started(text, signature))
        except BaseException:
            draft.abandon()
            raise
        faults.point("step-started", self.request.name)

    def _started(self, prestate: str, signature: str) -> StepStarted:
        kept, line = shortened(self.place.line, self.journal.history.line)
        return StepStarted(
            step=self.request.name,
            execution=self.numbers.execution,
            attempt=self.numbers.attempt,
            generation=self.numbers.generation,
            code=self.look.cell.digest,
            source=self.request.raw,
            options=self.request.options,
            fingerprint=self.fingerprint,
            inputs=self.look.inputs,
            line=line,
            line_kept=kept,
            reason=self.decision.reason,
            once=self.request.header.once,
            cell_id=self.request.cell_id,
            prestate=prestate,
            prestate_signature=signature,
        )

    def _linked(self, before: Shot) -> dict[str, str]:
        """The names that share state with what the body can read, and where: a change under one name is one under the other."""
        read = {i.name for i in self.look.inputs}
        linked = sharing_with(self.look.reach.names, before.probes) - read - set(self.request.header.ignore)
        return ways_of(sorted(linked), before.probes)

    def _beside(self, before: Shot, linked: Collection[str]) -> tuple[Input, ...]:
        """What is linked, and what else the body may change without reading it (an instance, by its class), as it is before the body."""
        others = before.probes.keys() - linked - {i.name for i in self.look.inputs} - set(self.request.header.ignore)
        names = [*linked, *sorted(name for name in others if self.place.see(name) is LIVE)]
        return tuple(input_before(name, self.live.names.get(name), before) for name in names)

    def _note_shared(self, before: Shot, linked: Collection[str]) -> None:
        """With what was fetched from a checkpoint nothing is shared any more: of that holds what was noted before."""
        known, fetched = self.live.shared.get(self.request.name, {}), self.look.fetched.keys()
        noted = {name: others & fetched for name, others in known.items()}
        for name in linked:
            noted[name] = noted.get(name, frozenset()) | (sharing_with([name], before.probes) & self.look.reach.names)
        self.live.shared[self.request.name] = noted

    def _among(self, linked: Collection[str]) -> tuple[tuple[str, ...], str]:
        """How what the body can read, and what is linked to that, shares state with one another."""
        names = [*value_names(self.look.inputs), *(name for name in linked if self.place.see(name) is LIVE)]
        return ways_among(self.live, names, {})

    def _ended(
        self,
        changes: Changes,
        ran: float,
        beside: tuple[Input, ...],
        linked: dict[str, str],
        among: tuple[tuple[str, ...], str],
        folder: str,
    ) -> Ended:
        outputs = self.stage.outputs()
        has_value, value = self.stage.value()
        return Ended(
            step=self.request.name,
            execution=self.numbers.execution,
            attempt=self.numbers.attempt,
            started_seq=self.numbers.started_seq,
            fingerprint=self.fingerprint,
            source=self.request.source,
            binds=self.look.cell.names.binds,
            imports=self.look.cell.names.imports,
            lent=self.look.cell.names.lent,
            changes=changes,
            outputs=outputs,
            has_value=has_value,
            value=value,
            ran=ran,
            save=self.request.header.save,
            ignore=frozenset(self.request.header.ignore),
            beside=beside,
            linked=linked,
            among=among[0],
            ways=among[1],
            always=self.request.header.always,
            creates=self.request.header.creates,
            folder=folder,
        )

    def _failed(self, error: BaseException, changes: Changes, before: Shot, ran: float) -> float | None:
        """Record the failed attempt and whose its changes are; seconds until the next one, None for none."""
        self.numbers = replace(self.numbers, failures=self.numbers.failures + 1)
        wait = RetryPolicy.of(self.request.header).wait(error, self.numbers.failures)
        dirty = sorted(n for n in self.unkept & changes.changed if not clean.is_intact(before, n))
        if wait is not None and dirty:
            self.notes.append(f"not retried: {', '.join(dirty)} changed in place and could not be kept for a clean retry")
            wait = None
        outputs = self.stage.outputs()
        draft = self.journal.draft()
        try:
            digest = draft.add(json.dumps(outputs).encode()) if outputs else ""
            draft.commit(
                StepFailed(
                    step=self.request.name,
                    execution=self.numbers.execution,
                    attempt=self.numbers.attempt,
                    how=classify(error),
                    error=ErrorInfo(type=type(error).__name__, message=str(error)[:2000], traceback=self.stage.traceback_text(error)),
                    ran=ran,
                    retry_in=wait,
                    outputs=digest,
                )
            )
        except BaseException:
            draft.abandon()
            raise
        self._mark_tried(changes)
        return wait

    def _mark_tried(self, changes: Changes) -> None:
        tried = Tried(self.request.name, self.numbers.execution, self.numbers.attempt)
        for name in changes.changed | changes.deleted:
            self.live.became(name, tried)
        for name, how in changes.ambient.items():
            was = self.live.ambient.get(name)
            by_code = (how != "advanced" and not by_import(name, [self.request.source])) or (was is not None and was.derived == "set")
            self.live.ambient[name] = LiveAmbient(version=tried, derived="set" if by_code else "born", state=changes.now.get(name))

    def _body(self) -> Body:
        return Body(
            step=self.request.name,
            execution=self.numbers.execution,
            started_seq=self.numbers.started_seq,
            journal=self.journal,
            clock=self.clock,
            settings=self.settings,
            namespace=self.live.namespace,
            show=self._show,
            say=self.say,
            serve=self.serve,
            changed=self.started,
        )

    def _show(self, text: str) -> None:
        """A line of the running body in its badge; empty: what the badge said before."""
        badge = self._badge("running")
        self.stage.badge(replace(badge, reason=text or badge.reason, live=bool(text)))

    def _badge(self, state: BadgeState) -> Badge:
        attempt = self.numbers.attempt
        return Badge(step=self.request.name, state=state, attempt=attempt, reason=self.why(), notes=tuple(self.notes), since=self.since)

    def why(self) -> str:
        """Why this attempt is made, for the badge; empty for a step's very first."""
        if self.numbers.attempt > 1 and (self.numbers.retried or self.numbers.failures == 0):
            before = self.numbers.attempt - 2
            how = "failed" if self.numbers.retried else "waited without a kernel" if self.numbers.waited else "died with the kernel"
            return f"the {_ORDINALS[before] if before < len(_ORDINALS) else 'one before'} {how}"
        return self.decision.reason if self.numbers.execution > 1 else ""


def one_line(error: BaseException) -> str:
    """``ValueError: first line of the message``."""
    return ErrorInfo(type=type(error).__name__, message=str(error)).line
