"""The commit of a finished body: one barrier, after which the step is done whatever happens."""

from __future__ import annotations

import time

from durnb.engine.live import LiveNames
from durnb.engine.look import live_input
from durnb.engine.manifest import Manifest
from durnb.engine.saving import Ended, bare, became_durable, delta_of, sign, take, undrawn
from durnb.engine.signals import interrupts_held
from durnb.engine.versions import Durable, LiveAmbient, is_of
from durnb.events import Input, StepSucceeded
from durnb.journal import Journal
from durnb.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What the commit made: the checkpoint's number, its manifest, seconds and bytes of the save, and notes for the badge."""

    checkpoint: int
    manifest: Manifest
    save: float
    size: int
    notes: tuple[str, ...]
    interrupted: bool = False


def commit(journal: Journal, live: LiveNames, ended: Ended, why: str = "") -> Committed:
    """Save and commit. With `why` nothing is saved: the names are lost for that reason.

    An interrupt while values are pickled leaves the step done and not saved; one during the transaction waits until it is over. Either is told by
    `interrupted`. Raises JournalError.
    """
    began = time.monotonic()
    draft = journal.draft(ended.step)
    interrupted = False
    try:
        try:
            below = _below(journal, live, ended)
            manifest = bare(draft, ended, live, ended.binds, why) if why else take(draft, ended, live, delta_of(ended, live, below), below)
        except KeyboardInterrupt:
            interrupted = True
            draft.abandon()  # it may have been struck in the middle of a write
            draft = journal.draft(ended.step)
            manifest = bare(draft, ended, live, delta_of(ended, live), "the save was interrupted", look=False)
        beside = _beside(journal, live, ended, manifest)
        event = _succeeded(journal, ended, manifest, not interrupted, time.monotonic() - began, draft.size, beside)
        with interrupts_held() as struck:
            number = draft.commit(event)
            version = Durable(ended.step, number)
            became_durable(live, manifest, version)
            _became_ambient(live, manifest, ended, version)
    except BaseException:
        draft.abandon()
        raise
    return Committed(
        checkpoint=number,
        manifest=manifest,
        save=time.monotonic() - began,
        size=event.size,
        notes=_notes(manifest),
        interrupted=interrupted or bool(struck),
    )


def _beside(journal: Journal, live: LiveNames, ended: Ended, manifest: Manifest) -> tuple[Input, ...]:
    """The names that a reuse of the checkpoint puts back and that the step did not read, as they were before it: where they are others now, it does not serve."""
    changed = {n for n in manifest.names if n in ended.linked or n in ended.changes.same or n in manifest.companions}
    told = [i for i in ended.beside if i.name in changed or i.name in manifest.deleted]
    execution = journal.history.steps[ended.step].executions[-1]
    rest = sorted(set(manifest.companions) - {i.name for i in (*told, *execution.inputs)} - ended.changes.changed)
    above = [n for n in rest if n not in live.names or is_of(execution.line, live.names[n].version)]
    return (*told, *(live_input(n, live.names.get(n), live.namespace[n], None)[0] for n in above))


def _below(journal: Journal, live: LiveNames, ended: Ended) -> frozenset[str]:
    """Names that hold what steps below left in this kernel, and that the body did not bind: this step has no part in that."""
    line = set(journal.history.steps[ended.step].executions[-1].line)  # once: it may be as long as there are names
    anew = ended.changes.changed - ended.changes.same
    return frozenset(name for name, held in live.names.items() if name not in anew and not held.gone and not is_of(line, held.version))


def _succeeded(
    journal: Journal, ended: Ended, manifest: Manifest, saved: bool, save: float, size: int, beside: tuple[Input, ...]
) -> StepSucceeded:
    execution = journal.history.steps[ended.step].executions[-1]
    text, signature = sign(journal, manifest, ended.started_seq, "checkpoint")
    return StepSucceeded(
        step=ended.step,
        execution=ended.execution,
        attempt=ended.attempt,
        manifest=text,
        signature=signature,
        saved=saved,
        ran=ended.ran,
        save=save,
        size=size,
        dropped_inputs=undrawn((i.name for i in execution.inputs), ended.changes),
        beside=beside,
    )


def _became_ambient(live: LiveNames, manifest: Manifest, ended: Ended, version: Durable) -> None:
    for name, stored in manifest.ambient.items():
        derived = "set" if stored.derived == "set" else "born"
        live.ambient[name] = LiveAmbient(version=version, derived=derived, state=ended.changes.now.get(name))  # type: ignore[arg-type]


def _notes(manifest: Manifest) -> tuple[str, ...]:
    lost = [
        f"{name} could not be stored ({one.path}: {one.reason}); after a restart it will not be there"
        for name, one in manifest.lost.items()
    ]
    told = {note.partition(":")[0] for note in manifest.dropped}
    unsaved = [name for name in manifest.unsaved if name not in told]
    left = [f"{', '.join(unsaved)} left out by --save"] if unsaved else []
    return (*lost, *left, *manifest.dropped, *manifest.notes)
