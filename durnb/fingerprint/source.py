"""From a loaded function back to its text: found in linecache, and believed only where it compiles to the loaded code."""

from __future__ import annotations
import __future__

import ast
import linecache
import warnings
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType
from weakref import ref

from durnb.fingerprint.bytecode import code_digest, nested
from durnb.fingerprint.hashing import digest
from durnb.fingerprint.syntax import canonical, parse
from durnb.records import dataclass

_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag

_PATCHED = "__autoreload_class__."
"""What IPython's autoreload has before the names of methods that it changes in a loaded class."""

_Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.GeneratorExp


@dataclass(frozen=True, slots=True)
class CodeContent:
    """What a function's code counts as; `tree` says that its text was found."""

    digest: bytes
    tree: bool


_known: dict[int, tuple[ref[CodeType], CodeContent]] = {}  # by id: code objects compare equal without being the same text


def code_content(code: CodeType, file: object = None) -> CodeContent:
    """The digest of a function's normalised syntax tree, else of its code object. `file` is that of its module, for code that names none.

    What was found once for a code object holds while it lives, so that editing a file does not change what is loaded from it.
    """
    known = _known.get(id(code))
    if known is not None and known[0]() is code:
        return known[1]
    node = _find(code, file if type(file) is str and code.co_qualname.startswith(_PATCHED) else code.co_filename)
    found = CodeContent(code_digest(code), tree=False) if node is None else _of_text(node)
    _remember(code, found)
    return found


def _of_text(node: ast.AST) -> CodeContent:
    return CodeContent(digest(b"tree" + canonical(node)), tree=True)


def _remember(code: CodeType, found: CodeContent) -> None:
    at = id(code)
    _known[at] = (ref(code, lambda _: _known.pop(at, None)), found)


def vouch(code: CodeType, node: ast.AST) -> None:
    """Say that a code object was compiled from the function `node`, so that its text need not be found."""
    _remember(code, _of_text(node))


def differs_from_file(code: CodeType, file: str) -> bool:
    """Whether the file that a function was loaded from says something else now."""
    if code.co_filename != file:
        return False
    linecache.checkcache(file)
    lines = linecache.getlines(file)
    return bool(lines) and _match(code, "".join(lines)) is None


def _find(code: CodeType, file: str) -> ast.AST | None:
    if file not in linecache.cache and file.startswith("<"):
        return None
    found = _match(code, "".join(linecache.getlines(file)))
    if found is None and not file.startswith("<"):
        linecache.checkcache(file)  # a module that was loaded anew: what is known of its file may be the text of before
        found = _match(code, "".join(linecache.getlines(file)))
    return found


def _match(code: CodeType, text: str) -> ast.AST | None:
    table = _functions(text, code.co_flags & _FUTURES)
    if code.co_qualname.startswith(_PATCHED):
        return next((node for name in table if (node := _match_patched(code, name, table[name])) is not None), None)
    candidates = table.get(code.co_qualname, ())
    if not candidates:
        return None
    wanted = code_digest(code)
    same = [(line, node) for line, found, node in candidates if found == wanted]
    return next((node for line, node in same if line == code.co_firstlineno), same[0][1] if same else None)


def _match_patched(code: CodeType, name: str, candidates: list[tuple[int, bytes, ast.AST]]) -> ast.AST | None:
    """A method that autoreload compiled in a class of its own, where it is the function of that qualified name."""
    of_class, _, method = name.rpartition(".")
    if not of_class or method != code.co_name:
        return None
    wanted = code_digest(_moved(code, f"{of_class}."))
    return next((node for _, found, node in candidates if found == wanted), None)


def _moved(code: CodeType, of_class: str) -> CodeType:
    inner = tuple(_moved(each, of_class) if type(each) is CodeType else each for each in code.co_consts)
    return code.replace(co_qualname=of_class + code.co_qualname.removeprefix(_PATCHED), co_consts=inner)


@lru_cache(maxsize=512)
def _functions(text: str, futures: int) -> dict[str, list[tuple[int, bytes, ast.AST]]]:
    """By qualified name: (first line, digest of the code, syntax tree) of each function in a text."""
    try:
        tree = parse(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = compile(tree, "<text>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | futures, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    nodes = _by_line(tree)
    found: dict[str, list[tuple[int, bytes, ast.AST]]] = {}
    for each in nested(code):
        node = _node_of(each, nodes.get((each.co_name, each.co_firstlineno), [])) if each is not code else None
        if node is not None:
            found.setdefault(each.co_qualname, []).append((each.co_firstlineno, code_digest(each), node))
    return found


def _by_line(tree: ast.AST) -> dict[tuple[str, int], list[_Node]]:
    nodes: dict[tuple[str, int], list[_Node]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                nodes.setdefault((node.name, _first_line(node)), []).append(node)
            case ast.Lambda():
                nodes.setdefault(("<lambda>", node.lineno), []).append(node)
            case ast.GeneratorExp():
                nodes.setdefault(("<genexpr>", node.lineno), []).append(node)
    return nodes


def _node_of(code: CodeType, nodes: list[_Node]) -> ast.AST | None:
    if code.co_name not in ("<lambda>", "<genexpr>"):
        return nodes[0] if nodes else None
    places = list(_places(code))
    return min((node for node in nodes if _encloses(node, places)), key=_extent, default=None)


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _places(code: CodeType) -> Iterator[tuple[int, int, int, int]]:
    for line, end_line, column, end_column in code.co_positions():
        if line is not None and end_line is not None and column is not None and end_column is not None and end_column > 0:
            yield line, column, end_line, end_column


def _encloses(node: _Node, places: list[tuple[int, int, int, int]]) -> bool:
    inner = node.body if isinstance(node, ast.Lambda) else node
    if isinstance(inner, list):
        return False
    start = (inner.lineno, inner.col_offset)
    end = (inner.end_lineno or inner.lineno, inner.end_col_offset or 0)
    return all(start <= (line, column) and (end_line, end_column) <= end for line, column, end_line, end_column in places)


def _extent(node: _Node) -> tuple[int, int]:
    return (node.end_lineno or node.lineno) - node.lineno, (node.end_col_offset or 0) - node.col_offset
