"""What a person can ask of a run beside running its cells. Each is a small function of the session."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from durnb.engine import mail
from durnb.engine.cells import NotebookCell, plain_cells
from durnb.engine.changes import Changes
from durnb.engine.commit import commit
from durnb.engine.creations import missing
from durnb.engine.manifest import TAKEN_AS_DONE, Manifest
from durnb.engine.over import check_goes_on
from durnb.engine.runs import Wish
from durnb.engine.saving import Ended, became_durable, sign, take
from durnb.engine.session import Session
from durnb.engine.signals import interrupts_held
from durnb.engine.steering import asks_nothing, can_stand, resolve_step, step_in, trust_run
from durnb.engine.storage import Storage, storage_of
from durnb.engine.versions import Durable
from durnb.errors import RunHeld, UsageError
from durnb.events import CheckpointSaved, RunFinished, StepRerunRequested
from durnb.journal import Collected, Journal, RunName, Store
from durnb.records import dataclass
from durnb.steps import Answer, Checkpoint, Line, StepHistory


def step_of(session: Session, name: str) -> StepHistory:
    """The step of this run. Raises UsageError that names those there are."""
    return step_in(session.history, name)


def steered(session: Session) -> Journal:
    """The journal of the run that is to be steered. Raises UsageError where that is over: an answer must not begin the next; and as `open` does."""
    history = session.peek()
    if history is not None:
        check_goes_on(history, session.store().notebook.name)
    return session.journal


def rerun(session: Session, name: str) -> None:
    """The step runs again when its cell is run next, in a new generation."""
    journal = steered(session)
    step_of(session, name)
    journal.append(StepRerunRequested(step=name))
    session.write_status()


def resolve(session: Session, name: str, answer: Answer) -> str:
    """Record a person's answer to what the step asked; what will happen, in words. Raises UsageError for one that can't hold."""
    journal = steered(session)
    step = journal.history.steps.get(name)
    if step is not None and can_stand(step, answer) and _asks_nothing(session, name):
        raise asks_nothing(name)
    said = resolve_step(journal, name, answer, session.kernel.cells(), asks=True)
    session.write_status()
    return said


def _asks_nothing(session: Session, name: str) -> bool:
    """Whether the step is known to be finished and to stand; a cell that runs (the panel answers then, too) is not waited for."""
    if name in session.asked or not session.busy.acquire(blocking=False):
        return False
    try:
        return any(planned.step == name and planned.settled for planned in session.planned().steps)
    finally:
        session.busy.release()


def wake(journal: Journal, name: str) -> str:
    """The sleeps in which an unfinished step is are over. Raises UsageError where it is in none."""
    step_in(journal.history, name)
    return f"{mail.wake(journal, name)} sleeps no more; run its cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The steps whose variables are back, in order; those left out, with the reason; the plain cells still to run; and notes."""

    steps: tuple[str, ...]
    left: dict[str, str]
    plain: tuple[NotebookCell, ...]
    notes: tuple[str, ...]


def restore(session: Session, upto: str | None = None) -> Restored:
    """Put the variables of all finished steps back (up to `upto`), running and showing nothing. The line becomes the run's last."""
    with session.busy:
        session.live.observe()
        line, left = last_line(session)
        if upto is not None:
            step_of(session, upto)
            names = [name for name, _ in line]
            if upto not in names:
                raise UsageError(f"step {upto!r} has no checkpoint to restore: {left.get(upto, 'it is not finished')}")
            line = line[: names.index(upto) + 1]
        session.line = ()
        notes: list[str] = []
        for name, number in line:
            back = session.put_back(session.history.steps[name].checkpoints[number], session.line)
            spoiled = missing(back.manifest, None, Path())
            notes.extend(f"{name}: {note}" for note in (*back.notes, *([spoiled] if spoiled else [])))
        return Restored(
            steps=tuple(name for name, _ in line), left=left, plain=tuple(plain_cells(session.kernel.cells())), notes=tuple(notes)
        )


