"""Keeps a notebook's store within its limits: after commits, before a save that does not fit, at the end of a run, and when a person asks."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Final

from durnb.clock import Clock
from durnb.config import Settings, from_environment
from durnb.engine.live import LiveNames
from durnb.engine.signals import interrupts_held
from durnb.engine.versions import Durable, Tried, Version
from durnb.errors import JournalError, StoreBusy
from durnb.fold import History
from durnb.journal import Collected, Journal, Limits, Store, collect, half_written, preview
from durnb.records import dataclass
from durnb.steps import Line

_WORTH: Final = 64_000_000  # bytes of checkpoints that later ones replaced, from which on they are removed at once
_MANY: Final = 100  # such checkpoints, however small
_COPIES: Final = 100_000_000  # bytes that a kernel copies by itself, in order to get rid of more
_AT_ONCE: Final = timedelta(0)
COLLECT: Final = "collect"  # the kind of the request for it
PATIENCE: Final = timedelta(seconds=10)
_AT_END: Final = timedelta(seconds=1)  # a run that is over is not held up for what the next one can remove as well


_KEEP: Final = ("keep_checkpoints", "keep_runs")


def limits_of(settings: Settings) -> Limits:
    """What is kept by the settings."""
    return Limits(checkpoints=settings.keep_checkpoints, runs=settings.keep_runs)


def kept_by(settings: Settings) -> dict[str, int]:
    """The settings that say what is kept, for the status file: a command outside the kernel removes no more than the kernel would."""
    return {name: getattr(settings, name) for name in _KEEP}


def limits_outside(store: Store, environ: Mapping[str, str]) -> Limits:
    """What a command outside any kernel keeps: what the environment says, else the most that a kernel of this notebook was told to. Raises UsageError."""
    found = kept_by(from_environment(environ))
    told = [keep for run in store.runs() if isinstance(keep := (store.status(run) or {}).get("keep"), dict)]
    for name in _KEEP:
        if f"DURNB_{name.upper()}" not in environ:
            found[name] = max([found[name], *(each[name] for each in told if isinstance(each.get(name), int))])
    return Limits(checkpoints=found["keep_checkpoints"], runs=found["keep_runs"])


def used_by(history: History, line: Line, live: LiveNames) -> frozenset[int]:
    """What a kernel still uses of its run: the checkpoints on its line, and the first events of executions that left values which are live.

    What was kept when such an execution began may be asked for, where a step does not see its value.
    """
    versions: list[Version] = [held.version for held in live.names.values()]
    versions += [held.version for held in live.ambient.values()]
    left = {(v.step, v.execution) for v in versions if isinstance(v, Tried)}
    made = {(v.step, v.checkpoint) for v in versions if isinstance(v, Durable)}
    started = {
        execution.started_seq
        for step in history.steps.values()
        for execution in step.executions
        if (step.name, execution.number) in left or (step.name, execution.checkpoint) in made
    }
    return frozenset({number for _, number in line} | started)


@dataclass(slots=True, kw_only=True)
class Housekeeping:
    """The housekeeping of one kernel's session. `used` gives what the session still uses of its run: see `used_by`.

    Since the last collection `_replaced` checkpoints, for which `_bytes` were written, fell out of those that are kept.
    """

    settings: Callable[[], Settings]
    clock: Clock
    used: Callable[[], Collection[int]]
    _replaced: int = 0
    _bytes: int = 0

    def opened(self, journal: Journal) -> str:
        """A run was opened: room is looked after from here on, and what a killed save left goes; what went wrong with that, "" for nothing."""
        self._replaced = self._bytes = 0
        journal.room.limit = lambda: self.settings().max_store
        journal.room.collect = lambda: self._make_room(journal)
        return self._quietly(journal.store, journal) if half_written(journal.store) else ""

    def _make_room(self, journal: Journal) -> None:
        self.collect(journal.store, journal)

    def collect(self, store: Store, own: Journal | None) -> Collected:
        """Remove all that may go, of every run. Raises what `durnb.journal.collect` raises."""
        return collect(store, limits_of(self.settings()), clock=self.clock, patience=PATIENCE, own=own, needed=self.used)

    def preview(self, store: Store, own: Journal | None) -> Collected:
        """What `collect` would remove."""
        return preview(store, limits_of(self.settings()), clock=self.clock, own=own, needed=self.used)

    def committed(self, journal: Journal, step: str) -> str:
        """A step has a new checkpoint: when enough old ones are superfluous they go; what went wrong with that, "" for nothing."""
        checkpoints, keep = journal.history.steps[step].checkpoints.values(), self.settings().keep_checkpoints
        if len(checkpoints) <= keep:
            return ""
        *_, replaced = heapq.nlargest(keep + 1, checkpoints, key=lambda checkpoint: checkpoint.used)
        self._replaced += 1
        self._bytes += replaced.size
        return self._quietly(journal.store, journal) if self._bytes >= _WORTH or self._replaced >= _MANY else ""

    def serve(self, journal: Journal) -> str:
        """Others can't look into a run that this kernel has: where they asked for it, collect; what went wrong with that, "" for nothing."""
        try:
            asked = [request for request in journal.requests() if request.kind == COLLECT]
            said = self._quietly(journal.store, journal) if asked else ""
            for request in asked:
                journal.done(request)
        except JournalError as error:
            return str(error)
        return said

    def ended(self, store: Store, own: Journal | None) -> str:
        """A run is over: runs that are too many go, and old checkpoints of `own`; what went wrong with that, "" for nothing."""
        return self._quietly(store, own, _AT_END)

    def _quietly(self, store: Store, own: Journal | None, patience: timedelta = _AT_ONCE) -> str:
        """What a kernel does by itself never fails a cell, and lets others go first: what is not removed now is removed the next time."""
        limits = limits_of(self.settings())
        try:
            with interrupts_held():
                collect(
                    store,
                    limits,
                    clock=self.clock,
                    patience=patience,
                    own=own,
                    needed=self.used,
                    every_run=False,
                    copies=_COPIES,
                )
        except StoreBusy:
            return ""
        except JournalError as error:
            return f"old results could not be removed: {error}"
        self._replaced = self._bytes = 0
        return ""
