"""``%durable off``, ``on`` and ``all``."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from durnb.engine.unmarked import parse_blanket
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


@command("all", "[OPTIONS] | off")
def all_cells(extension: Extension, words: list[str]) -> str:
    """makes every cell below a step, without a header of its own; the options are those of a header"""
    blanket = parse_blanket(shlex.join(words))
    extension.all_said = blanket if blanket is not None else "off"
    if blanket is None:
        return "from here on only cells with a durable header are steps."
    options = f" ({blanket.text})" if blanket.text else ""
    return f"every cell below is a step{options}, but for those that only import, define or set options. %durable all off ends this."
