"""``durnb.map`` and ``durnb.aio.map`` as they are called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable
from concurrent.futures import Executor
from typing import Any

from durnb.errors import UsageError
from durnb.inside.function import kind_of
from durnb.inside.many import ItemMap, MapOptions, map_items, map_items_async


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
    options = MapOptions.read(concurrency, tolerate, rate, ordered)
    return map_items(function, items, key, options, executor, call_options)


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
    options = MapOptions.read(concurrency, tolerate, rate, ordered)
    if kind_of(getattr(function, "__wrapped__", function)) == "coroutine":
        if executor is not None:
            raise UsageError("durnb.aio.map: a coroutine function runs in tasks, and takes no executor=")
        return await map_items_async(ItemMap.of(function, items, key, options, call_options), items)
    if isinstance(items, AsyncIterable):
        items = [item async for item in items]
    return await asyncio.to_thread(map_items, function, items, key, options, executor, call_options)
