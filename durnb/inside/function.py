"""``durnb.call``: a function whose calls inside a step are recorded when they return, and then never made again."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from types import MethodType
from typing import Any, Final, Literal

from durnb.engine.body import Scope, scope_now
from durnb.engine.here import session_here
from durnb.errors import DurnbError, UsageError
from durnb.inside.identity import Identity, code_of, identify, name_of
from durnb.inside.invocation import Invocation
from durnb.inside.options import CallOptions

Kind = Literal["function", "coroutine", "generator", "async generator"]
_told: Final[set[str]] = set()  # kinds of durable functions that were called outside of a step, and said so


class DurableFunction:
    """A function made durable by ``durnb.call``; called as it is called."""

    def __init__(self, function: Callable[..., Any], options: CallOptions) -> None:
        if not callable(function):
            raise UsageError(f"durnb.call takes a function, and {function!r} is none: durnb.call(fetch)(url)")
        functools.update_wrapper(self, function)
        self.__wrapped__ = function
        self._options = options
        self._name = options.name or name_of(function)
        self._kind = kind_of(function)
        mark = getattr(inspect, "markcoroutinefunction", None)  # since Python 3.12
        if self._kind == "coroutine" and mark is not None:
            mark(self)

    def __repr__(self) -> str:
        return f"<durable call {self._name}>"

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        scope = scope_now(self._name)
        if scope is None:
            say_outside("durnb.call")
            return self.__wrapped__(*args, **kwargs)
        made = self.invocation(scope, args, kwargs)
        function = functools.partial(self.__wrapped__, *args, **kwargs)
        match self._kind:
            case "function":
                found, value = made.recorded()
                return value if found else made.run(function)
            case "coroutine":
                return _awaited(made, function)
            case "generator":
                return _drained(made, function)
            case "async generator":
                return _drained_async(made, function)

    def invocation(self, scope: Scope, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Invocation:
        """The call with these arguments, made now in `scope`. Raises UsageError where they have no stable content and there is no key."""
        __tracebackhide__ = True
        once = self._options.once
        if isinstance(once, str):
            identity = Identity(digest=identify(scope, self.__wrapped__, "once", once, (), {}).digest, label=once)
        else:
            key = self._options.key
            identity = identify(scope, self.__wrapped__, self._name, key(*args, **kwargs) if callable(key) else key, args, kwargs)
        return Invocation(scope=scope, identity=identity, options=self._options, code=known_code(scope, self.__wrapped__))


def call(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """See `durnb.call`."""
    read = CallOptions.read(options)
    if function is None:
        return lambda decorated: DurableFunction(decorated, read)
    if isinstance(function, DurableFunction):
        function = function.__wrapped__
    return DurableFunction(function, read)


def kind_of(function: Callable[..., Any]) -> Kind:
    """How the function gives its result."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004  # its own kind is asked for
        return "coroutine"
    if inspect.isasyncgenfunction(function):
        return "async generator"
    return "generator" if inspect.isgeneratorfunction(function) else "function"


def known_code(scope: Scope, function: Callable[..., Any]) -> str:
    """The digest of the function's code, taken once for each function and body."""
    plain = function.__func__ if isinstance(function, MethodType) else function
    known = scope.body.codes.get(id(plain))
    if known is None or known[0] is not plain:
        known = scope.body.codes[id(plain)] = plain, code_of(plain)
    return known[1]


def say_outside(what: str) -> None:
    """Say once that a durable function was called outside of a durable step, where there is somebody to hear it."""
    if what in _told:
        return
    _told.add(what)
    try:
        session = session_here()
    except DurnbError:
        return
    if session is not None:
        session.kernel.say(f"{what} outside of a durable cell: it runs as it is, and nothing is recorded")


async def _awaited(made: Invocation, function: Callable[[], Any]) -> Any:
    __tracebackhide__ = True
    found, value = made.recorded()
    return value if found else await made.run_async(function)


def _drained(made: Invocation, function: Callable[[], Iterator[Any]]) -> Iterator[Any]:
    """The items of a generator as they come, recorded when it is drained; recorded ones again."""
    __tracebackhide__ = True
    found, items = made.recorded()
    if not found:
        made.begin()
        items = []
        clock = made.body.clock
        began = clock.monotonic()
        try:
            for item in function():
                items.append(item)
                yield item
        except Exception as error:
            made.failed(error, clock.monotonic() - began)
            raise
        made.record(items, clock.monotonic() - began)
        return
    yield from items


async def _drained_async(made: Invocation, function: Callable[[], AsyncIterator[Any]]) -> AsyncIterator[Any]:
    __tracebackhide__ = True
    found, items = made.recorded()
    if not found:
        made.begin()
        items = []
        clock = made.body.clock
        began = clock.monotonic()
        try:
            async for item in function():
                items.append(item)
                yield item
        except Exception as error:
            made.failed(error, clock.monotonic() - began)
            raise
        made.record(items, clock.monotonic() - began)
        return
    for item in items:
        yield item
