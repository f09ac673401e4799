"""One run: from its own open journal where this process has it, from its file while nobody does, else only what its owner tells."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from durnb.archive.lookup import not_there
from durnb.archive.rows import Rows
from durnb.archive.step import StepView
from durnb.archive.table import Shown, Table, bytes_text, seconds_text, when
from durnb.engine import overview
from durnb.engine.checkpoints import Shelf
from durnb.engine.mail import waiting_in
from durnb.engine.overview import StepRow
from durnb.fingerprint import content
from durnb.fold import History
from durnb.journal import Journal, RunName
from durnb.records import dataclass
from durnb.snapshot import restore_aside

if TYPE_CHECKING:
    from durnb.archive.notebook import NotebookHistory  # it makes the runs

_PATIENCE: Final = timedelta(seconds=2)  # for whoever only reads the run, as we do
_reading: Final = threading.RLock()  # two threads of this process would take each other for another owner


@dataclass(frozen=True, slots=True)
class Glance:
    """A run as it is seen without looking into it."""

    state: str
    rows: tuple[StepRow, ...]
    at: datetime | None


@dataclass(slots=True, eq=False, repr=False)
class RunView(Shown, Mapping[str, StepView]):
    """The steps of a run by their names, in the order of their first start.

    While another kernel has the run, only what its status file tells can be seen; the rest raises RunHeld.
    """

    notebook: NotebookHistory
    run: RunName
    _read: History | None = field(default=None, init=False)

    def __reduce__(self) -> tuple[object, ...]:
        return RunView, (self.notebook, self.run)

    def __getitem__(self, name: str) -> StepView:
        there = self._names()
        if name not in there:
            raise not_there(what="step", name=name, where=f"run {self.name}", there=tuple(there))
        return StepView(self, name)

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> dict[str, None]:
        if self.is_elsewhere:
            return dict.fromkeys(row.step for row in self.glance().rows)
        return {name: None for name, step in list(self.history.steps.items()) if step.executions}

    # ---- where it is read

    @property
    def name(self) -> str:
        """Such as ``interactive.2``."""
        return str(self.run)

    @property
    def owner(self) -> int | None:
        """The process that has the run now, which may be this one; None where none has."""
        return self.notebook.store.owner(self.run)

    @property
    def holder(self) -> str:
        """Who has the run, in words; empty where nobody has."""
        if self._own is not None:
            return "this kernel"
        return f"process {self.owner}" if self.owner is not None else ""

    @property
    def is_here(self) -> bool:
        """Whether this very process has the run."""
        return self._own is not None

    @property
    def is_elsewhere(self) -> bool:
        """Whether another kernel has the run, so that only its status can be seen."""
        return self._own is None and self._is_a_kernels(self._status())

    @property
    def _own(self) -> Journal | None:
        return Journal.owned_here(self.notebook.store, self.run)

    @property
    def history(self) -> History:
        """The run's folded events; those of a run that nobody has are read once. Raises RunHeld and the JournalErrors."""
        own = self._own
        if own is not None:
            return own.history
        if self._read is None:
            with self._journal():
                pass
        assert self._read is not None
        return self._read

    @contextmanager
    def shelf(self) -> Iterator[Shelf]:
        """The run's checkpoints, open as long as this is. Raises RunHeld and the JournalErrors."""
        with self._journal() as journal:
            yield Shelf(journal, self.notebook.namespace, partial(restore_aside, same=_same))

    @contextmanager
    def _journal(self) -> Iterator[Journal]:
        own = self._own
        if own is not None:
            yield own
            return
        store = self.notebook.store
        with _reading, Journal.reading(store, self.run, clock=self.notebook.clock, wait=self._patience()) as journal:
            self._read = journal.history
            yield journal

    def _patience(self) -> timedelta:
        """A kernel keeps its run, so there is nothing to wait for."""
        return timedelta(0) if self._is_a_kernels(self._status()) else _PATIENCE

    def _status(self) -> Mapping[str, Any]:
        return self.notebook.store.status(self.run) or {}

    def _is_a_kernels(self, status: Mapping[str, Any]) -> bool:
        """Whether another process owns the run that also wrote its status file, which nobody does who only reads it."""
        return status.get("pid") not in (None, os.getpid()) and status.get("pid") == self.owner

    # ---- what is seen of it

    def told(self) -> Glance:
        """The run as its status file tells: at once, and where its kernel was killed perhaps without its last step."""
        status = self._status()
        if self._own is not None or not status:
            return self.glance()
        return _glance(status, owned=self.owner is not None)

    def glance(self) -> Glance:
        """The run as its journal tells; while another kernel has it, as its status file does. Raises the JournalErrors."""
        if self.is_elsewhere:
            return _glance(self._status(), owned=True)
        history = self.history
        found = overview.rows(history)
        rows = found if self._own is not None else map(overview.unowned, found)
        return Glance(history.state, tuple(rows), history.updated)

    def row(self, step: str) -> StepRow:
        """One step in short. Raises NotInHistory."""
        if self.is_elsewhere:
            found = next((row for row in self.glance().rows if row.step == step), None)
        else:
            past = self.history.steps.get(step)
            found = overview.row(past) if past is not None and past.executions else None
            found = overview.unowned(found) if found is not None and not self.is_here else found
        if found is None:
            raise not_there(what="step", name=step, where=f"run {self.name}", there=tuple(self))
        return found

    @property
    def state(self) -> str:
        """open, finished, failed or abandoned."""
        return self.glance().state

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters that the run was begun with."""
        return self.history.parameters

    @property
    def started(self) -> datetime | None:
        """When the run began."""
        return self.history.started

    @property
    def updated(self) -> datetime | None:
        """When something last happened to the run."""
        return self.glance().at

    @property
    def waiting(self) -> Rows:
        """What its unfinished steps wait for: sleeps and signals, with what a person is asked and the JSON schema of the answer."""
        waits = waiting_in(self.history)
        heads = ("step", "what", "name", "until", "prompt", "schema")
        return Rows(heads, [(step, w.what, w.name, w.until, w.prompt, json.loads(w.schema) if w.schema else None) for step, w in waits])

    @property
    def kernels(self) -> int:
        """How many kernels have had the run so far."""
        return self.history.epoch

    def table(self) -> Table:
        glance = self.glance()
        held = f", held by {self.holder}" if self.holder else ""
        only = f"{self.holder} has the run: this is what it tells of it" if held and self._own is None else ""
        return Table(
            title=f"run {self.name} of {self.notebook.store.notebook.name}: {glance.state}{held}",
            heads=("step", "status", "when", "ran", "attempts", "saved", "variables", "why"),
            rows=tuple(_row(row) for row in glance.rows),
            foot=only if glance.rows or only else "no step has run yet",
        )


def _row(row: StepRow) -> tuple[str, ...]:
    lost = f"; lost: {', '.join(row.lost)}" if row.lost else ""
    why = f"{row.reason}{lost}".removeprefix("; ")
    return row.heading, row.status, when(row.at), seconds_text(row.ran), str(row.attempts), bytes_text(row.size), ", ".join(row.names), why


def _glance(status: Mapping[str, Any], *, owned: bool) -> Glance:
    rows = [overview.row_of(step) for step in status.get("steps", ()) if isinstance(step, Mapping)]
    at = status.get("at")
    return Glance(
        state=str(status.get("state", "open")),
        rows=tuple(rows if owned else map(overview.unowned, rows)),
        at=datetime.fromisoformat(at) if isinstance(at, str) else None,
    )


def _same(one: object, other: object) -> bool:
    """Whether two classes are one in all that they hold."""
    here, there = content(one), content(other)
    return not here.opaque and here.digest == there.digest
