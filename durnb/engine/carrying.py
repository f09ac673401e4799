"""What one item of a loop changes and the next one finds, read from the loop's text. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from durnb.fingerprint import names_of
from durnb.records import dataclass

_GROWING: Final = frozenset(
    {"add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "remove", "setdefault", "update"}
)


@dataclass(frozen=True, slots=True)
class CarriedNames:
    """Names that the body binds or `sets` parts of, and `grown` by a method that may change what it is called on: a container, but not a client."""

    sets: frozenset[str]
    grown: frozenset[str]


def carried_by(loop: ast.For | ast.AsyncFor) -> CarriedNames:
    """The names that an item hands on to the next."""
    found = names_of(ast.Module(body=loop.body, type_ignores=[]))
    carried = found.reads - {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    changed = list(_changed(loop))
    sets = {name for name, surely in changed if surely} | found.binds
    return CarriedNames(sets=carried & sets, grown=carried & {name for name, _ in changed})


def _changed(loop: ast.For | ast.AsyncFor) -> Iterator[tuple[str, bool]]:
    """Names whose values the body changes in place, and whether it does so whatever they are."""
    for node in ast.walk(loop):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _GROWING:
                yield name, False
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                yield name, True
            case ast.Attribute(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                yield name, True
            case _:
                pass
