"""durnb: durable notebook steps. Kill the kernel anywhere, restart, Run All, and go on at the first unfinished cell."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from durnb.errors import DurnbError, RetryAfter, TerminalError
from durnb.registered import register

if TYPE_CHECKING:  # importing durnb has to stay quick
    from concurrent.futures import Executor
    from datetime import datetime, timedelta
    from random import Random
    from types import ModuleType
    from uuid import UUID

    from durnb.archive import NotebookHistory

__all__ = [
    "DurnbError",
    "RetryAfter",
    "TerminalError",
    "call",
    "history",
    "idempotency_key",
    "load_ipython_extension",
    "loop",
    "map",
    "now",
    "panel",
    "random",
    "register",
    "register_ambient",
    "sleep",
    "sleep_until",
    "unload_ipython_extension",
    "uuid",
    "wait_for",
    "wrap",
]
__version__ = "0.1.0"


def history(notebook: str | os.PathLike[str] | None = None, *, namespace: MutableMapping[str, object] | None = None) -> NotebookHistory:
    """The runs of a notebook, to look at: ``durnb.history()["interactive.2"]["load"].load("df")``.

    In a kernel it is that of the kernel's own notebook, elsewhere `notebook` says which. Runs hold steps by name; a step has its `executions` and
    `checkpoints`; variables are loaded one by one, and what is loaded changes nothing that is live. Functions that are loaded see `namespace`: by
    default the kernel's, and outside of a kernel an empty one. ``.sql("select * from steps")`` asks all runs.
    """
    from durnb.archive import open_history

    return open_history(notebook, namespace=namespace)


def panel() -> None:
    """Shows the run of this kernel's notebook and keeps it up to date: its steps, how each stands and why, and what comes next.

    The same as ``%durable panel``. Raises UsageError outside of a kernel with ``%load_ext durnb``.
    """
    from durnb_kernel_ext import show_panel

    show_panel()


def register_ambient(
    name: str, *, take: Callable[[], object], put: Callable[[Any], object], advanced: Callable[[Any, Any], object] | None = None
) -> None:
    """Have durable cells keep a setting that durnb does not know, as they keep pandas options or the working folder::

        durnb.register_ambient("app.theme", take=lambda: app.settings.theme, put=app.settings.use_theme)

    `take()` gives the setting's value, made of None, numbers, text, bytes, lists, tuples, dicts and sets; it is called before and after each
    durable cell. `put(value)` sets it. A step that changes the setting has it put back after a restart; a step below a cell that sets it runs
    again when that is edited. `advanced(before, after)` may say that the setting only moved on by being used, as a counter does. Register in a
    plain cell, above the first durable cell that sets or uses it: from there on its value counts. What fails in these functions is said and
    costs nothing else.
    """
    from durnb.snapshot import register_ambient as register

    register(name, take=take, put=put, advanced=advanced)


def call(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Make a function's calls inside a durable cell durable: ``durnb.call(fetch)(url)``, or as a decorator::

        @durnb.call(retries=3, key=lambda order: order.id)
        def ship(order): ...

    A call is recorded when it returns, and then not made again while its step is unfinished: after a crash, a failure, a retry or an edit of the
    cell, the recorded result comes back, as a copy. A call is known by its name, its arguments (or `key`) and how often it was made before with
    these, never by its order; arguments without stable content, such as a connection, need `key`. It gives its result and nothing else: what it
    changes in place is not made again. An exception is no result: the call is made again. Coroutine functions give an awaitable, generators are
    recorded when they are drained.

    Options: `key` (a value, or a function of the arguments); `retries`, `delay`, `backoff`, `max_delay`, `no_retry` as in a cell's header;
    `timeout`; `once=True` records the start first, asks after a crash or failure, and is made again only where ``%durable resolve`` says so, even
    when the step is run anew; `once="invoice-4711"` is unique over all runs of the notebook;
    `on_change="rerun"`, "keep" or "ask" for a call whose function's code was changed since; `name`.
    """
    from durnb.inside import call

    return call(function, **options)


def loop(
    items: Iterable[Any] | Callable[[], Iterable[Any]], *, save: Iterable[str] = (), every: float | str | timedelta = "5m"
) -> Iterator[Any]:
    """Go through `items` in a durable cell, and go on at the last checkpoint of the loop where the kernel died::

        for batch in durnb.loop(loader, save=["model", "optimizer"], every="5m"):
            train(model, optimizer, batch)

    Between two items, when `every` has passed, and after the last, the variables named by `save` and the random generators are kept. A cell
    that is run again gets them back and goes on after those items. `items` are gone through anew, from where the generators stood then, so
    that a shuffled loader goes on in its order; it must not be an iterator, which can be gone through only once: give a function that makes it.
    Where a finished cell's loop, or what leads to it in the cell, is edited, it begins anew; one that failed goes on after the edit, and says so.
    """
    from durnb.inside import loop

    return loop(items, save=save, every=every)


