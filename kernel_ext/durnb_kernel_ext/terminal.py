"""The line of what goes on in a cell, where IPython runs in a terminal: written over as it changes, and left as it was last."""

from __future__ import annotations

import shutil
import sys
from typing import Final

_CLEAR: Final = "\r\x1b[K"


class TerminalLine:
    """One for a cell. Where stderr is no terminal it writes nothing: a log of a thousand such lines would help nobody."""

    def __init__(self) -> None:
        self._on = False
        self._told_whole = False

    def show(self, text: str) -> None:
        """Write `text` over what stood there. One that is too long for a line is written whole once, for it may name a command."""
        if not sys.stderr.isatty():
            return
        width = shutil.get_terminal_size().columns - 1
        if len(text) > width:
            if not self._told_whole:
                sys.stderr.write(f"{_CLEAR}{text}\n")
                self._told_whole = True
            text = text[: width - 1] + "…"
        sys.stderr.write(_CLEAR + text)
        sys.stderr.flush()
        self._on = True

    def end(self) -> None:
        """Go on below what stands there."""
        if self._on:
            sys.stderr.write("\n")
            sys.stderr.flush()
        self._on = self._told_whole = False
