from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from durnb.events import (
    CheckpointSaved,
    CheckpointsDropped,
    CheckpointTrusted,
    ErrorInfo,
    Event,
    Input,
    KernelAttached,
    KernelDetached,
    Recorded,
    RunAbandoned,
    RunCancelled,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
    RunSuspended,
    StepFailed,
    StepRenamed,
    StepRerunRequested,
    StepResolved,
    StepReused,
    StepStarted,
    StepSucceeded,
)
from durnb.fold import History
from durnb.journal import Journal, Store, check, read_history
from durnb.journal.retention import superfluous
from durnb.journal.rows import columns_of, recorded
from unit.journal.journal_samples import NO_WAIT, RUN, StoppedClock, failed, opened, run_step, started, succeeded

CLOCK = StoppedClock()
NAMES = ("a", "b", "c", "день 'x\"")


@dataclass
class Life:
    """Makes events that can happen, out of drawn numbers, and folds them by itself."""

    random: Random
    history: History = field(default_factory=History)

    def number(self, most: int) -> int:
        return self.random.randint(0, most)

    def text(self) -> str:
        return self.random.choice(("", "x", "é'\"", "\x00", "\ud800", "{}", "😀 long " * 50))

    def take(self, *events: Event) -> tuple[Event, ...]:
        for event in events:
            epoch = max(1, self.history.epoch + isinstance(event, KernelAttached))
            self.history.apply(Recorded(seq=self.history.seq + 1, epoch=epoch, at=CLOCK.now(), event=event))
        return events

    def some(self) -> tuple[Event, ...]:
        """Events for one append: none for a choice that is impossible now."""
        makers = (
            *(self.start, self.start, self.end, self.end, self.reuse, self.resave),
            *(self.resolve, self.rerun, self.rename, self.attach, self.drop),
        )
        return tuple(event for _ in range(1 + self.number(2)) for event in makers[self.number(len(makers) - 1)]())

    def start(self) -> tuple[Event, ...]:
        name = NAMES[self.number(3)]
        step = self.history.steps.get(name)
        last = step.last.number if step and step.last else 0
        again = bool(last and self.number(1))
        attempts = len(step.last.attempts) if again and step and step.last else 0
        inputs = (Input(name=self.text(), kind="plain", digest="d", by_everything=bool(self.number(1))),) * self.number(2)
        event = StepStarted(
            step=name,
            execution=last if again else last + 1,
            attempt=attempts + 1,
            generation=1 + self.number(3),
            code="c",
            source=self.text(),
            options="",
            fingerprint=f"f{self.number(3)}",
            inputs=inputs,
            line=self.history.line[: self.number(2)],
            reason=self.text(),
            once=bool(self.number(1)),
            cell_id="id" if self.number(1) else None,
        )
        return self.take(event)

    def end(self) -> tuple[Event, ...]:
        running = [step for step in self.history.steps.values() if step.status == "running"]
        if not running:
            return ()
        step = running[self.number(len(running) - 1)]
        assert step.last is not None
        where = (step.name, step.last.number, step.last.last.number)
        if self.number(2):
            return self.take(succeeded(*where, manifest="{}", size=self.number(100)))
        how = ("exception", "timeout", "interrupt")[self.number(2)]
        error = ErrorInfo(type="E", message=self.text())
        retry = None if self.number(1) else self.number(10) / 4
        event = StepFailed(step=where[0], execution=where[1], attempt=where[2], how=how, error=error, ran=0.25, retry_in=retry)  # type: ignore[arg-type]  # one of the three
        return self.take(event)

    def _checkpoint(self) -> tuple[str, int] | None:
        held = [(step.name, number) for step in self.history.steps.values() for number in step.checkpoints]
        return held[self.number(len(held) - 1)] if held else None

    def reuse(self) -> tuple[Event, ...]:
        if (held := self._checkpoint()) is None:
            return ()
        return self.take(
            StepReused(step=held[0], checkpoint=held[1], fingerprint=f"g{self.number(3)}", inputs=(), line=self.history.line[:1])
        )

    def resave(self) -> tuple[Event, ...]:
        if (held := self._checkpoint()) is None:
            return ()
        if self.number(1):
            return self.take(CheckpointTrusted(step=held[0], checkpoint=held[1], signature=""))
        return self.take(CheckpointSaved(step=held[0], checkpoint=held[1], manifest="", signature="", save=0.5, size=self.number(100)))

    def resolve(self) -> tuple[Event, ...]:
        answer = ("retry", "keep", "done", "abort")[self.number(3)]
        return self.take(StepResolved(step=NAMES[self.number(3)], answer=answer, request=self.text()))  # type: ignore[arg-type]  # one of the four

    def rerun(self) -> tuple[Event, ...]:
        return self.take(StepRerunRequested(step=NAMES[self.number(3)], request=self.text()))

    def rename(self) -> tuple[Event, ...]:
        if not self.history.steps:
            return ()
        old = list(self.history.steps)[self.number(len(self.history.steps) - 1)]
        new = NAMES[self.number(3)]
        return () if new in self.history.steps and new != old else self.take(StepRenamed(old=old, new=new))

    def drop(self) -> tuple[Event, ...]:
        return self.take(*superfluous(self.history, 1 + self.number(1)))

    def attach(self) -> tuple[Event, ...]:
        if self.number(1):
            return self.take(KernelDetached(why="exit"))
        return self.take(KernelAttached(pid=1, host="h", python="3", durnb="0"))


