"""Commands that send what a step waits for, and end its sleeps."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from durnb.engine import operations
from durnb.engine.mail import receive
from durnb.errors import UsageError
from durnb_kernel_ext.commands import command

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension's magic calls the commands


@command("signal", "NAME [VALUE]")
def signal(extension: Extension, words: list[str]) -> str:
    """sends a signal to this notebook's run; VALUE is JSON, or text"""
    if not words or len(words) > 2:
        raise UsageError("%durable signal takes a NAME and a VALUE: %durable signal approve true")
    value = json_of(words[1]) if len(words) == 2 else "null"
    receive(extension.engine.journal, words[0], value, uuid.uuid4().hex)
    return f"the signal {words[0]} is kept until a durable cell waits for it."


def json_of(text: str) -> str:
    """The text where it is JSON, else as a JSON text."""
    try:
        json.loads(text)
    except ValueError:
        return json.dumps(text)
    return text


@command("wake", "STEP")
def wake(extension: Extension, words: list[str]) -> str:
    """ends the durnb.sleep in which an interrupted or killed step is; then run its cell again"""
    if len(words) != 1:
        raise UsageError("%durable wake takes one STEP")
    return operations.wake(extension.engine.journal, words[0]) + "."
