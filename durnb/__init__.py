"""durnb: durable notebook steps. Kill the kernel anywhere, restart, Run All, and go on at the first unfinished cell."""

from __future__ import annotations

from typing import Any

from durnb.errors import DurnbError, RetryAfter, TerminalError
from durnb.registered import register

__all__ = ["DurnbError", "RetryAfter", "TerminalError", "load_ipython_extension", "register", "unload_ipython_extension"]
__version__ = "0.1.0"


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext durnb``: makes ``%%durable`` cells durable steps in this kernel."""
    from durnb_kernel_ext import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """``%unload_ext durnb``: leaves the kernel as it was."""
    from durnb_kernel_ext import unload

    unload(ipython)
