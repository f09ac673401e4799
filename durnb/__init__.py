"""durnb: durable notebook steps. Kill the kernel anywhere, restart, Run All, and go on at the first unfinished cell."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from durnb.errors import DurnbError, RetryAfter, TerminalError

if TYPE_CHECKING:  # importing durnb has to stay quick
    from durnb.archive import NotebookHistory

__all__ = ["DurnbError", "RetryAfter", "TerminalError", "history", "load_ipython_extension", "unload_ipython_extension"]
__version__ = "0.1.0"


def history(notebook: str | os.PathLike[str] | None = None, *, namespace: MutableMapping[str, object] | None = None) -> NotebookHistory:
    """The runs of a notebook, to look at: ``durnb.history()["interactive.2"]["load"].load("df")``.

    In a kernel it is that of the kernel's own notebook, elsewhere `notebook` says which. Runs hold steps by name; a step has its `executions` and
    `checkpoints`; variables are loaded one by one, and what is loaded changes nothing that is live. Functions that are loaded see `namespace`: by
    default the kernel's, and outside of a kernel an empty one. ``.sql("select * from steps")`` asks all runs.
    """
    from durnb.archive import open_history

    return open_history(notebook, namespace=namespace)


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext durnb``: makes ``%%durable`` cells durable steps in this kernel."""
    from durnb_kernel_ext import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """``%unload_ext durnb``: leaves the kernel as it was."""
    from durnb_kernel_ext import unload

    unload(ipython)
