"""The run that a kernel holds: opening it and giving it up, and what other processes and threads ask of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol, TypeVar

from durnb.clock import Clock, SystemClock
from durnb.computed import unwatch
from durnb.config import Settings
from durnb.engine import badges, overview
from durnb.engine.attempts import Attempts
from durnb.engine.body import body_now
from durnb.engine.cells import NotebookCell, step_names
from durnb.engine.checkpoints import Shelf
from durnb.engine.housekeeping import Housekeeping, kept_by, used_by
from durnb.engine.live import LiveNames
from durnb.engine.mail import awaited, take_signals
from durnb.engine.offers import offered
from durnb.engine.place import Written
from durnb.engine.runs import Wish, attach, goes_on
from durnb.engine.saving import Ended
from durnb.engine.steering import Served, serve
from durnb.engine.versions import PLAIN, Durable, Live
from durnb.engine.waiting import Waiting
from durnb.errors import (
    JournalError,
    NotebookUnknown,
    StoreOffered,
)
from durnb.events import EMPTY
from durnb.fingerprint import watch_properties
from durnb.fold import History
from durnb.journal import Journal, RunName, Store, read_history
from durnb.records import dataclass
from durnb.snapshot import AmbientState
from durnb.steps import Line

T = TypeVar("T")


class Surroundings(Protocol):
    """What the session asks of its kernel: the notebook's path (None where unknown), its saved cells, a line for people, the results it keeps,
    the cells that it ran as they were typed."""

    def notebook(self) -> Path | None: ...
    def cells(self) -> Sequence[NotebookCell]: ...
    def say(self, text: str) -> None: ...
    def connection_file(self) -> str | None: ...
    def results(self) -> Sequence[object]: ...
    def ran(self) -> Sequence[str]: ...


@dataclass(slots=True, kw_only=True)
class HeldRun:
    """The run that a kernel holds, and what it knows of it; opened at the first durable cell. `busy` is held while a durable cell or a command runs.

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
    asked: set[str] = field(default_factory=set)  # steps that asked in this kernel
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
        store, run = self.wished()
        return read_history(store, run, self.clock) if run is not None else None

    def expected(self) -> History | None:
        """The history that the next durable cell goes on from; None where it begins a run. Raises NotebookUnknown, RunHeld and the JournalErrors."""
        history = self.peek()
        if history is None or self._journal is not None:
            return history
        return history if goes_on(history, self.wish, self.clock, self.settings().resume_within) else None

    def wished(self) -> tuple[Store, RunName | None]:
        """The run that this kernel would attach to, where there is one. Raises NotebookUnknown."""
        store = self.store()
        return store, RunName(self.wish.key, self.wish.number) if self.wish.number is not None else store.newest(self.wish.key)

    def store(self) -> Store:
        """The store of this notebook, there or not. Raises NotebookUnknown."""
        notebook = self.kernel.notebook()
        if notebook is None:
            raise NotebookUnknown
        root = self.settings().store
        return Store.of(notebook, Path(root).expanduser() if root else None)

    def open(self, now: Mapping[str, str | None] = EMPTY) -> Journal:
        """Attach to the wished run; `now` is the step that is about to run, with the digest of its code.

        Raises NotebookUnknown, StoreOffered, RunHeld and the JournalErrors.
        """
        if self._journal is not None:
            return self._journal
        store = self.store()
        if (offer := self.offer(now)) is not None:
            raise offer
        store.create()
        settings = self.settings()
        journal = attach(
            store,
            self.wish,
            clock=self.clock,
            wait=settings.open_wait,
            resume_within=settings.resume_within,
            connection_file=self.kernel.connection_file(),
            steps=step_names(self.kernel.cells()),
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

    def offer(self, now: Mapping[str, str | None] = EMPTY) -> StoreOffered | None:
        """The offer of a store whose notebook is gone, where there is one to go on from and nobody chose to begin anew. Raises NotebookUnknown."""
        store = self.store()
        if self._journal is not None or self._anew or self.wish.mode == "new":
            return None
        orphan = offered(store, self.kernel.cells(), self.clock, now)
        if orphan is None:
            return None
        beside = orphan.notebook.parent == store.notebook.parent
        return StoreOffered(
            notebook=store.notebook.name, old=orphan.notebook.name if beside else str(orphan.notebook), folder=str(orphan.folder)
        )

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
            self.asked.clear()
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
        names = (self.seen(awaited) or ()) if self._journal is not None else ()  # before the signals come that may end a wait
        self.take_signals()
        if not self.busy.acquire(blocking=False):
            return {"busy": True, "awaited": names}
        try:
            served = self.serve()
            for request in self._journal.requests() if self._journal is not None else ():
                if request.kind == "takeover" and self._journal is not None:
                    self._journal.done(request)
                    self.hand_over()
                    break
            if self._journal is not None:
                self.housekeeping.serve(self._journal)
            return {"busy": False, "awaited": names, "done": served.done, "refused": served.refused}
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

    def tell_waiting(self, found: Waiting) -> None:
        """The badge of the step says that it waits without a kernel from here on. From any thread."""
        if self._attempts is not None:
            self._attempts.stage.badge(badges.waiting(found, self._attempts))

    def serve(self) -> Served:
        """Do what others asked of the run by its inbox; the status tells of it before whoever asked hears."""
        if self._journal is None:
            return Served()
        served = serve(self._journal, lambda history: self.kernel.cells(), self.asked)
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

    def rewritten(self) -> None:
        """Checkpoints of the line changed what they say: names or manifests."""
        self._wrote = Written()
