"""A cell's source: its digest, and its names."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from durnb.fingerprint.hashing import hexdigest
from durnb.fingerprint.magics import special
from durnb.fingerprint.names import CellNames, names_of
from durnb.fingerprint.syntax import canonical, parse
from durnb.records import dataclass

_FORM = b"durnb-cell-1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSource:
    """What counts of a cell's text."""

    digest: str
    names: CellNames


def read_cell(source: str) -> CellSource:
    """Reads a cell's body as IPython's transform left it.

    The digest is the same for texts that differ only in comments, blank lines and formatting, on every supported Python.
    Raises SyntaxError (ValueError for null bytes) where Python can't parse it.
    """
    tree = parse(source)
    return CellSource(digest=hexdigest(_FORM + canonical_cell(tree)), names=names_of(tree))


def canonical_cell(tree: ast.AST) -> bytes:
    """A cell's tree as bytes, with the Python in its magics written as trees too."""
    return canonical(tree, _magic)


def _magic(node: ast.AST) -> Sequence[str | ast.AST] | None:
    if not isinstance(node, ast.Call):
        return None
    effects = special(node)
    if effects is None or not effects.trees or not isinstance(node.func, ast.Attribute):
        return None
    return [node.func.attr, *effects.text, *effects.trees]