def last_line(session: Session) -> tuple[Line, dict[str, str]]:
    """The run's last line, and after it the finished steps whose durable inputs it still makes; what is left out, and why."""
    history = session.history
    line = [(name, number) for name, number in history.line if name in history.steps and number in history.steps[name].checkpoints]
    on_line = {name for name, _ in line}
    digests = {n: stored.digest for name, number in line for n, stored in _manifest(session, name, number).names.items()}
    left: dict[str, str] = {}
    finished = [step.checkpoint for step in history.steps.values() if step.checkpoint is not None and step.name not in on_line]
    for checkpoint in sorted(finished, key=lambda c: c.number):
        stale = [i.name for i in checkpoint.inputs if i.kind == "durable" and digests.get(i.name) != i.digest]
        if stale:
            left[checkpoint.step] = f"its input {stale[0]} has changed since"
            continue
        line.append((checkpoint.step, checkpoint.number))
        digests.update({n: stored.digest for n, stored in session.shelf.manifest(checkpoint).names.items()})
    left.update({s.name: "it is not finished" for s in history.steps.values() if s.executions and s.checkpoint is None})
    return tuple(line), left


def _manifest(session: Session, name: str, number: int) -> Manifest:
    return session.shelf.manifest(session.history.steps[name].checkpoints[number])


