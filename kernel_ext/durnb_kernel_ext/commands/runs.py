"""Commands about runs, stores and the notebook's path."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from durnb.engine import operations
from durnb.engine.owner import look_owner
from durnb.errors import UsageError
from durnb_kernel_ext.commands import command, no_words

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension's magic calls the commands


@command("run", "KEY")
def run(extension: Extension, words: list[str]) -> str:
    """attaches to the unfinished run of KEY, or begins it"""
    if len(words) != 1:
        raise UsageError("%durable run takes one KEY: %durable run day=2026-11-20")
    return f"run {operations.run_key(extension.engine, words[0])}"


@command("new")
def new(extension: Extension, words: list[str]) -> str:
    """begins the next run; nothing where this one has no finished step"""
    no_words("new", words)
    return f"run {operations.new(extension.engine)}"


@command("finish")
def finish(extension: Extension, words: list[str]) -> str:
    """closes the run; the next durable cell begins another"""
    no_words("finish", words)
    return f"run {operations.finish(extension.engine)} is finished."


@command("adopt", "OLD")
def adopt(extension: Extension, words: list[str]) -> str:
    """takes over the store of the notebook OLD, which was renamed or moved to this one"""
    if len(words) != 1:
        raise UsageError("%durable adopt takes the old notebook's name: %durable adopt etl.ipynb")
    operations.adopt(extension.engine, words[0])
    return f"the store of {words[0]} is this notebook's from here on."


@command("notebook", "[PATH]")
def notebook(extension: Extension, words: list[str]) -> str:
    """says which notebook this is, where the front end does not"""
    if len(words) > 1:
        raise UsageError("%durable notebook takes one PATH")
    if words:
        before = extension.path
        extension.notebook = Path(os.path.abspath(Path(words[0]).expanduser()))
        session = extension.open_session
        if session is not None and extension.path != before:
            extension.engine.leave("new")
    path = extension.path
    if path is None:
        raise UsageError("no front end says which notebook this is: %durable notebook PATH, or DURNB_NOTEBOOK in the kernel's environment")
    if words and path != extension.notebook:
        raise UsageError(f"DURNB_NOTEBOOK says {path}, and goes first: unset it, or start the kernel with the other path")
    return f"this notebook is {path}"


@command("takeover")
def takeover(extension: Extension, words: list[str]) -> str:
    """asks the kernel that holds this run to hand it over (it does so when it is idle)"""
    no_words("takeover", words)
    return f"run {operations.takeover(extension.engine, look_owner)} is this kernel's."


@command("trust")
def trust(extension: Extension, words: list[str]) -> str:
    """vouches for checkpoints that somebody else signed; they are unpickled from here on"""
    no_words("trust", words)
    count = operations.trust(extension.engine)
    return f"{count} checkpoint{'s' * (count != 1)} signed with your key."
