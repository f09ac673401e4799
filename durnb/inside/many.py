"""``durnb.map``: a durable call for each item, several at a time, resumed at the item."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import queue
import re
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from concurrent.futures import Executor, Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import asynccontextmanager, suppress
from dataclasses import field
from datetime import timedelta
from typing import Any, Final

from durnb.clock import SLICE, Clock, SystemClock
from durnb.config import duration
from durnb.engine.body import Scope, scope_now
from durnb.engine.retry import classify
from durnb.errors import CallTooLate, MapFailed, StepAsks, UsageError
from durnb.inside.bar import Bar
from durnb.inside.function import DurableFunction, call, say_outside
from durnb.inside.identity import name_of
from durnb.inside.invocation import Invocation
from durnb.records import dataclass

_SHOWN: Final = 10  # failures that are told


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
    scope: Scope | None
    results: list[Any] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    failed: int = 0
    _early: dict[int, Any] = field(default_factory=dict)

    def take(self, outcome: Outcome, item: object, *, restored: bool = False) -> None:
        """One more. Raises what must not be tolerated, and MapFailed where too many failed."""
        __tracebackhide__ = True  # of the frames in an error's traceback, IPython shows those that are the user's
        value: Any = outcome.value
        if outcome.error is not None:
            error = outcome.error
            if not isinstance(error, Exception) or isinstance(error, StepAsks | CallTooLate | UsageError) or classify(error) == "interrupt":
                raise error
            self.failed += 1
            if len(self.failures) < _SHOWN:
                self.failures.append((repr(item)[:60], f"{type(error).__name__}: {error}"[:200]))
            if self.failed > self.options.tolerate:
                raise self._too_many(error)
            value = error
        self.bar.count(restored=restored, failed=outcome.error is not None)
        if not self.options.ordered:
            self.results.append(value)
            return
        self._early[outcome.at] = value
        while len(self.results) in self._early:
            self.results.append(self._early.pop(len(self.results)))

    def _too_many(self, error: Exception) -> Exception:
        """What ends the map: the error itself, where none is tolerated."""
        if self.options.tolerate == 0:
            of = f" of {self.bar.total}" if self.bar.total is not None else ""
            if self.scope is not None:
                self.scope.body.say(
                    f"{self.name} failed for the item {self.failures[0][0]}; {self.bar.done}{of} items are done, and are kept"
                )
            return error
        failed = MapFailed(name=self.name, failed=self.failed, tolerated=self.options.tolerate, failures=tuple(self.failures))
        failed.__cause__ = error
        return failed

    def end(self) -> list[Any]:
        """All results; failures that were tolerated are told."""
        if self.failed:
            shown = "; ".join(f"{item}: {error}" for item, error in self.failures)
            more = f"; and {self.failed - len(self.failures)} more" if self.failed > len(self.failures) else ""
            are = "item failed, and is an error" if self.failed == 1 else "items failed, and are errors"
            say = self.scope.body.say if self.scope is not None else print
            say(f"{self.name}: {self.failed} {are} in its result: {shown}{more}")
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
        gathering = Gathering(name, options, Bar(scope, name, items), scope)
        return cls(function=made.__wrapped__, made=made, scope=scope, gathering=gathering, options=options, pace=Pace(options.pace, clock))

    def invocation(self, at: int, item: object) -> Invocation | None:
        """The item's call, to be made; None where there is none, or its result was recorded and is taken. Raises StepAsks."""
        __tracebackhide__ = True
        if self.scope is None:
            return None
        invocation = self.made.invocation(self.scope, (item,), {})
        found, value = invocation.recorded()
        if found:
            self.gathering.take(Outcome(at, value), item, restored=True)
            return None
        return invocation


def map_items(mapping: ItemMap, items: Iterable[Any], executor: Executor | None) -> list[Any]:
    """The map of a function, in threads or in `executor`."""
    __tracebackhide__ = True
    options = mapping.options
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
        mapping.gathering.bar.end()
    return mapping.gathering.end()


def _remotely(function: Callable[..., Any], executor: Executor) -> Callable[[Any], Any]:
    def remote(item: Any) -> Any:
        __tracebackhide__ = True
        return executor.submit(function, item).result()

    return remote


