"""``%durable off`` and ``on``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from durnb.errors import UsageError
from durnb_kernel_ext.commands import command, no_words

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension's magic calls the commands


@command("off")
def off(extension: Extension, words: list[str]) -> str:
    """marked cells run as plain ones, until %durable on"""
    no_words("off", words)
    extension.off = True
    return "durnb is off: cells with a durable header run as plain ones, and nothing is kept of them. %durable on ends this."


@command("on")
def on(extension: Extension, words: list[str]) -> str:
    """durable cells are durable again"""
    no_words("on", words)
    extension.off = False
    if extension.disabled:
        raise UsageError("durnb stays off: DURNB_DISABLE (or the setting Durable.disable) says so; unset it and restart the kernel")
    return "durnb is on."
