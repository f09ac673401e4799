"""Whether a store is whole: what tests check after every test, and a later ``durnb doctor``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from durnb.clock import Clock, SystemClock
from durnb.errors import DurnbError, JournalDamaged
from durnb.events import (
    CallSucceeded,
    CheckpointSaved,
    CheckpointsDropped,
    Event,
    LoopSaved,
    Recorded,
    StepFailed,
    StepStarted,
    StepSucceeded,
)
from durnb.fold import History
from durnb.journal import rows
from durnb.journal.database import Database, errors
from durnb.journal.lease import Lease
from durnb.journal.names import RunName
from durnb.journal.opening import open_database
from durnb.journal.packs import Packs, digest_of_bytes, read_list
from durnb.journal.store import Store
from durnb.journal.trust import Secret, load_secret
from durnb.records import dataclass
from durnb.steps import Execution

_STORED: Final = ("stream", "buffers", "payload", "outputs", "sources", "plain_stream")  # the fields of a manifest that name stored bytes


def check(store: Store, clock: Clock | None = None) -> list[str]:
    """What is wrong with `store`, each in one line; nothing is changed.

    Of every run that nobody owns: the events follow one another, and fold; the SQL views say the same; every digest that is referred to is
    stored, every stored value is what its digest says, and every signature is this user's.
    """
    packs = Packs(store.objects)
    packs.refresh()
    problems = [f"objects: {problem}" for problem in _pack_problems(packs)]
    secret = load_secret()
    for run in store.runs():
        problems += [f"run {run}: {problem}" for problem in _run_problems(store, run, packs, secret, clock or SystemClock())]
    return problems


def _pack_problems(packs: Packs) -> Iterator[str]:
    for name in sorted(packs.names()):
        if (problem := packs.problem([name])) is not None:
            yield str(problem)
        for digest, place in packs.entries(name):
            try:
                packs.read(digest, place)
            except JournalDamaged as error:
                yield str(error)


def _run_problems(store: Store, run: RunName, packs: Packs, secret: Secret, clock: Clock) -> list[str]:
    if (pid := store.owner(run)) is not None:
        return [f"owned by process {pid}, so it was not checked"]
    try:
        lease = Lease.acquire(store.file(run, "lock"), run=str(run), notebook=str(store.notebook), clock=clock, wait=timedelta(0))
    except DurnbError as error:
        return [str(error)]
    try:
        database, history = open_database(store, run, lease, clock, read_only=True)
        try:
            return list(_problems(store, run, database, history, packs, secret))
        finally:
            database.discard()
    except DurnbError as error:
        return [str(error)]
    finally:
        lease.release()


def _problems(store: Store, run: RunName, database: Database, history: History, packs: Packs, secret: Secret) -> Iterator[str]:
    listed = read_list(store.file(run, "packs"))
    if (problem := packs.problem(listed)) is not None:
        yield str(problem)
    with errors(database.path):
        small = set[bytes]()
        for digest, data in database.connection.execute("select digest, data from blobs").fetchall():
            if digest in small:
                yield f"small value {digest.hex()} is stored twice"
            if digest_of_bytes(data) != digest:
                yield f"small value {digest.hex()} is not what was written"
            small.add(digest)
        yield from _view_problems(database, history)
        stored = _Stored(small=small, packs=packs, listed=listed)
        for where, digest in (*_referred(list(rows.after(database.connection, 0))), *_served(history)):
            if (trouble := stored.problem(digest)) is not None:
                yield f"{where}: {trouble}"
    yield from _signature_problems(history, run, secret)
    yield from _result_problems(history, run, secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """What a run can read: its small values, and what lies in the packs that it lists."""

    small: set[bytes]
    packs: Packs
    listed: set[str]

    def problem(self, digest: str) -> str | None:
        """Why the run can't read the bytes of `digest`, if that is so."""
        key = bytes.fromhex(digest)
        if key in self.small:
            return None
        if self.packs.find(key) is None:
            return f"{digest} is not stored"
        in_listed = any(key == held for name in self.listed for held, _ in self.packs.entries(name))
        return None if in_listed else f"{digest} is in no pack that the run lists"


def _referred(events: Sequence[Recorded]) -> Iterator[tuple[str, str]]:
    """What each event refers to, where retention has not let go of its bytes."""
    gone = {seq for each in events if isinstance(each.event, CheckpointsDropped) for seq in each.event.events}
    for each in events:
        for digest in _digests_of_event(each.event) if each.seq not in gone else ():
            yield f"event {each.seq} ({each.event.kind})", digest


def _digests_of_event(event: Event) -> Iterator[str]:
    match event:
        case StepSucceeded() | CheckpointSaved():
            yield from digests_of(event.manifest)
        case StepStarted():
            yield from digests_of(event.prestate)
        case CallSucceeded() if event.stored:
            yield from digests_of(event.stored)
        case LoopSaved():
            yield from digests_of(event.manifest)
        case StepFailed() if event.outputs:
            yield event.outputs
        case _:
            pass


