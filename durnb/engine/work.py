"""Whether a cell without a header does work that is worth keeping, or only prepares for it. Pure, and the same for a kernel and for a file.

A cell prepares where all that it does is import, define, set options, give names to constants, or speak to IPython: it is quick, and what it does
lies in modules, extensions and the process, where no checkpoint reaches. In doubt a cell works.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Final

from durnb.engine.setters import BARE_SETTERS, MODULES, SETTERS, SETTING_CALLS
from durnb.fingerprint import CellMagic, Magic, cell_magic, magic_of, parse_typed

_RUNS_PYTHON: Final = frozenset(
    {"time", "timeit", "prun", "capture", "memit", "mprun", "lprun", "snakeviz", "pyinstrument", "scalene", "debug"}
)
_RUNS_A_FILE: Final = frozenset({"run", "macro", "rerun"})
_RUNS_A_PROCESS: Final = frozenset(
    {"bash", "sh", "script", "system", "sx", "!", "perl", "ruby", "python", "python2", "python3", "pypy", "cmd"}
)
_SETS: Final = frozenset({"load_ext", "reload_ext", "config", "autoreload", "aimport", "matplotlib", "env", "set_env", "pylab"})
_INSTALLS: Final = re.compile(
    r"\s*(?:sudo\s+)?(?:(?:\S*/)?python[\d.]*\s+-m\s+)?(?:pip[\d.]*|uv|conda|mamba|micromamba|pixi|poetry|apt|apt-get|brew)\s"
)
_NO_COMMAND: Final = re.compile(r"\s*(?:#|set\s|cd\s|export\s|\Z)")
_APPENDS: Final = re.compile(r"(?:^|\s)(?:-a|--append)(?=\s|\Z)")
_LEAVES: Final = frozenset({"exit", "quit"})

_SECRETS: Final = frozenset({"getenv", "getpass"})


def does_work(source: str) -> bool:
    """Whether the cell is worth a checkpoint; False for one that only prepares, and for one that steers durnb."""
    magic = cell_magic(source)
    if magic is not None:
        return _magic_works(magic)
    tree = parse_typed(source)
    if tree is None:
        return True
    return not steers(tree) and not all(_prepares(statement, imported_by(tree)) for statement in tree.body)


def python_of(source: str) -> ast.Module | None:
    """The Python of a cell, that below ``%%time`` and its like included; None where there is none, or it can't be read."""
    magic = cell_magic(source)
    if magic is None:
        return parse_typed(source)
    return python_of(magic.body) if magic.name in _RUNS_PYTHON else None


def made_by(source: str) -> frozenset[str] | None:
    """The names that the cell gives to what its calls make; None where it does more than that, so that doing it again could have an effect."""
    tree = parse_typed(source) if cell_magic(source) is None else None
    if tree is None:
        return None
    imported = imported_by(tree)
    making = [statement for statement in tree.body if not _prepares(statement, imported)]
    targets = [(target, statement) for statement in making for target in _targets(statement)]
    names = {target.id for target, _ in targets if isinstance(target, ast.Name)}
    roots = {dotted(target).partition(".")[0] for target, _ in targets}
    if not roots <= names or not all(isinstance(statement, ast.Assign | ast.AnnAssign) for statement in making):
        return None
    return frozenset(target.id for target, statement in targets if isinstance(target, ast.Name) and _runs_code(statement))


def _runs_code(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Call | ast.Await | ast.Yield | ast.YieldFrom | ast.comprehension) for node in ast.walk(statement))


def steers(tree: ast.Module) -> bool:
    """Whether a line of the cell is a ``%durable`` command, or loads durnb: it has to run every time."""
    magics = [magic for node in ast.walk(tree) if (magic := magic_of(node)) is not None]
    return any(m.name == "durable" or (m.name in ("load_ext", "reload_ext") and m.line.split()[:1] == ["durnb"]) for m in magics)


def imported_by(tree: ast.Module) -> frozenset[str]:
    """The names that imports of the cell bind."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return frozenset(alias.asname or alias.name.partition(".")[0] for node in imports for alias in node.names)


def sets_option(statement: ast.stmt, names: frozenset[str]) -> bool:
    """Whether a statement sets an option of a library; `names` are imported beside it."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute() | ast.Name() as function)):
            return _is_setter(dotted(function), names)
        case ast.Assign(targets=targets):
            return all(_is_option(target, names) for target in targets)
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            return _is_option(target, names)
        case _:
            return False


