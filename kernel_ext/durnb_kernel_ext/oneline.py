"""Errors of durnb shown as one line: the traceback would be of durnb's code, and says nothing to a person."""

from __future__ import annotations

import sys
from typing import Any

from durnb.errors import DurnbError
from durnb.records import dataclass


@dataclass(frozen=True, slots=True)
class OneLine:
    """What IPython calls as ``error._render_traceback_()``; a class, so that the error still pickles."""

    text: str

    def __call__(self) -> list[str]:
        return [self.text]


def one_line(error: BaseException) -> BaseException:
    """`error`, made to show itself as its class and message."""
    name = type(error).__name__
    message = " ".join(str(error).split("\n"))
    if not isinstance(error, DurnbError | KeyboardInterrupt):
        message = message or "no message"
    error._render_traceback_ = OneLine(f"\x1b[31m{name}\x1b[0m: {message}" if message else name)  # type: ignore[attr-defined]  # IPython's hook
    return error


def show(shell: Any, error: BaseException) -> None:
    """Shows `error` as a cell's error, with the traceback that it carries."""
    shell.showtraceback((type(error), error, error.__traceback__))


def stop_line(error: DurnbError) -> DurnbError:
    """For an error that leaves a line magic: one line, whatever raised it."""
    one_line(error)
    error.__suppress_context__ = True
    return error


def log(text: str) -> None:
    """A line for the person who reads the kernel's log."""
    print(text, file=sys.__stderr__)