def _served(history: History) -> Iterator[tuple[str, str]]:
    """What the state of the run may put back, whatever the events say of it."""
    for step in history.steps.values():
        for checkpoint in step.checkpoints.values():
            yield from ((f"checkpoint {checkpoint.number} of step {step.name!r}", digest) for digest in digests_of(checkpoint.manifest))
        for execution in step.executions:
            kept = (*digests_of(execution.prestate), *(attempt.outputs for attempt in execution.attempts if attempt.outputs))
            yield from ((f"execution {execution.number} of step {step.name!r}", digest) for digest in kept)


def digests_of(manifest: str) -> Iterator[str]:
    """The digests of stored bytes that a manifest (JSON; "" for none) names."""
    if manifest:
        yield from _digests(json.loads(manifest))


def _digests(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name in _STORED and not isinstance(part, dict):  # a dict there is what is said of a variable of that name
                yield from (each for each in ([part] if isinstance(part, str) else part) if each)
            else:
                yield from _digests(part)
    elif isinstance(value, list):
        for part in value:
            yield from _digests(part)


def _signature_problems(history: History, run: RunName, secret: Secret) -> Iterator[str]:
    for step in history.steps.values():
        started = {execution.number: execution.started_seq for execution in step.executions}
        for checkpoint in step.checkpoints.values():
            facts = (history.store, str(run), str(started[checkpoint.execution]), "checkpoint")
            if checkpoint.signature and not secret.verify(facts, checkpoint.manifest.encode(), checkpoint.signature):
                yield f"checkpoint {checkpoint.number} of step {step.name!r} is not signed by this user"
        for execution in step.executions:
            if not _prestate_is_ours(history, run, execution, secret):
                yield f"the pre-state of execution {execution.number} of step {step.name!r} is not signed by this user"


def _prestate_is_ours(history: History, run: RunName, execution: Execution, secret: Secret) -> bool:
    facts = (history.store, str(run), str(execution.started_seq), "prestate")
    return not execution.prestate_signature or secret.verify(facts, execution.prestate.encode(), execution.prestate_signature)


def _view_problems(database: Database, history: History) -> Iterator[str]:
    attempts = [
        (step.name, execution.number, attempt.number, attempt.epoch, attempt.status, attempt.ran)
        for step in history.steps.values()
        for execution in step.executions
        for attempt in execution.attempts
    ]
    steps = [
        (step.name, step.status, len(step.executions), step.generation, step.current, step.answer, step.rerun)
        for step in history.steps.values()
    ]
    checkpoints = [
        (c.number, c.step, c.execution, c.saved, c.number == step.current, c.fingerprint, c.size)
        for step in history.steps.values()
        for c in step.checkpoints.values()
    ]
    for view, folded, columns in (
        ("attempts", attempts, "step, execution, attempt, epoch, status, ran"),
        ("steps", steps, "step, status, executions, generation, checkpoint, answer, rerun"),
        ("checkpoints", checkpoints, "checkpoint, step, execution, saved, current, fingerprint, size"),
    ):
        said = database.connection.execute(f"select {columns} from {view}").fetchall()
        if sorted(said, key=repr) != sorted(folded, key=repr):
            yield f"the view {view} does not say what the events fold to: {sorted(set(said) ^ set(folded), key=repr)[:4]}"
    yield from _call_problems(database, history)


def _call_problems(database: Database, history: History) -> Iterator[str]:
    if not database.connection.execute("select 1 from duckdb_views() where view_name = 'calls'").fetchone():
        return  # a file of the first schema, which is only read here
    said = {
        (step, call, label, status)
        for step, generation, call, label, status in database.connection.execute(
            "select step, generation, call, label, status from calls"
        ).fetchall()
        if history.steps[step].calls.generation == generation
    }
    folded = {
        (step.name, call, known.label, known.status)
        for step in history.steps.values()
        for call, known in step.calls.made.items()
        if not known.carried
    }
    if said != folded:
        yield f"the view calls does not say what the events fold to: {sorted(said ^ folded)[:4]}"
    waiting = {str(row[0]) for row in database.connection.execute("select id from signals where taken is null").fetchall()}
    if waiting != history.signals.keys():
        yield f"the view signals does not say what the events fold to: {sorted(waiting ^ history.signals.keys())[:4]}"


def _result_problems(history: History, run: RunName, secret: Secret) -> Iterator[str]:
    for step in history.steps.values():
        started = {execution.number: execution.started_seq for execution in step.executions}
        for call, made in step.calls.made.items():
            facts = (history.store, str(run), str(started[made.execution]), "call")
            if made.status == "succeeded" and not secret.verify(facts, f"{call}\0{made.value}\0{made.stored}".encode(), made.signature):
                yield f"the result of call {made.label} of step {step.name!r} is not signed by this user"
        for call, point in step.calls.loops.items():
            facts = (history.store, str(run), str(started[point.execution]), "loop")
            if not secret.verify(facts, point.manifest.encode(), point.signature):
                yield f"the point of loop {call} of step {step.name!r} is not signed by this user"
