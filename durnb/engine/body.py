"""The body that runs now, and its durable calls in flight: what durable functions that are called from a cell need of its step."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from datetime import datetime
from typing import Any, Final, Literal

from durnb.clock import Clock
from durnb.config import Settings
from durnb.engine.progress import Progress
from durnb.engine.waiting import Waiting
from durnb.errors import CallTooLate, StepAsks
from durnb.happened import Calls
from durnb.journal import Journal
from durnb.records import dataclass

_LINES: Final = 3  # of maps and waits that are told at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitNow:
    """A durable wait of this process: what for, and until when."""

    what: Literal["sleep", "signal"]
    name: str
    until: datetime | None


@dataclass(slots=True, eq=False)
class LoopItem:
    """The item of a durable loop that is gone through now: the loop's identity, and the item's position. `inner` are the loops begun in it, or in one since the last point."""

    loop: str
    position: int
    inner: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Scope:
    """What encloses a durable call: another call in flight, or (with an empty `call`) the body itself.

    `counts` says how often each call was made in it. `inner` are calls in flight, `waits` durable waits, both made directly in it; `held` calls do not begin, for the body is to be left.
    `loops` are the durable loops that are gone through in it: a call is another one in each of their items.
    """

    body: Body
    call: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    inner: set[Scope] = field(default_factory=set)
    waits: dict[str, WaitNow] = field(default_factory=dict)
    held: int = 0
    drawn: Any = None
    loops: list[LoopItem] = field(default_factory=list)

    @property
    def place(self) -> str:
        """The items of durable loops in which a call made now stands; "" outside of loops."""
        return "/".join(f"{each.loop}:{each.position}" for each in self.loops)

    def occurrence(self, what: str) -> int:
        """How often `what` was called in this scope before."""
        with self.body.lock:
            seen = self.counts.get(what, 0)
            self.counts[what] = seen + 1
        return seen

    @contextmanager
    def entered(self, call: str) -> Iterator[Scope]:
        """The scope of a call that runs now."""
        scope = Scope(self.body, call)
        with self.body.lock:
            self.inner.add(scope)
        token = _scope.set(scope)
        try:
            yield scope
        finally:
            _scope.reset(token)
            with self.body.lock:
                self.inner.discard(scope)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """A call of this scope waits to begin."""
        with self.body.lock:
            self.held += 1
        try:
            yield
        finally:
            with self.body.lock:
                self.held -= 1

    def all_waits(self) -> list[WaitNow] | None:
        """The waits that this scope and all in it are in; None where something in it does more than wait."""
        found = list(self.waits.values())
        if self.held:
            found.append(WaitNow(what="sleep", name="", until=self.body.clock.now()))
        for each in self.inner:
            within = each.all_waits()
            if within is None:
                return None
            found += within
        return found or None


@dataclass(slots=True, eq=False, kw_only=True)
class Body:
    """One attempt's body while it runs. `show` puts text into its badge (empty: none), `lines` are of what goes on, `maps` how far maps are; `serve` takes what others sent; `asked` is what it has to ask.

    `started_seq` is that of its execution. `leaving`: no further call begins. `cautious` says whether stale calls may ask.
    """

    step: str
    execution: int
    started_seq: int
    journal: Journal
    clock: Clock
    settings: Settings
    namespace: MutableMapping[str, object]
    show: Callable[[str], None]
    say: Callable[[str], None]
    serve: Callable[[], None]
    changed: Callable[[], None]
    lock: threading.RLock = field(default_factory=threading.RLock)
    storing: threading.RLock = field(default_factory=threading.RLock)
    asked: StepAsks | None = None
    over: bool = False
    leaving: bool = False
    codes: dict[int, tuple[object, str]] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)
    stale: dict[str, float] = field(default_factory=dict)
    owners: dict[str, object] = field(default_factory=dict)
    lines: dict[object, str] = field(default_factory=dict)
    maps: dict[object, Progress] = field(default_factory=dict)
    root: Scope = field(init=False)
    _before: frozenset[threading.Thread] = frozenset()

    def __post_init__(self) -> None:
        self.root = Scope(self)
        self._before = frozenset(threading.enumerate())

    @property
    def calls(self) -> Calls:
        """The step's calls of this generation so far."""
        return self.journal.history.steps[self.step].calls

    def leave(self) -> bool:
        """Let no further durable call begin, so that soon the body only waits and its kernel may be ended; False for a body that makes none."""
        if not self.calls.made and not self.root.inner:
            return False
        self.leaving = True
        return True

    def is_of_another(self, what: str, owner: object) -> bool:
        """Whether `what` was called before as a method of another object."""
        with self.lock:
            return self.owners.setdefault(what, owner) is not owner

    def tell(self, of: object, text: str) -> None:
        """The line of a map or wait that goes on, in the badge beside those of others; "" takes it away. Only the main thread's are shown."""
        if threading.current_thread() is not threading.main_thread():
            return
        if text:
            self.lines[of] = text
        elif self.lines.pop(of, None) is None:
            return
        lines = list(self.lines.values())
        more = [f"and {len(lines) - _LINES} more"] if len(lines) > _LINES else []
        self.show(" · ".join([*lines[:_LINES], *more]))

    def say_once(self, text: str) -> None:
        """A line for people, once for each text and body."""
        with self.lock:
            if text in self.said:
                return
            self.said.add(text)
        self.say(text)

    def ask(self, why: str, *commands: str) -> StepAsks:
        """The question that stops the body, to be raised; the step ends with it whatever the cell does with the exception."""
        error = StepAsks(step=self.step, why=why, commands=commands)
        with self.lock:
            self.asked = self.asked or error
        return error

    def question(self) -> StepAsks | None:
        """What the body asked, to be shown in one line."""
        return StepAsks(step=self.step, why=self.asked.why, commands=self.asked.commands) if self.asked is not None else None

    def waiting(self) -> Waiting | None:
        """Whether the body and all its calls in flight are in durable waits. From any thread."""
        with self.lock:
            found = None if self.over else self.root.all_waits()
        if found is None:
            return None
        times = [wait.until for wait in found if wait.until is not None]
        return Waiting(step=self.step, until=min(times, default=None), names=tuple(sorted({w.name for w in found if w.what == "signal"})))

    def end(self) -> None:
        """The body is over: threads that it started and left behind belong to no step."""
        self.over = True
        self.namespace = {}  # who refers to the notebook's is counted, and this body may stay for a while, in a cycle with its scope
        for thread in threading.enumerate():
            if thread not in self._before and not _is_of_a_pool(thread):
                _left_behind[thread] = self.step