def _task(
    invocation: Invocation | None, target: Callable[[Any], Any], at: int, item: object, ended: queue.SimpleQueue[tuple[Outcome, Any]]
) -> Callable[[], None]:
    context = contextvars.copy_context()

    def work() -> Any:
        __tracebackhide__ = True
        return target(item) if invocation is None else invocation.run(functools.partial(target, item))

    def run() -> None:
        __tracebackhide__ = True
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
    __tracebackhide__ = True
    flying: dict[asyncio.Task[Any], tuple[int, Any]] = {}
    ended: asyncio.Queue[asyncio.Task[Any]] = asyncio.Queue()
    async with telling(mapping.gathering.bar):
        try:
            at = -1
            async for item in _each(items):
                at += 1
                invocation = mapping.invocation(at, item)
                if invocation is None and mapping.scope is not None:
                    continue
                while len(flying) >= mapping.options.concurrency:
                    await _take_some(flying, ended, mapping.gathering)
                await mapping.pace.clock.pause(mapping.pace.wait())
                task = asyncio.ensure_future(_awaited(invocation, mapping.function, item))
                flying[task] = at, item
                task.add_done_callback(ended.put_nowait)
            while flying:
                await _take_some(flying, ended, mapping.gathering)
        finally:
            for task in flying:
                task.cancel()
            await asyncio.gather(*flying, return_exceptions=True)
    return mapping.gathering.end()


async def _take_some(
    flying: dict[asyncio.Task[Any], tuple[int, Any]], ended: asyncio.Queue[asyncio.Task[Any]], gathering: Gathering
) -> None:
    __tracebackhide__ = True
    done = await _one_of(ended)
    while True:
        at, item = flying.pop(done)
        error = done.exception()
        gathering.take(Outcome(at, error=error) if error is not None else Outcome(at, done.result()), item)
        if ended.empty():
            return
        done = ended.get_nowait()


async def _one_of(ended: asyncio.Queue[asyncio.Task[Any]]) -> asyncio.Task[Any]:
    """The next task that ends; an interrupt's traceback ends above this frame, where the user's own do."""
    return await ended.get()


async def _awaited(invocation: Invocation | None, function: Callable[..., Any], item: object) -> Any:
    __tracebackhide__ = True
    return await (function(item) if invocation is None else invocation.run_async(functools.partial(function, item)))


@asynccontextmanager
async def telling(bar: Bar) -> AsyncIterator[None]:
    """Tell how far the map is while this loop runs it or waits for it."""

    async def tell() -> None:
        while True:
            bar.show()
            await asyncio.sleep(SLICE)

    task = asyncio.ensure_future(tell())
    try:
        yield
    finally:
        task.cancel()
        bar.end()


async def _each(items: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Any]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
        return
    for item in items:
        yield item


def map_on_a_loop(mapping: ItemMap, items: Iterable[Any]) -> list[Any]:
    """Run the map of a coroutine function on a loop of its own, in another thread: this one may have a loop that runs."""
    __tracebackhide__ = True
    loop = asyncio.new_event_loop()
    context = contextvars.copy_context()
    ended: Future[list[Any]] = Future()
    tasks: list[asyncio.Task[list[Any]]] = []

    def work() -> None:
        __tracebackhide__ = True
        try:
            tasks.append(loop.create_task(map_items_async(mapping, items)))
            loop.run_until_complete(asyncio.wait(tasks))  # not the task itself: an error of it would carry the loop's frames
            ended.set_result(tasks[0].result())
        except BaseException as error:  # raised where the map was called
            ended.set_exception(error)
        finally:
            loop.close()

    thread = threading.Thread(target=lambda: context.run(work), name="durnb-map-loop", daemon=True)
    thread.start()
    try:
        _until_over(ended, mapping.gathering.bar)
    except BaseException:
        if tasks:
            with suppress(RuntimeError):  # the loop is closed: the map has ended
                loop.call_soon_threadsafe(tasks[0].cancel)
        raise
    finally:
        mapping.gathering.bar.end()
    error = ended.exception()
    if error is not None:
        raise error  # here, and not in the future: its frames say nothing to anybody
    return ended.result()


def _until_over(ended: Future[list[Any]], bar: Bar) -> None:
    """Wait for the map, telling how far it is; an interrupt is felt within a slice."""
    while not ended.done():
        with suppress(FutureTimeout):
            ended.exception(timeout=SLICE)
        bar.show()
