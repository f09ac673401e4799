"""``durnb.wrap``: a client whose method calls are durable calls."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from durnb.engine.body import scope_now
from durnb.inside.function import known_code, say_outside
from durnb.inside.identity import identify
from durnb.inside.invocation import Invocation
from durnb.inside.options import CallOptions

_LEAVES: Final = (type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset, type)


def wrap(client: Any, *, methods: Iterable[str], key: Callable[..., Any] | None, **call_options: Any) -> Any:
    """See `durnb.wrap`."""
    patterns = (methods,) if isinstance(methods, str) else tuple(methods)
    return Wrapped(client, type(client).__name__, "", patterns, key, CallOptions.read(call_options))


class Wrapped:
    """An object of the client, or the client, under the name by which its methods are known."""

    def __init__(
        self, target: Any, name: str, path: str, methods: tuple[str, ...], key: Callable[..., Any] | None, options: CallOptions
    ) -> None:
        self.__wrapped__ = target
        self._durnb = (name, path, methods, key, options)

    def __getattr__(self, attribute: str) -> Any:
        name, path, methods, key, options = self.__dict__["_durnb"]
        value = getattr(self.__wrapped__, attribute)
        if attribute.startswith("_") or isinstance(value, _LEAVES):
            return value
        where = f"{path}.{attribute}" if path else attribute
        if inspect.isroutine(value):
            return Method(value, name, where, key, options) if any(fnmatchcase(where, each) for each in methods) else value
        return Wrapped(value, name, where, methods, key, options)

    def __enter__(self) -> Wrapped:
        self.__wrapped__.__enter__()
        return self

    def __exit__(self, *ended: Any) -> Any:
        return self.__wrapped__.__exit__(*ended)

    async def __aenter__(self) -> Wrapped:
        await self.__wrapped__.__aenter__()
        return self

    async def __aexit__(self, *ended: Any) -> Any:
        return await self.__wrapped__.__aexit__(*ended)

    def __repr__(self) -> str:
        return f"<durable {self.__wrapped__!r}>"


def _nothing() -> None:
    """Brings nothing along that could count."""


class Method:
    """One method of a wrapped client."""

    def __init__(self, method: Callable[..., Any], name: str, path: str, key: Callable[..., Any] | None, options: CallOptions) -> None:
        self.__wrapped__ = method
        self._label, self._path, self._key, self._options = f"{options.name or name}.{path}", path, key, options

    def __repr__(self) -> str:
        return f"<durable method {self._label}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        scope = scope_now(self._label)
        if scope is None:
            say_outside("a wrapped client")
            return self.__wrapped__(*args, **kwargs)
        key = self._key(self._path, *args, **kwargs) if self._key is not None else self._options.key
        owner = getattr(self.__wrapped__, "__self__", None)
        identity = identify(scope, _nothing, self._label, key, args, kwargs, owner)  # the client does not count
        made = Invocation(scope=scope, identity=identity, options=self._options, code=known_code(scope, self.__wrapped__))
        if inspect.iscoroutinefunction(self.__wrapped__):
            return _awaited(made, self.__wrapped__, args, kwargs)
        found, value = made.recorded()
        if found:
            return again(value)
        return _called(made, self.__wrapped__, args, kwargs)


class Streamed:
    """The items of a stream, as its record holds them; `asynchronous` says how it is gone through."""

    def __init__(self, items: list[Any], asynchronous: bool) -> None:
        self.items, self.asynchronous = items, asynchronous


def again(value: Any) -> Any:
    """A recorded result as it was given: a stream as a stream."""
    if not isinstance(value, Streamed):
        return value
    return _each_async(value.items) if value.asynchronous else iter(value.items)


async def _each_async(items: list[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


def _called(made: Invocation, method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    __tracebackhide__ = True
    streams: list[Any] = []

    def once() -> Any:
        __tracebackhide__ = True
        value = method(*args, **kwargs)
        if is_stream(value):
            streams.append(value)
            raise _IsStream
        return value

    try:
        return made.run(once)
    except _IsStream:
        stream = streams[-1]
        return _drained_async(made, stream) if hasattr(stream, "__anext__") or hasattr(stream, "__aiter__") else _drained(made, stream)


async def _awaited(made: Invocation, method: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    __tracebackhide__ = True
    found, value = made.recorded()
    if found:
        return again(value)
    streams: list[Any] = []

    async def once() -> Any:
        __tracebackhide__ = True
        value = await method(*args, **kwargs)
        if is_stream(value):
            streams.append(value)
            raise _IsStream
        return value

    try:
        return await made.run_async(once)
    except _IsStream:
        stream = streams[-1]
        return _drained_async(made, stream) if hasattr(stream, "__aiter__") else _drained(made, stream)


class _IsStream(BaseException):
    """What the method gave is to be recorded when it has ended; never leaves this module."""


def is_stream(value: object) -> bool:
    """Whether a value gives its items once, as they come."""
    return hasattr(type(value), "__next__") or hasattr(type(value), "__anext__")


def _drained(made: Invocation, stream: Iterator[Any]) -> Iterator[Any]:
    __tracebackhide__ = True
    items: list[Any] = []
    began = made.body.clock.monotonic()
    for item in stream:
        items.append(item)
        yield item
    made.record(Streamed(items, asynchronous=False), made.body.clock.monotonic() - began)


async def _drained_async(made: Invocation, stream: AsyncIterator[Any]) -> AsyncIterator[Any]:
    __tracebackhide__ = True
    items: list[Any] = []
    began = made.body.clock.monotonic()
    async for item in stream:
        items.append(item)
        yield item
    made.record(Streamed(items, asynchronous=True), made.body.clock.monotonic() - began)