_scope: ContextVar[Scope | None] = ContextVar("durnb_scope", default=None)
_running: Final[list[Body]] = []  # one, for only one durable cell runs at a time; a list, so that nothing has to be global
_left_behind: Final[weakref.WeakKeyDictionary[threading.Thread, str]] = weakref.WeakKeyDictionary()


def _is_of_a_pool(thread: threading.Thread) -> bool:
    """Whether a thread serves an executor, and so may serve other steps too."""
    return getattr(getattr(thread, "_target", None), "__module__", "") == "concurrent.futures.thread"


@contextmanager
def running(body: Body) -> Iterator[Body]:
    """While `body` runs, durable functions called in this process are its own."""
    _running.append(body)
    token = _scope.set(body.root)
    try:
        yield body
    finally:
        _scope.reset(token)
        _running.remove(body)
        body.end()


def body_now() -> Body | None:
    """The body that runs in this process."""
    return _running[-1] if _running else None


def scope_now(call: str) -> Scope | None:
    """What encloses a call made here and now; None outside of durable steps. Raises CallTooLate, naming `call`, where its step is over.

    A thread that the user started has no context: its calls belong to the body.
    """
    scope = _scope.get()
    if scope is not None and scope.body.over:
        raise CallTooLate(step=scope.body.step, call=call)
    step = _left_behind.get(threading.current_thread())
    if scope is None and step is not None:
        raise CallTooLate(step=step, call=call)
    return scope or (_running[-1].root if _running else None)
