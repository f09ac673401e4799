"""durnb: durable notebook steps. Kill the kernel anywhere, restart, Run All, and go on at the first unfinished cell."""

from __future__ import annotations

import os
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from durnb.errors import DurnbError, RetryAfter, TerminalError
from durnb.registered import register

if TYPE_CHECKING:  # importing durnb has to stay quick
    from durnb.archive import NotebookHistory

__all__ = [
    "DurnbError",
    "RetryAfter",
    "TerminalError",
    "call",
    "history",
    "load_ipython_extension",
    "register",
    "register_ambient",
    "unload_ipython_extension",
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
    `timeout`; `once=True` records the start first and asks after a crash, `once="invoice-4711"` is unique over all runs of the notebook;
    `on_change="rerun"`, "keep" or "ask" for a call whose function's code was changed since; `name`.
    """
    from durnb.inside import call

    return call(function, **options)


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext durnb``: makes ``%%durable`` cells durable steps in this kernel."""
    from durnb_kernel_ext import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """``%unload_ext durnb``: leaves the kernel as it was."""
    from durnb_kernel_ext import unload

    unload(ipython)