@settings(max_examples=12)
@given(st.integers(0, 2**64))  # a seed, not the draws: each example is a whole run, too dear to shrink
def test_random_events_fold_the_same_in_memory_in_the_journal_after_reopening_and_in_sql(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.of(Path(folder) / "etl.ipynb")
        store.create()
        life = Life(Random(seed))
        journal = Journal.open(store, RUN, create=True, clock=CLOCK, wait=NO_WAIT, attach=False)
        first = life.take(
            RunStarted(run=str(RUN), notebook="etl.ipynb", store=store.id), KernelAttached(pid=1, host="h", python="3", durnb="0")
        )
        journal.append(*first)
        for _ in range(life.number(25)):
            if events := life.some():
                journal.append(*events)
        assert journal.history == life.history
        journal.close(None)
        assert read_history(store, RUN, CLOCK) == life.history
        assert check(store) == []


def every_event() -> Iterator[Event]:
    yield RunStarted(run="r.1", notebook="n", store="s", parameters={"a": [1, {"line": [[1]]}]})
    yield KernelAttached(pid=1, host="h", python="3", durnb="0")
    yield KernelDetached(why="exit")
    yield started("a", line=(("b", 3),))
    yield succeeded("a")
    yield StepSucceeded(
        step="a", execution=1, attempt=1, manifest="m", signature="s", saved=False, ran=1.0, save=2.0, size=3, dropped_inputs=("@random",)
    )
    yield failed("a", retry_in=0.0)
    yield StepReused(
        step="a", checkpoint=3, fingerprint="f", inputs=(Input(name="a", kind="durable", digest="d", maker="b"),), line=(("b", 1),)
    )
    yield CheckpointSaved(step="a", checkpoint=3, manifest="m", signature="s", save=1.0, size=2)
    yield CheckpointTrusted(step="a", checkpoint=3, signature="s")
    yield CheckpointsDropped(step="a", checkpoints=(3, 9), events=(3, 4, 9))
    yield CheckpointsDropped(step="a", checkpoints=(), events=(4,))
    yield StepResolved(step="a", answer="keep", request="r")
    yield StepRerunRequested(step="a")
    yield StepRenamed(old="a", new="b")
    yield RunFinished(status="failed")
    yield RunAbandoned(why="new")
    yield RunPaused(request="p")
    yield RunResumed()
    yield RunSuspended(step="a", until="2026-11-22T09:00:00+00:00", signals=("approve",))
    yield RunCancelled(request="c")


def test_every_event_is_the_same_after_its_row() -> None:
    for event in every_event():
        row = (1, 1, CLOCK.now().replace(tzinfo=None), *columns_of(event))
        assert [each.event for each in recorded([row])] == [event]
        assert next(recorded([row])).at == CLOCK.now()


def test_the_views_say_who_takes_what_room(store: Store) -> None:
    journal = opened(store)
    run_step(journal, "load", [b"x" * 100, bytes(100_000)])
    journal.close()
    with duckdb.connect(store.file(RUN, "duckdb"), read_only=True) as connection:
        rows = connection.execute("select what, step, items, bytes from storage").fetchall()
        assert ("small values", None, 1, 100) in rows
        assert [row[:3] for row in rows if row[0] == "checkpoints"] == [("checkpoints", "load", 1)]
