"""An own serialisation of Python's syntax trees, equal on every supported Python.

``ast.dump`` differs between versions. Here fields are written by name and in order of their names, empty ones are left out, and with
them all that formatting decides: positions, contexts, the kind of a string literal. Needs nothing but the standard library.
"""

from __future__ import annotations

import ast
import struct
import warnings
from collections.abc import Callable, Sequence

Expand = Callable[[ast.AST], "Sequence[str | ast.AST] | None"]
"""Gives what stands in a node's place: magics whose argument is Python are written as its tree."""

_LEFT_OUT = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_CLOSE = object()  # no literal is this: there is but one b")" in a process


def parse(source: str) -> ast.Module:
    """The tree of a text, without the warnings that whoever runs it gets anyway. Raises SyntaxError, ValueError."""
    if "\\" not in source:  # leave the filters alone where no escape can be wrong: touching them shows old warnings anew
        return ast.parse(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def canonical(tree: ast.AST, expand: Expand | None = None) -> bytes:
    """The bytes that stand for the meaning of a tree; deep trees do not meet the recursion limit."""
    out: list[bytes] = []
    todo: list[object] = [tree]
    while todo:
        item = todo.pop()
        if item is _CLOSE:
            out.append(b")")
        elif isinstance(item, ast.AST):
            instead = expand(item) if expand is not None else None
            if instead is None:
                _node(item, out, todo)
            else:
                _sequence(b"E", instead, out, todo)
        elif isinstance(item, list):
            _sequence(b"L", item, out, todo)
        else:
            out.append(constant(item))
    return b"".join(out)


def constant(value: object) -> bytes:
    """The bytes of a literal: its type and its exact value."""
    match value:
        case None:
            return b"n"
        case bool():
            return b"t" if value else b"f"
        case str():
            return _sized(b"s", value.encode("utf-8", "surrogatepass"))
        case int():
            return _sized(b"i", b"%x" % value)
        case bytes():
            return _sized(b"b", value)
        case float():
            return b"d" + struct.pack("<d", value)
        case complex():
            return b"c" + struct.pack("<dd", value.real, value.imag)
        case tuple() | frozenset():  # only the optimiser makes them
            parts = [constant(part) for part in value]
            return _sized(b"T", b"".join(sorted(parts) if isinstance(value, frozenset) else parts))
        case _ if value is Ellipsis:
            return b"e"
        case _:
            raise TypeError(f"no literal: {type(value).__name__}")


def _sized(tag: bytes, data: bytes) -> bytes:
    return b"%s%d:%s" % (tag, len(data), data)


def _sequence(tag: bytes, items: Sequence[object], out: list[bytes], todo: list[object]) -> None:
    out.append(b"%s%d(" % (tag, len(items)))
    todo.append(_CLOSE)
    todo.extend(reversed(items))


def _node(node: ast.AST, out: list[bytes], todo: list[object]) -> None:
    out.append(b"(" + type(node).__name__.encode())
    todo.append(_CLOSE)
    if isinstance(node, (ast.Constant, ast.MatchSingleton)):
        todo.append(node.value)
        return
    for field in sorted(node._fields, reverse=True):
        value = _field(node, field)
        if field not in _LEFT_OUT and value is not None and not (isinstance(value, list) and not value):
            todo.append(value)
            todo.append(field)


def _field(node: ast.AST, field: str) -> object:
    value: object = getattr(node, field, None)
    if isinstance(node, ast.JoinedStr) and isinstance(value, list):
        return _joined(value)
    if isinstance(value, ast.JoinedStr) and field == "format_spec" and not _joined(list(value.values)):
        return None
    return value


def _joined(values: list[ast.expr]) -> list[ast.expr]:
    """Parts of an f-string with neighbouring texts made one: Python 3.12 splits them in another way than 3.11."""
    parts: list[ast.expr] = []
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            last = parts[-1] if parts else None
            if isinstance(last, ast.Constant) and isinstance(last.value, str):
                parts[-1] = ast.Constant(last.value + value.value)
            elif value.value:
                parts.append(value)
        else:
            parts.append(value)
    return parts
