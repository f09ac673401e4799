"""Which values a text lends out, so that something else than its own lines may change them. Pure.

To name one too many costs a definite word, no wrong one: so a name is lent out wherever it is not used in a way that is known to leave its value alone.
"""

from __future__ import annotations

import ast
from typing import Final

from durnb.engine.work import dotted

_KEEP: Final = frozenset(
    {
        "append",
        "appendleft",
        "add",
        "insert",
        "extend",
        "update",
        "setdefault",
        "put",
        "push",
        "submit",
        "map",
        "apply",
        "register",
        "partial",
    }
    | {"chain", "methodcaller", "reduce", "start", "run", "send", "heappush"}
)
"""Methods, and functions of modules, that keep what they are given, or call it."""
_PARTS: Final = frozenset({"get", "setdefault", "items", "values", "pop"})
"""Methods that give parts of their object."""
_LEAVE_ALONE: Final = (
    *(
        ast.Expr,
        ast.BinOp,
        ast.UnaryOp,
        ast.Compare,
        ast.JoinedStr,
        ast.FormattedValue,
        ast.If,
        ast.While,
        ast.Assert,
        ast.Delete,
        ast.AugAssign,
    ),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Slice),
)
_PASS_ON: Final = (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Starred, ast.IfExp, ast.BoolOp, ast.keyword, ast.Await)


def exposed(tree: ast.AST) -> frozenset[str]:
    """The names whose values are lent out: given a second name, kept in something, or given to what is not known to leave them alone.

    What is given to a function by its name is not among them, see `durnb.engine.touches.given_to`.
    """
    above = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    return frozenset(node.id for node in names if not _is_left_alone(node, above))


def _is_left_alone(name: ast.Name, above: dict[int, ast.AST]) -> bool:
    node: ast.AST = name
    while (parent := above.get(id(node))) is not None:
        match parent:
            case ast.Attribute() | ast.Starred():
                node = parent
            case ast.Subscript(value=value) if value is node:
                node = parent
            case ast.Subscript():
                return True
            case ast.Call(func=function) if function is node:
                if not isinstance(node, ast.Attribute) or node.attr not in _PARTS:
                    return True
                node = parent
            case ast.Call():
                return _leaves_alone(parent)
            case ast.keyword() if isinstance(call := above.get(id(parent)), ast.Call):
                return _leaves_alone(call)
            case _ if isinstance(parent, _PASS_ON):
                node = parent
            case _:
                return isinstance(parent, _LEAVE_ALONE)
    return True


def _leaves_alone(call: ast.Call) -> bool:
    """Whether a call leaves alone what it is given; of functions that are called by their name, `given_to` tells."""
    if isinstance(call.func, ast.Name):
        return True
    return dotted(call.func).rpartition(".")[2] not in _KEEP
