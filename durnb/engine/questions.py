"""Puts the question that `decide` answers: a durable cell, its header and what its place sees."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from durnb.config import Settings
from durnb.digests import digest_of
from durnb.engine.cells import NotebookCell, step_names
from durnb.engine.checkpoints import Shelf
from durnb.engine.creations import with_files
from durnb.engine.decide import Missing, Question, Renamed, changes
from durnb.engine.look import Look
from durnb.engine.manifest import TAKEN_AS_DONE
from durnb.engine.request import CellRequest
from durnb.errors import UsageError
from durnb.fold import History


def question_of(request: CellRequest, seen: Look, settings: Settings, now: datetime, history: History, shelf: Shelf) -> Question:
    """The question of one cell; whether it is a renamed step is not looked at. Raises CheckpointUnreadable."""
    header = request.header
    question = Question(
        step=request.name,
        code=seen.cell.digest,
        inputs=seen.inputs,
        now=now,
        missing=tuple(_with_cure(missing, history, shelf) for missing in seen.missing),
        unknown=seen.unknown,
        once=header.once,
        always=header.always,
        on_change=header.on_change or settings.on_change,  # type: ignore[arg-type]  # checked when the setting was read
        expires=header.expires,
        ask_over=settings.ask_over,
        max_crashes=settings.max_crashes,
        ignored=frozenset(header.ignore),
        beside=seen.beside,
        parted=seen.parted,
        aliased=seen.aliased,
        apart=seen.apart,
    )
    return with_files(question, header.creates, history, shelf) if header.creates else question


def _with_cure(missing: Missing, history: History, shelf: Shelf) -> Missing:
    """What a step lost that must not run again for it is bound by hand."""
    maker = history.steps.get(missing.maker or "")
    if missing.lost is None or maker is None or maker.last is None or maker.checkpoint is None:
        return missing
    lost = shelf.manifest(maker.checkpoint).lost.get(missing.name)
    taken = lost is not None and lost.reason == TAKEN_AS_DONE
    return replace(missing, by_hand=taken or maker.last.once, save=taken)


def same_cell(request: CellRequest, history: History, cells: Sequence[NotebookCell], ran: Mapping[str, str | None]) -> str | None:
    """The finished step that this very cell was under another name: in this kernel, or in the file, which the front end has yet to save.

    None where front ends give no ids to cells, and where another cell has that name now.
    """
    if request.cell_id is None:
        return None
    in_file = {name: cell.id for cell in cells for name in step_names([cell])}
    names = [
        name for name, cell_id in (*reversed(list(ran.items())), *in_file.items()) if cell_id == request.cell_id and name != request.name
    ]
    return next(
        (n for n in names if in_file.get(n, request.cell_id) == request.cell_id and n in history.steps and history.steps[n].checkpoint),
        None,
    )


def renamed_cell(history: History, question: Question, old: str) -> Renamed | None:
    """The step `old` under the name of the question, which was asked from its place; None where code or inputs changed."""
    step = history.steps[old]
    if step.checkpoint is None or step.last is None or changes(step.checkpoint, question):
        return None
    return Renamed(old=old, checkpoint=step.checkpoint.number, once=step.last.once)


def renamed(history: History, question: Question, cells: Sequence[NotebookCell], ran: Collection[str]) -> Renamed | None:
    """The one finished step that this may be under a new name: its name left the saved notebook, and it has not run in this kernel."""
    in_file = set(step_names(cells))
    if question.step not in in_file:
        return None
    left = [s for s in history.steps.values() if s.checkpoint is not None and s.name not in in_file and s.name not in ran]
    fitting = [s for s in left if s.checkpoint is not None and not changes(s.checkpoint, question)]
    if len(fitting) != 1 or fitting[0].current is None or fitting[0].last is None:
        return None
    return Renamed(old=fitting[0].name, checkpoint=fitting[0].current, once=fitting[0].last.once)


def check_one_name(request: CellRequest, history: History, cells: Sequence[NotebookCell], ran: Mapping[str, str | None]) -> None:
    """Two cells can't have one name: the one that ran as it last, which is in the saved notebook, and another; without ids it is an edit.

    Raises UsageError.
    """
    known = history.steps.get(request.name)
    other = ran.get(request.name) or (known.cell_id if known is not None else None)
    if request.cell_id is None or other is None or other == request.cell_id:
        return
    code = [cell for cell in cells if cell.type == "code" and cell.source.strip()]
    owners = {cell.id: number for number, cell in enumerate(code, start=1) if request.name in step_names([cell])}
    if other not in owners:
        return
    if request.cell_id in owners:
        numbers = " and ".join(str(number) for number in sorted((owners[other], owners[request.cell_id])))
        raise UsageError(
            f"two cells of this notebook, as it is saved, are called {request.name!r} (code cells {numbers}): give one of them another name "
            f"and save the notebook; nothing was run"
        )
    raise UsageError(
        f"code cell {owners[other]} of this notebook, as it is saved, is called {request.name!r}, and this is another cell: give it another name "
        f"or, if that cell is gone, save the notebook; nothing was run"
    )


def fingerprint_of(question: Question) -> str:
    """The digest of a step's code and inputs."""
    parts = [part for i in question.inputs if not i.by_everything for part in (i.name, "absent" if i.kind == "absent" else i.digest)]
    return digest_of("fingerprint", question.code, *parts)
