"""What a text shows of writing files, and of changing the folder from which relative paths count. Pure.

Whether a file will be as it is now rests on this, so in doubt a text writes: a call that may write to a place that the text does not name may write
anywhere, and a file that is named beside no reading call may be written.
"""

from __future__ import annotations

import ast
import fnmatch
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from functools import lru_cache
from typing import Final

from durnb.engine.paths import constants_of, files_of
from durnb.engine.work import dotted, installs, python_of
from durnb.fingerprint import cell_magic, magic_of, names_of
from durnb.records import dataclass

_WRITES: Final = re.compile(
    r"(?:to_(?:csv|json|excel|parquet|feather|orc|pickle|hdf|stata|xml|html|latex|markdown|netcdf|zarr|file|sql|gbq|disk)|(?:write|sink)_\w+"
    r"|save\w*|imwrite|imsave|export\w*|download\w*|retrieve|urlretrieve|extractall|unpack_archive|make_archive|copyfile\w*|copy2|copytree|rmtree"
    r"|unlink|touch|truncate|symlink\w*|hardlink\w*|mkstemp|system|popen|Popen|check_call|check_output|execute_notebook|run_path|run_module)\Z",
    re.IGNORECASE,
)
_WRITING_MODULES: Final = (
    "shutil",
    "subprocess",
    "runpy",
    "os.remove",
    "os.rename",
    "os.replace",
    "os.link",
    "os.exec",
    "os.spawn",
    "joblib.dump",
)
_TO_TEXT: Final = re.compile(r"to_(?:csv|json|html|latex|markdown|xml)\Z")  # without a place they give a text
_OPENS: Final = frozenset({"open", "File", "ZipFile"})
_MOVES: Final = frozenset({"chdir", "fchdir"})
_MAGIC_MOVES: Final = frozenset({"cd", "pushd", "popd"})
_QUIET_MAGICS: Final = frozenset(
    {"load_ext", "reload_ext", "matplotlib", "config", "autoreload", "aimport", "env", "set_env", "pylab", "durable", "who", "whos"}
    | {"pinfo", "pinfo2", "precision", "pip", "conda", "mamba", "ls", "pwd", *_MAGIC_MOVES}
)
_RUNS_LINE: Final = frozenset({"time", "timeit", "prun", "memit"})
_QUIET_CELLS: Final = frozenset({"html", "HTML", "latex", "markdown", "javascript", "js", "svg", "SVG"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """`writes` are the patterns of files that it writes, `mentions` texts that may name one, `modules` what it imports; `anywhere`: it may write any."""

    writes: tuple[str, ...] = ()
    mentions: frozenset[str] = frozenset()
    anywhere: bool = False
    moves: bool = False
    calls: frozenset[str] = field(default_factory=frozenset[str])
    modules: frozenset[str] = frozenset()

    def may_write(self, path: str) -> bool:
        """Whether it may write `path`, which may be a pattern."""
        name = os.path.basename(path.rstrip("/")) or path
        named = any(name in text or fnmatch.fnmatch(os.path.basename(text), name) for text in self.mentions)
        return self.anywhere or named or any(meet(pattern, path) for pattern in self.writes)


def united(traces: Iterable[Traces]) -> Traces:
    """What several texts show together."""
    each = list(dict.fromkeys(traces))
    return Traces(
        writes=tuple(dict.fromkeys(pattern for one in each for pattern in one.writes)),
        mentions=frozenset[str]().union(*(one.mentions for one in each)),
        anywhere=any(one.anywhere for one in each),
        moves=any(one.moves for one in each),
        calls=frozenset[str]().union(*(one.calls for one in each)),
        modules=frozenset[str]().union(*(one.modules for one in each)),
    )


def meet(one: str, other: str) -> bool:
    """Whether two patterns may name the same file; ``out/`` is all that lies below."""
    a, b = os.path.normpath(one), os.path.normpath(other)
    if os.path.isabs(a) != os.path.isabs(b):  # the folder is not asked: what they are called decides
        a, b = os.path.basename(a), os.path.basename(b)
    below = a.startswith(f"{b}{os.sep}") or b.startswith(f"{a}{os.sep}") or "." in (a, b)
    return a == b or below or fnmatch.fnmatch(a, b) or fnmatch.fnmatch(b, a) or ("*" in a and "*" in b)


@lru_cache(maxsize=4096)  # a panel plans again at each change of the run
def traces_of(source: str, known: tuple[tuple[str, str], ...]) -> Traces:
    """What a cell's text shows; `known` are the paths that names of other cells stand for."""
    tree = python_of(source)
    if tree is None:
        return _of_magic(source)
    constants = {**dict(known), **constants_of(tree.body)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    uses = {id(use.node): use for use in files_of(calls, constants)}
    inner = [_of_line(call, constants) for call in calls]
    return Traces(
        writes=(*(use.pattern for use in uses.values() if use.use != "reads"), *(pattern for one in inner for pattern in one.writes)),
        mentions=frozenset(_mentions(tree, frozenset(uses), constants)),
        anywhere=names_of(tree).everything
        or any(one.anywhere for one in inner)
        or any(_writes_somewhere(call) for call in calls if id(call) not in uses and magic_of(call) is None),
        moves=any(one.moves or dotted(call.func).rpartition(".")[2] in _MOVES for one, call in zip(inner, calls, strict=True)),
        calls=frozenset(dotted(call.func).partition(".")[0] for call in calls),
        modules=names_of(tree).imports,
    )


def _of_magic(source: str) -> Traces:
    """A cell that is no Python."""
    magic = cell_magic(source)
    if magic is not None and magic.name in ("writefile", "file"):
        return Traces(writes=tuple(magic.line.split()[-1:]))
    return Traces(anywhere=magic is None or magic.name not in _QUIET_CELLS, moves=magic is None)


def _of_line(call: ast.Call, constants: Mapping[str, str]) -> Traces:
    """What a magic or a shell line does."""
    magic = magic_of(call)
    if magic is None or (magic.kind == "shell" and installs(magic.line)):
        return Traces()
    if magic.name in _RUNS_LINE:
        return traces_of(magic.line, tuple(sorted(constants.items())))
    return Traces(anywhere=magic.kind == "shell" or magic.name not in _QUIET_MAGICS, moves=magic.name in _MAGIC_MOVES)


def _writes_somewhere(call: ast.Call) -> bool:
    """Whether a call may write to a file that the text does not name."""
    name = dotted(call.func)
    last = name.rpartition(".")[2]
    if last in _OPENS or last.endswith("open"):
        modes = [*call.args, *(keyword.value for keyword in call.keywords)]
        if name == "open" and not all(isinstance(mode, ast.Constant) for mode in modes[1:2]):
            return True
        texts = [mode.value for mode in modes if isinstance(mode, ast.Constant) and isinstance(mode.value, str)]
        return any(set(text) <= set("rwaxbt+") and set(text) & set("wax+") for text in texts)
    if name.startswith(_WRITING_MODULES):
        return True
    if last in ("rename", "replace") and len(call.args) == 1 and not call.keywords:  # of a path
        return True
    if _TO_TEXT.match(last) and not call.args and not call.keywords:
        return False
    return isinstance(call.func, ast.Attribute | ast.Name) and _WRITES.match(last) is not None


def _mentions(tree: ast.Module, known: frozenset[int], constants: Mapping[str, str]) -> Iterator[str]:
    """Texts that may be names of files, other than those that a `known` call is given and those that are only given a name."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.Call() if id(node) in known:
                continue
            case ast.Name(id=name, ctx=ast.Load()) if name in constants:
                yield constants[name]
            case ast.Assign(value=ast.Constant()) | ast.AnnAssign(value=ast.Constant()):
                continue
            case _:
                waiting.extend(ast.iter_child_nodes(node))