def save(session: Session, name: str, ignore: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Take the checkpoint of a finished step again from its live variables, without running its body; the names that are still lost.

    Also commits a step whose body ended but whose commit failed (a full disk). Raises UsageError where its variables are not the live ones.
    """
    with session.busy:
        pending = session.unsaved.get(name)
        if pending is not None:
            done = commit(session.journal, session.live, replace(pending, ignore=pending.ignore | set(ignore)))
            del session.unsaved[name]
            session.line = (*session.line, (name, done.checkpoint))
            session.write_status()
            return tuple(done.manifest.lost)
        step = step_of(session, name)
        checkpoint = step.checkpoint
        if checkpoint is None:
            raise UsageError(f"step {name!r} is not finished, so there is nothing to save: run its cell")
        return _save_again(session, checkpoint, ignore)


def _save_again(session: Session, checkpoint: Checkpoint, ignore: tuple[str, ...]) -> tuple[str, ...]:
    session.live.observe()
    manifest = session.shelf.manifest(checkpoint)
    version = Durable(checkpoint.step, checkpoint.number)
    own = [n for n in (*manifest.names, *manifest.lost, *manifest.unsaved) if n not in manifest.companions]
    strange = [n for n in ignore if n not in own]
    if strange:
        raise UsageError(f"step {checkpoint.step!r} left no {', '.join(strange)}; its variables: {', '.join(sorted(own)) or 'none'}")
    by_hand = bool(manifest.lost) and not manifest.names and all(lost.reason == TAKEN_AS_DONE for lost in manifest.lost.values())
    gone = [
        n for n in own if by_hand is False and n not in ignore and (n not in session.live.names or session.live.names[n].version != version)
    ]
    if gone:
        raise UsageError(
            f"{', '.join(gone)} of step {checkpoint.step!r} is no longer in the kernel as the step left it: run its cell again"
        )
    execution = next(e for e in session.history.steps[checkpoint.step].executions if e.number == checkpoint.execution)
    began = time.monotonic()
    ended = Ended(
        step=checkpoint.step,
        execution=execution.number,
        attempt=execution.last.number,
        started_seq=execution.started_seq,
        fingerprint=execution.fingerprint,
        source="",
        binds=frozenset(),
        changes=Changes(changed=frozenset(), deleted=frozenset(manifest.deleted), ambient={}, now={}),
        outputs=[],
        has_value=False,
        value=None,
        ran=checkpoint.ran,
        save=tuple(n for n in own if n not in ignore and n in session.namespace),
        always=False,
    )
    draft = session.journal.draft(checkpoint.step)
    try:
        fresh = take(draft, ended, session.live, own)
        kept = replace(fresh, ambient=manifest.ambient, outputs=manifest.outputs, imports=manifest.imports, creates=manifest.creates)
        text, signature = sign(session.journal, kept, execution.started_seq, "checkpoint")
        with interrupts_held():
            draft.commit(
                CheckpointSaved(
                    step=checkpoint.step,
                    checkpoint=checkpoint.number,
                    manifest=text,
                    signature=signature,
                    save=time.monotonic() - began,
                    size=draft.size,
                )
            )
            became_durable(session.live, kept, version)
            session.rewritten()
    except BaseException:
        draft.abandon()
        raise
    session.write_status()
    return tuple(kept.lost)


def trust(session: Session) -> int:
    """Sign every checkpoint of the run that another key signed, with this user's; how many."""
    return trust_run(session.journal)


def run_key(session: Session, key: str) -> str:
    """Attach to the unfinished run of `key`, or begin it; idempotent. The run's name."""
    if not key.strip():
        raise UsageError("a run's key can't be empty: %durable run day=2026-11-20")
    if session.wish.key != key or session.wish.number is not None:
        _check_key(session.store(), key)
        session.leave("new")
        session.wish = Wish(key=key)
    return str(session.journal.run)


def _check_key(store: Store, key: str) -> None:
    runs = store.runs()
    named = next((run for run in runs if str(run) == key), None)
    if named is not None and not any(run.key == key for run in runs):
        raise UsageError(f"{key} is a run, and its key is {named.key}: %durable run {named.key} goes on with the newest run of it")


def new(session: Session) -> str:
    """Begin the next run of the key; nothing where this one has no finished step. The run's name."""
    session.begin_anew()
    session.leave("new")
    session.wish = replace(session.wish, mode="new", number=None)
    journal = session.journal
    session.kernel.say(session.housekeeping.ended(journal.store, journal))
    return str(journal.run)


def finish(session: Session, status: Literal["finished", "failed"] = "finished") -> str:
    """Close the run; the next durable cell begins another. The name of the run that was closed."""
    journal = session.journal
    journal.append(RunFinished(status=status))
    session.write_status()
    name = str(journal.run)
    session.kernel.say(session.housekeeping.ended(journal.store, journal))
    session.leave("finish")
    session.wish = replace(session.wish, mode="auto", number=None)
    return name


def collect(session: Session, *, dry_run: bool) -> Collected:
    """Remove what retention does not keep, of every run of the notebook; with `dry_run` only say what that would be. Raises UsageError, StoreBusy."""
    with session.busy:
        store = session.store()
        if not store.runs():
            raise UsageError(f"{store.notebook.name} has no runs yet, so there is nothing to remove")
        own = session.journal if session.attached else None
        return (session.housekeeping.preview if dry_run else session.housekeeping.collect)(store, own)


def storage(session: Session) -> Storage:
    """What takes the room of the store, and of the run that this kernel has or would have. Raises UsageError, and the JournalErrors."""
    with session.busy:
        store = session.store()
        own = session.journal if session.attached else None
        run = own.run if own is not None else store.newest(session.wish.key)
        if run is None:
            raise UsageError(f"{store.notebook.name} has no runs yet, so nothing is stored")
        return storage_of(store, run, session.clock, own)


def adopt(session: Session, old: str) -> None:
    """Take over the store of a notebook that is gone. Raises UsageError and what `Store.adopt` raises."""
    session.leave("new")
    session.store().adopt(old)


def takeover(session: Session, look: Callable[[Store, RunName], object]) -> str:
    """Ask the owner of the run to hand it over, by the inbox and by `look` (run on its control channel); then attach.

    Raises RunHeld where it does not within the time that opening waits.
    """
    if session.attached:
        return str(session.journal.run)
    store = session.store()
    run = store.newest(session.wish.key)
    if run is None or store.owner(run) is None:
        return str(session.journal.run)
    request = store.request(run, "takeover")
    look(store, run)
    try:
        return str(session.open().run)
    except RunHeld:
        store.withdraw(run, request)
        raise
