"""What of a cell's text led to where a body is now: what a durable loop went through was gone through by that text."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import MutableMapping
from functools import lru_cache
from types import FrameType

from durnb.fingerprint import read_cell


def leading_text(frame: FrameType | None, namespace: MutableMapping[str, object]) -> str:
    """The digest of the cell's statements down to the one that runs now, in a caller of `frame`; of all of them on a thread; "" where no text is known."""
    cell: FrameType | None = None
    while frame is not None:
        if frame.f_globals is namespace:
            cell = frame
        frame = frame.f_back
    if cell is None:
        return ""
    is_function = bool(cell.f_code.co_flags & inspect.CO_OPTIMIZED)  # a thread began with it: what stands below it may have led here
    return _digest("".join(linecache.getlines(cell.f_code.co_filename)), None if is_function else cell.f_lineno)


@lru_cache(maxsize=64)  # a loop inside of another begins often
def _digest(text: str, line: int | None) -> str:
    try:
        ends = [statement.end_lineno for statement in ast.parse(text).body if line is None or statement.lineno <= line]
        return read_cell("\n".join(text.split("\n")[: ends[-1]])).digest if ends else ""
    except (SyntaxError, ValueError):  # a text that was typed over since
        return ""
