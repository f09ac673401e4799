"""What one item of a loop changes and the next one finds: read from the text of the ``for`` that goes through it."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections import deque
from collections.abc import MutableMapping
from functools import lru_cache
from types import FrameType
from typing import Final

from durnb.engine.carrying import CarriedNames, carried_by
from durnb.records import dataclass

_CONTAINERS: Final = (list, dict, set, bytearray, deque)  # other objects have methods of these names that change nothing


@dataclass(frozen=True, slots=True)
class Carried:
    """The `names` that an item hands on to the next; `local` are those of them that are local to a function."""

    names: tuple[str, ...]
    local: bool


def carried(frame: FrameType | None, namespace: MutableMapping[str, object]) -> Carried:
    """What the notebook's ``for`` that runs now, in `frame` or a caller of it, hands from item to item; nothing where its text is not known."""
    while frame is not None and frame.f_globals is not namespace:  # tqdm or zip may stand between
        frame = frame.f_back
    read = _read("".join(linecache.getlines(frame.f_code.co_filename)), frame.f_lineno) if frame is not None else None
    if read is None or frame is None:
        return Carried((), False)
    values = frame.f_locals
    grown = {name for name in read.grown if isinstance(values.get(name), _CONTAINERS)}
    return Carried(tuple(sorted(read.sets | grown)), bool(frame.f_code.co_flags & inspect.CO_OPTIMIZED))


@lru_cache(maxsize=64)  # a loop inside of another begins often
def _read(text: str, line: int) -> CarriedNames | None:
    """The innermost ``for`` whose head stands at that line."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # a text that was typed over since
        return None
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For | ast.AsyncFor)]
    there = [node for node in loops if node.lineno <= line <= (node.iter.end_lineno or node.lineno)]
    loop = max(there, key=lambda node: (node.lineno, node.col_offset), default=None)
    return carried_by(loop) if loop is not None else None
