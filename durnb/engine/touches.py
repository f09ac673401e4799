"""What a text shows of changing values in place, and of running code that it does not show. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from durnb.engine.exposure import exposed
from durnb.engine.work import dotted
from durnb.fingerprint import magic_of

_CHANGE_THEIRS: Final = frozenset(
    {
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "clear",
        "sort",
        "reverse",
        "update",
        "setdefault",
        "add",
        "discard",
        "popitem",
        "fill",
        "put",
    }
    | {
        "resize",
        "partition",
        "setflags",
        "appendleft",
        "popleft",
        "rotate",
        "fit",
        "partial_fit",
        "fit_transform",
        "load_state_dict",
        "train",
        "eval",
    }
    | {"step", "zero_grad", "backward", "compile", "seed", "shuffle", "set_params", "write", "writelines", "put_nowait", "to", "subtract"}
    | {"difference_update", "intersection_update", "symmetric_difference_update", "move_to_end", "__setitem__", "__setattr__"}
)
"""Methods that change their object. To name one too many costs a definite word, no wrong one."""
_CHANGE_GIVEN: Final = frozenset(
    {
        "setattr",
        "delattr",
        "copyto",
        "heappush",
        "heappop",
        "heapify",
        "heapreplace",
        "heappushpop",
        "insort",
        "insort_left",
        "insort_right",
    }
    | {"next", "shuffle", "put_along_axis", "place", "putmask", "fill_diagonal"}
)
"""Functions that change what they are given."""
LOOK: Final = frozenset(
    {
        "print",
        "display",
        "len",
        "sum",
        "min",
        "max",
        "sorted",
        "str",
        "repr",
        "type",
        "isinstance",
        "range",
        "round",
        "abs",
        "any",
        "all",
        "hash",
    }
    | {"int", "float", "bool", "format", "id", "callable", "hasattr", "issubclass", "vars", "dir"}
)
"""Builtins that only look at what they are given."""
_RUNS_PYTHON: Final = frozenset({"time", "timeit", "prun", "run", "memit", "debug", "macro", "rerun"})


def touched(tree: ast.Module) -> frozenset[str]:
    """The names whose values a cell visibly changes in place, wherever it does so."""
    return frozenset(name for node in ast.walk(tree) for name in _touched_by(node))


def _touched_by(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
            yield from _root(node)
        case ast.AugAssign(target=ast.Name(id=name)):
            yield name
        case ast.Call(func=function, args=arguments, keywords=keywords):
            last = dotted(function).rpartition(".")[2]
            placed = any(keyword.arg in ("inplace", "out") for keyword in keywords)
            if isinstance(function, ast.Attribute) and (placed or last in _CHANGE_THEIRS):
                yield from _root(function.value)
            for part in [*arguments, *(keyword.value for keyword in keywords)] if placed or last in _CHANGE_GIVEN else ():
                yield from _root(part)
        case _:
            return


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        yield node.id


def changes_given(tree: ast.Module) -> bool:
    """Whether a function that a cell defines visibly changes what it is given."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
    return any(map(_changes_given, functions))


def _changes_given(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> bool:
    given = {one.arg for one in ast.walk(function.args) if isinstance(one, ast.arg)} - {"self", "cls"}
    for node in ast.walk(function):  # other names for it, and for parts of it
        if isinstance(node, ast.Assign) and not isinstance(node.value, ast.Call) and given & set(_root(node.value)):
            given |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    lent = {name for statement in _body(function) for name in exposed(statement)}
    return not lent.isdisjoint(given) or any(name in given for node in ast.walk(function) for name in _touched_by(node))


def _body(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[ast.stmt]:
    return [ast.Return(value=function.body)] if isinstance(function, ast.Lambda) else function.body


def given_to(tree: ast.Module) -> frozenset[tuple[str, str]]:
    """Pairs (function, name): a value that is given, as it is, to a function, which is spelled with dots where it is an attribute."""
    return frozenset(
        (dotted(node.func), name)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute) and dotted(node.func) not in LOOK
        for part in [*node.args, *(keyword.value for keyword in node.keywords)]
        for name in _root(part)
    )


def handled(tree: ast.Module) -> frozenset[str]:
    """The names that a cell reads for more than to call them, and those that it visibly changes."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return frozenset(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in called
    )


def does_more(statement: ast.stmt) -> bool:
    """Whether running a statement does more than to import, to define, and to bind names: it calls something, or changes a value."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() if node.decorator_list:
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                waiting.extend([*node.args.defaults, *(default for default in node.args.kw_defaults if default is not None)])
            case ast.ClassDef() if node.bases or node.keywords or node.decorator_list:
                return True
            case ast.Call() if (magic := magic_of(node)) is not None and magic.name not in _RUNS_PYTHON and magic.kind == "magic":
                continue
            case (
                ast.Call() | ast.Await() | ast.AugAssign() | ast.With() | ast.AsyncWith() | ast.For() | ast.AsyncFor() | ast.comprehension()
            ):
                return True
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                return True
            case _:
                waiting.extend(ast.iter_child_nodes(node))
    return False