def _is_setter(called: str, names: frozenset[str]) -> bool:
    words = called.split(".")
    if called in BARE_SETTERS or (words[-1] in SETTERS and len(words) > 1 and words[0] in MODULES | names):
        return True
    return any(f".{called}".endswith(f".{ending}") for ending in SETTING_CALLS)


def _is_option(target: ast.expr, names: frozenset[str]) -> bool:
    """``mpl.rcParams["x"]``, ``pd.options.display.width``, ``os.environ["X"]``, ``openai.api_base``."""
    inner = target.value if isinstance(target, ast.Subscript) else target
    words = dotted(inner).split(".")
    if isinstance(target, ast.Subscript):
        return words[-1] in ("rcParams", "environ")
    return isinstance(target, ast.Attribute) and words[0] in MODULES | names


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of an attribute's chain; what is no name in it is left out."""
    words: list[str] = []
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        if isinstance(node, ast.Attribute):
            words.append(node.attr)
            node = node.value
        else:
            node = node.func if isinstance(node, ast.Call) else node.value
    return ".".join(reversed([*words, node.id] if isinstance(node, ast.Name) else words))


def _prepares(statement: ast.stmt, names: frozenset[str]) -> bool:
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Pass():
            return True
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Expr(value=ast.Name(id=name) | ast.Call(func=ast.Name(id=name), args=[])) if name in _LEAVES:
            return True
        case ast.Expr(value=ast.Call() as call) if (magic := magic_of(call)) is not None:
            return _line_prepares(magic)
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if _is_given(value):
            return all(map(_is_named, _targets(statement))) or sets_option(statement, names)
        case ast.If(body=body, orelse=rest):
            return _all_prepare([*body, *rest], names)
        case ast.With(body=body):
            return _all_prepare(body, names)
        case ast.Try(body=body, handlers=handlers, orelse=rest, finalbody=last):
            return _all_prepare([*body, *(s for handler in handlers for s in handler.body), *rest, *last], names)
        case _:
            return type(statement).__name__ == "TypeAlias" or sets_option(statement, names)  # a node of Python 3.12


def installs(line: str) -> bool:
    """Whether a shell line only installs packages."""
    return _INSTALLS.match(f"{line} ") is not None


def is_setting_magic(magic: Magic) -> bool:
    """Whether a line sets something of IPython or of an extension, other than what every kernel has."""
    return magic.kind == "magic" and magic.name in _SETS and (magic.name, magic.line) != ("matplotlib", "inline")


def _all_prepare(statements: Iterable[ast.stmt], names: frozenset[str]) -> bool:
    return all(_prepares(statement, names) for statement in statements)


def _targets(statement: ast.stmt) -> list[ast.expr]:
    match statement:
        case ast.Assign(targets=targets):
            return targets
        case ast.AnnAssign(target=target):
            return [target]
        case _:
            return []


def _is_named(target: ast.expr) -> bool:
    return all(isinstance(item, ast.Name) for item in (target.elts if isinstance(target, ast.Tuple) else [target]))


def _is_given(value: ast.expr) -> bool:
    """A literal, a lambda, or a secret that is looked up: it costs nothing to have it again, and secrets don't belong into a checkpoint."""
    match value:
        case ast.Constant() | ast.Lambda():
            return True
        case ast.UnaryOp(operand=operand):
            return _is_given(operand)
        case ast.BinOp(left=left, right=right):
            return all(isinstance(side, ast.Constant | ast.BinOp | ast.UnaryOp) and _is_given(side) for side in (left, right))
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return all(_is_given(item) for item in items)
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _is_given(key) for key in keys) and all(_is_given(value) for value in values)
        case ast.Subscript(value=ast.Attribute(attr="environ")) | ast.Subscript(value=ast.Name(id="environ")):
            return True
        case ast.Call(func=ast.Attribute() | ast.Name() as function):
            words = dotted(function).split(".")
            return words[-1] in _SECRETS or words[-2:] == ["environ", "get"]
        case _:
            return False


def _line_prepares(magic: Magic) -> bool:
    if magic.kind == "shell":
        return installs(magic.line)
    return magic.name not in _RUNS_PYTHON and magic.name not in _RUNS_A_FILE


def _magic_works(magic: CellMagic) -> bool:
    if magic.name in _RUNS_PYTHON:
        return does_work(magic.body)
    if magic.name in _RUNS_A_PROCESS:
        commands = [line for line in magic.body.splitlines() if not _NO_COMMAND.match(line)]
        return not all(_INSTALLS.match(f"{line} ") for line in commands)
    return magic.name in ("writefile", "file") and _APPENDS.search(magic.line) is not None
