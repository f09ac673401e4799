"""``durnb.map``: a durable call for each item, several at a time, resumed at the item."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import re
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from durnb.clock import SLICE, Clock, SystemClock
from durnb.config import duration
from durnb.engine.body import Scope, scope_now
from durnb.engine.retry import classify
from durnb.errors import CallTooLate, MapFailed, StepAsks, UsageError
from durnb.inside.bar import Bar
from durnb.inside.function import DurableFunction, call, kind_of, say_outside
from durnb.inside.identity import name_of
from durnb.inside.invocation import Invocation

_SHOWN: Final = 5  # failures that are told


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOptions:
    """How many at a time, how many may fail, seconds between two starts (0 for no limit), and whether results stand in the order of their items."""

    concurrency: int
    tolerate: int
    pace: float
    ordered: bool

    @classmethod
    def read(cls, concurrency: object, tolerate: object, rate: object, ordered: bool) -> MapOptions:
        """Raises UsageError."""
        if type(concurrency) is not int or concurrency < 1:
            raise UsageError(f"concurrency={concurrency!r} is not a number of calls at a time: write 8")
        if type(tolerate) is not int or tolerate < 0:
            raise UsageError(f"tolerate={tolerate!r} is not a number of items: write 3")
        return cls(concurrency=concurrency, tolerate=tolerate, pace=_pace(rate), ordered=ordered)


def _pace(rate: object) -> float:
    if rate is None:
        return 0.0
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*/\s*(.+?)\s*", rate) if isinstance(rate, str) else None
    if found is None or float(found[1]) <= 0:
        raise UsageError(f"rate={rate!r} is not a rate: write 60/min, 5/s, 1000/h")
    unit = {"min": "m", "sec": "s", "hour": "h", "day": "d"}.get(found[2], found[2])
    length: timedelta = duration(unit if unit[0].isdigit() else f"1{unit}")
    return length.total_seconds() / float(found[1])


@dataclass(slots=True)
class Outcome:
    """How one item ended; `error` where it failed."""

    at: int
    value: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class Gathering:
    """The results of a map as they come in."""

    name: str
    options: MapOptions
    bar: Bar
    results: list[Any] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    failed: int = 0
    _early: dict[int, Any] = field(default_factory=dict)

    def take(self, outcome: Outcome, item: object, *, restored: bool = False) -> None:
        """One more. Raises what must not be tolerated, and MapFailed where too many failed."""
        value: Any = outcome.value
        if outcome.error is not None:
            error = outcome.error
            if not isinstance(error, Exception) or isinstance(error, StepAsks | CallTooLate | UsageError) or classify(error) == "interrupt":
                raise error
            self.failed += 1
            if len(self.failures) < _SHOWN:
                self.failures.append((repr(item)[:60], f"{type(error).__name__}: {error}"[:200]))
            if self.failed > self.options.tolerate:
                self._too_many(error)
            value = error
        self.bar.count(restored=restored, failed=outcome.error is not None)
        if not self.options.ordered:
            self.results.append(value)
            return
        self._early[outcome.at] = value
        while len(self.results) in self._early:
            self.results.append(self._early.pop(len(self.results)))

    def _too_many(self, error: Exception) -> None:
        if self.options.tolerate == 0:
            raise error
        raise MapFailed(name=self.name, failed=self.failed, tolerated=self.options.tolerate, failures=tuple(self.failures)) from error

    def end(self, say: Callable[[str], None]) -> list[Any]:
        """All results; failures that were tolerated are told."""
        self.bar.end()
        if self.failed:
            shown = "; ".join(f"{item}: {error}" for item, error in self.failures)
            say(f"{self.failed} items of {self.name} failed, and are errors in its result: {shown}")
        return self.results


class Crew:
    """Threads that run what is put, at most `most` of them; they end with `dismiss`, and never hold up the end of the process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def put(self, work: Callable[[], None]) -> None:
        self._work.put(work)
        if len(self._threads) < self._most:
            thread = threading.Thread(target=self._serve, name="durnb-map", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            work()

    def dismiss(self) -> None:
        for _ in self._threads:
            self._work.put(None)


@dataclass(slots=True)
class Pace:
    """Starts at even distances."""

    seconds: float
    clock: Clock
    _next: float = 0.0

    def wait(self) -> float:
        """Seconds until the next start, which this is."""
        if not self.seconds:
            return 0.0
        now = self.clock.monotonic()
        at = max(now, self._next)
        self._next = at + self.seconds
        return at - now


@dataclass(slots=True, kw_only=True)
class ItemMap:
    """One map: its function made durable, where it was called, and how it goes."""

    function: Callable[..., Any]
    made: DurableFunction
    scope: Scope | None
    gathering: Gathering
    options: MapOptions
    pace: Pace

    @classmethod
    def of(cls, function: Callable[..., Any], items: object, key: Any, options: MapOptions, call_options: dict[str, Any]) -> ItemMap:
        """Raises UsageError, and CallTooLate."""
        made: DurableFunction = call(function, key=key, **call_options)
        scope = scope_now("durnb.map")
        if scope is None:
            say_outside("durnb.map")
        clock: Clock = scope.body.clock if scope is not None else SystemClock()
        name = call_options.get("name") or name_of(made.__wrapped__)
        gathering = Gathering(name, options, Bar.of(scope, name, items))
        return cls(function=made.__wrapped__, made=made, scope=scope, gathering=gathering, options=options, pace=Pace(options.pace, clock))

    def invocation(self, at: int, item: object) -> Invocation | None:
        """The item's call, to be made; None where there is none, or its result was recorded and is taken. Raises StepAsks."""
        if self.scope is None:
            return None
        invocation = self.made.invocation(self.scope, (item,), {})
        found, value = invocation.recorded()
        if found:
            self.gathering.take(Outcome(at, value), item, restored=True)
            return None
        return invocation

    def end(self) -> list[Any]:
        return self.gathering.end(self.scope.body.say if self.scope is not None else print)


def map_items(
    function: Callable[..., Any],
    items: Iterable[Any],
    key: Any,
    options: MapOptions,
    executor: Executor | None,
    call_options: dict[str, Any],
) -> list[Any]:
    """See `durnb.map`."""
    if kind_of(getattr(function, "__wrapped__", function)) == "coroutine":
        if executor is not None:
            raise UsageError("durnb.map: a coroutine function runs in tasks, and takes no executor=")
        return _on_a_loop(ItemMap.of(function, items, key, options, call_options), items)
    mapping = ItemMap.of(function, items, key, options, call_options)
    target = mapping.function if executor is None else _remotely(mapping.function, executor)
    ended: queue.SimpleQueue[tuple[Outcome, Any]] = queue.SimpleQueue()
    crew = Crew(options.concurrency)
    flying = 0
    try:
        for at, item in enumerate(items):
            invocation = mapping.invocation(at, item)
            if invocation is None and mapping.scope is not None:
                continue
            while flying >= options.concurrency:
                mapping.gathering.take(*_next(ended, mapping.gathering.bar))
                flying -= 1
            mapping.pace.clock.sleep(mapping.pace.wait())
            crew.put(_task(invocation, target, at, item, ended))
            flying += 1
        for _ in range(flying):
            mapping.gathering.take(*_next(ended, mapping.gathering.bar))
    finally:
        crew.dismiss()
    return mapping.end()


def _remotely(function: Callable[..., Any], executor: Executor) -> Callable[[Any], Any]:
    return lambda item: executor.submit(function, item).result()


def _task(
    invocation: Invocation | None, target: Callable[[Any], Any], at: int, item: object, ended: queue.SimpleQueue[tuple[Outcome, Any]]
) -> Callable[[], None]:
    context = contextvars.copy_context()

    def work() -> Any:
        return target(item) if invocation is None else invocation.run(lambda: target(item))

    def run() -> None:
        try:
            outcome = Outcome(at, context.run(work))
        except BaseException as error:  # raised where the map was called
            outcome = Outcome(at, error=error)
        ended.put((outcome, item))

    return run


def _next(ended: queue.SimpleQueue[tuple[Outcome, Any]], bar: Bar) -> tuple[Outcome, Any]:
    """The next item that ended; an interrupt is felt within a slice."""
    while True:
        try:
            return ended.get(timeout=SLICE)
        except queue.Empty:
            bar.show()


async def map_items_async(mapping: ItemMap, items: Iterable[Any] | AsyncIterable[Any]) -> list[Any]:
    """The map of a coroutine function, in tasks of this loop."""
    flying: dict[asyncio.Task[Any], tuple[int, Any]] = {}
    try:
        at = -1
        async for item in _each(items):
            at += 1
            invocation = mapping.invocation(at, item)
            if invocation is None and mapping.scope is not None:
                continue
            while len(flying) >= mapping.options.concurrency:
                await _take_some(flying, mapping.gathering)
            await mapping.pace.clock.pause(mapping.pace.wait())
            flying[asyncio.ensure_future(_awaited(invocation, mapping.function, item))] = at, item
        while flying:
            await _take_some(flying, mapping.gathering)
    finally:
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)
    return mapping.end()


