"""What one item of a loop changes and the next one finds: read from the text of the ``for`` that goes through it."""

from __future__ import annotations

import ast
import linecache
from collections import deque
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from durnb.fingerprint import names_of

_GROWING: Final = frozenset(
    {"add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "remove", "setdefault", "update"}
)
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
    loop = _loop_at(frame) if frame is not None else None
    if loop is None or frame is None:
        return Carried((), False)
    local = frame.f_code.co_name != "<module>"
    found = names_of(ast.Module(body=loop.body, type_ignores=[]))
    target = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    changed = set(found.binds) | set(_grown(loop, frame.f_locals))
    return Carried(tuple(sorted((changed & found.reads) - target)), local)


def _loop_at(frame: FrameType) -> ast.For | ast.AsyncFor | None:
    """The innermost ``for`` whose head stands where the frame is."""
    try:
        tree = ast.parse("".join(linecache.getlines(frame.f_code.co_filename)))
    except (SyntaxError, ValueError):  # a text that was typed over since
        return None
    line = frame.f_lineno
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For | ast.AsyncFor)]
    there = [node for node in loops if node.lineno <= line <= (node.iter.end_lineno or node.lineno)]
    return max(there, key=lambda node: (node.lineno, node.col_offset), default=None)


def _grown(loop: ast.For | ast.AsyncFor, values: Any) -> Iterator[str]:
    """Names whose values the body changes in place, as far as its text says so."""
    for node in ast.walk(loop):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _GROWING:
                if isinstance(values.get(name), _CONTAINERS):
                    yield name
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                yield name
            case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                yield name
            case _:
                pass
