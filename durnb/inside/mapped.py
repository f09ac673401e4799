"""``durnb.map`` and ``durnb.aio.map`` as they are called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable
from concurrent.futures import Executor
from typing import Any

from durnb.errors import UsageError
from durnb.inside.function import kind_of
from durnb.inside.many import ItemMap, MapOptions, map_items, map_items_async, map_on_a_loop, telling


def map_sync(
    function: Callable[..., Any],
    items: Iterable[Any],
    *,
    key: Callable[[Any], Any] | None = None,
    concurrency: int = 8,
    tolerate: int = 0,
    rate: str | None = None,
    ordered: bool = True,
    executor: Executor | None = None,
    **call_options: Any,
) -> list[Any]:
    """See `durnb.map`."""
    __tracebackhide__ = True
    options = MapOptions.read(concurrency, tolerate, rate, ordered)
    mapping = ItemMap.of(function, items, key, options, call_options)
    if not _is_coroutine(function, executor, "durnb.map"):
        return map_items(mapping, items, executor)
    return map_on_a_loop(mapping, items)


async def map_async(
    function: Callable[..., Any],
    items: Iterable[Any] | AsyncIterable[Any],
    *,
    key: Callable[[Any], Any] | None = None,
    concurrency: int = 8,
    tolerate: int = 0,
    rate: str | None = None,
    ordered: bool = True,
    executor: Executor | None = None,
    **call_options: Any,
) -> list[Any]:
    """`durnb.map` for tasks: a coroutine function runs in this loop, any other in threads."""
    __tracebackhide__ = True
    options = MapOptions.read(concurrency, tolerate, rate, ordered)
    mapping = ItemMap.of(function, items, key, options, call_options)
    if _is_coroutine(function, executor, "durnb.aio.map"):
        return await map_items_async(mapping, items)
    if isinstance(items, AsyncIterable):
        items = [item async for item in items]
    async with telling(mapping.gathering.bar):
        return await asyncio.to_thread(map_items, mapping, items, executor)


def _is_coroutine(function: Callable[..., Any], executor: Executor | None, what: str) -> bool:
    """Whether it runs in tasks. Raises UsageError where it can't, for `executor` is none of tasks."""
    if kind_of(getattr(function, "__wrapped__", function)) != "coroutine":
        return False
    if executor is not None:
        raise UsageError(f"{what}: a coroutine function runs in tasks, and takes no executor=")
    return True