def map(
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
    """Call `function` for each item, several at a time, each a durable call: a durable cell that is run again goes on with the items not done yet.

    Functions run in `concurrency` threads, coroutine functions in tasks, or in `executor`, any `concurrent.futures.Executor` (processes, Dask's
    ``client.get_executor()``). Items are taken when there is room for them, so that they may come from a generator. `rate` limits starts:
    "60/min". Up to `tolerate` items may fail: their errors stand in the result, and are listed; one more ends the map, and what is done is kept.
    `key` and the other options are those of `durnb.call`, for each item. In tasks: ``await durnb.aio.map(…)``.
    """
    __tracebackhide__ = True
    from durnb.inside import map_sync

    return map_sync(
        function,
        items,
        key=key,
        concurrency=concurrency,
        tolerate=tolerate,
        rate=rate,
        ordered=ordered,
        executor=executor,
        **call_options,
    )


def sleep(length: float | str | timedelta) -> None:
    """Sleep for seconds, ``"2h"`` or a timedelta; in a durable cell the time at which it ends is recorded, and a restart sleeps the rest.

    ``%durable wake STEP`` ends it, after an interrupt. In tasks: ``await durnb.aio.sleep(…)``.
    """
    from durnb.inside import sleep

    sleep(length)


def sleep_until(when: datetime) -> None:
    """Sleep until `when`, a datetime (local where it says no zone), over any number of kernels."""
    from durnb.inside import sleep_until

    sleep_until(when)


def wait_for(
    name: str, *, timeout: float | str | timedelta | None = None, schema: Any = None, prompt: str | None = None, default: Any = None
) -> Any:
    """Wait in a durable cell for the signal `name`, and give its value; `default` where `timeout` passes first.

    It is sent by ``durnb signal NOTEBOOK NAME --value JSON`` or ``%durable signal NAME VALUE`` of another kernel, before or after the wait begins, and delivered once.
    `schema` is a JSON schema (a dict) or a pydantic model: what does not fit is refused, and its sender told why. `prompt` says to a person
    what is asked. In tasks: ``await durnb.aio.wait_for(…)``.
    """
    from durnb.inside import wait_for

    return wait_for(name, timeout=timeout, schema=schema, prompt=prompt, default=default)


def now() -> datetime:
    """The time (UTC), recorded in a durable cell: the same when the cell goes on after a crash."""
    from durnb.inside import now

    return now()


def random() -> Random:
    """A random generator of its own (`random.Random`), with the same draws when the durable cell goes on after a crash.

    Each one asked for is another, inside the items of a concurrent `durnb.map` too.
    """
    from durnb.inside import random

    return random()


def uuid() -> UUID:
    """A random UUID that is the same when the durable cell goes on after a crash; each one asked for is another."""
    from durnb.inside import uuid

    return uuid()


def idempotency_key(label: str = "") -> str:
    """A key for services that take one: the same over retries and restarts of the durable call or cell that asks, another in every other.

    Each one asked for is another, even with one `label`: ask once, outside of a retry of your own.
    """
    from durnb.inside import idempotency_key

    return idempotency_key(label)


def wrap(client: Any, *, methods: Iterable[str] = ("*",), key: Callable[..., Any] | None = None, **call_options: Any) -> Any:
    """A client whose method calls are durable calls: ``client = durnb.wrap(openai.OpenAI())``, then ``client.chat.completions.create(…)``.

    `methods` are patterns of dotted names, such as "chat.completions.*"; what fits none passes through. A call is known by the method and its
    arguments, or by `key(method, *args, **kwargs)`; the client itself does not count. Methods that are coroutines are awaited; what gives a stream
    gives it as it comes, records it when it has ended, and gives it again. Other options are those of `durnb.call`.
    """
    from durnb.inside import wrap

    return wrap(client, methods=methods, key=key, **call_options)


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext durnb``: makes ``%%durable`` cells durable steps in this kernel."""
    from durnb_kernel_ext import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """``%unload_ext durnb``: leaves the kernel as it was."""
    from durnb_kernel_ext import unload

    unload(ipython)


def __getattr__(name: str) -> ModuleType:
    """``durnb.aio`` and ``durnb.testing``, imported when they are first asked for."""
    if name not in ("aio", "testing"):
        raise AttributeError(f"module 'durnb' has no attribute {name!r}")
    return importlib.import_module(f"durnb.{name}")
