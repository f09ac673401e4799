"""The content of values that a text alone tells: literals, functions, classes and modules, made without running any code of the text."""

from __future__ import annotations

import ast
import copy
import sys
import warnings
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import Any, Final, Literal

from durnb.fingerprint.content import content
from durnb.fingerprint.looking import class_dict
from durnb.fingerprint.names import names_of
from durnb.fingerprint.origin import module_dict
from durnb.fingerprint.source import vouch
from durnb.records import dataclass

How = Literal["atom", "code", "mutable", "module"]
_ATOMS: Final = (type(None), bool, int, float, complex, str, bytes)
_POWER: Final = 64  # the highest exponent that is worked out
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_NO_VALUE: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a name is bound to: the digest of its content, as `content` gives it where the text has run, and how it can change after that.

    atom: not at all; code: by its attributes alone; mutable: in place. `reads` are the names that the code finds in the notebook when it runs.
    """

    digest: str
    how: How
    reads: frozenset[str] = frozenset()


def written(statement: ast.stmt) -> Iterator[tuple[str, Written]]:
    """The names that a statement of a cell binds to what its text tells."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield from _literal(name, value)
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(targets) == len(values):
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            for name, value in zip(names, values, strict=True) if len(names) == len(targets) else ():
                yield from _literal(name, value)
        case ast.Import(names=aliases):
            for alias in aliases:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or name, Written(digest=content(_module(name)).digest, how="module")
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if _is_plain_function(statement):
            yield from _defined(name, statement)
        case ast.ClassDef(name=name) if _is_plain_class(statement):
            yield from _defined(name, statement)
        case _:
            return


def _literal(name: str, value: ast.expr) -> Iterator[tuple[str, Written]]:
    found = _value(value)
    if found is not _NO_VALUE:
        yield name, Written(digest=content(found).digest, how="atom" if type(found) in _ATOMS else "mutable")


def _value(node: ast.expr) -> object:
    """The value of a literal, or of arithmetic with numbers."""
    if any(isinstance(each, ast.Call) for each in ast.walk(node)):  # ``set()`` is a call of whatever is called that
        return _NO_VALUE
    try:
        return ast.literal_eval(_Arithmetic().visit(copy.deepcopy(node)))
    except (ValueError, TypeError, SyntaxError, ArithmeticError, RecursionError, MemoryError):
        return _NO_VALUE


class _Arithmetic(ast.NodeTransformer):
    """Puts in place of ``60 * 60`` what it is."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = (self._number(side) for side in (node.left, node.right))
        match node.op:
            case ast.Add():
                value = left + right
            case ast.Sub():
                value = left - right
            case ast.Mult():
                value = left * right
            case ast.Div():
                value = left / right
            case ast.FloorDiv():
                value = left // right
            case ast.Pow() if type(right) is int and 0 <= right <= _POWER:
                value = left**right
            case _:
                raise ValueError("no such arithmetic")
        return ast.Constant(value)

    def _number(self, side: ast.expr) -> Any:
        value = ast.literal_eval(self.visit(side))
        if type(value) not in (int, float, complex):
            raise ValueError("no number")
        return value


def _module(name: str) -> ModuleType:
    """A module that counts as an installed one of that name."""
    made = ModuleType(name)
    made.__spec__ = ModuleSpec(name, None)
    return made


# ---- functions and classes


def _is_plain_function(node: ast.stmt) -> bool:
    """Whether nothing is run where the function is defined, and nothing in it can change but its attributes."""
    if not isinstance(node, _FUNCTIONS):
        return False
    defaults = [*node.args.defaults, *(default for default in node.args.kw_defaults if default is not None)]
    return not node.decorator_list and not getattr(node, "type_params", None) and all(_is_fixed(_value(default)) for default in defaults)


def _is_fixed(value: object) -> bool:
    return type(value) in _ATOMS or (type(value) is tuple and all(map(_is_fixed, value)))


def _is_plain_class(node: ast.ClassDef) -> bool:
    plain = not (node.bases or node.keywords or node.decorator_list or getattr(node, "type_params", None))
    return plain and all(map(_is_plain_member, node.body))


def _is_plain_member(node: ast.stmt) -> bool:
    match node:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return not name.startswith("__") and _is_fixed(_value(value))
        case _:
            return _is_plain_function(node)


def _defined(name: str, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[tuple[str, Written]]:
    tree = ast.Module(body=[_without_annotations(node)], type_ignores=[])
    made: dict[str, object] = {"__name__": "__main__"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # it defines and does no more: that was looked at; with the globals of a notebook's functions, and bound elsewhere
            exec(compile(tree, "<written>", "exec", dont_inherit=True), module_dict(sys.modules["__main__"]), made)
    except (SyntaxError, ValueError, RecursionError):
        return
    by_line = {(each.name, each.lineno): each for each in ast.walk(node) if isinstance(each, _FUNCTIONS)}
    codes = [function.__code__ for function in _functions_of(made[name])]
    if any(code.co_freevars for code in codes):  # ``super()`` needs the class
        return
    for code in codes:
        vouch(code, by_line[code.co_name, code.co_firstlineno])
    reads = names_of(ast.Module(body=[node], type_ignores=[])).reads
    yield name, Written(digest=content(made[name]).digest, how="code", reads=reads)


def _functions_of(value: object) -> Iterator[FunctionType]:
    if isinstance(value, type):
        yield from (each for each in class_dict(value).values() if isinstance(each, FunctionType))
    elif isinstance(value, FunctionType):
        yield value


def _without_annotations(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> ast.stmt:
    """A copy without what older Pythons evaluate at once; the text counts with it."""
    made = copy.deepcopy(node)
    for function in [made, *made.body] if isinstance(made, ast.ClassDef) else [made]:
        if isinstance(function, _FUNCTIONS):
            function.returns = None
            arguments = function.args
            for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
                if one is not None:
                    one.annotation = None
    return made