async def _take_some(flying: dict[asyncio.Task[Any], tuple[int, Any]], gathering: Gathering) -> None:
    done, _ = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        at, item = flying.pop(task)
        error = task.exception()
        gathering.take(Outcome(at, error=error) if error is not None else Outcome(at, task.result()), item)


async def _awaited(invocation: Invocation | None, function: Callable[..., Any], item: object) -> Any:
    return await (function(item) if invocation is None else invocation.run_async(lambda: function(item)))


async def _each(items: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Any]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
        return
    for item in items:
        yield item


def _on_a_loop(mapping: ItemMap, items: Iterable[Any]) -> list[Any]:
    """Run the map on a loop of its own, in another thread: this one may have a loop that runs."""
    loop = asyncio.new_event_loop()
    context = contextvars.copy_context()
    ended: Future[list[Any]] = Future()
    tasks: list[asyncio.Task[list[Any]]] = []

    def work() -> None:
        try:
            tasks.append(loop.create_task(map_items_async(mapping, items)))
            ended.set_result(loop.run_until_complete(tasks[0]))
        except BaseException as error:  # raised where the map was called
            ended.set_exception(error)
        finally:
            loop.close()

    thread = threading.Thread(target=lambda: context.run(work), name="durnb-map-loop", daemon=True)
    thread.start()
    try:
        while True:
            try:
                return ended.result(timeout=SLICE)
            except FutureTimeout:
                if ended.done():
                    raise  # the function's own
                mapping.gathering.bar.show()
    except BaseException:
        if tasks and not ended.done():
            loop.call_soon_threadsafe(tasks[0].cancel)
        raise
