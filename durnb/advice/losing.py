"""Steps that make what can't be stored: after a resume it is not there."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from durnb.advice.findings import Finding
from durnb.advice.reading import ReadCell
from durnb.engine.work import dotted, made_by

_MAKERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("psycopg.connect", "psycopg2.connect", "pymysql.connect"), "a database connection"),
    **dict.fromkeys(("MongoClient", "SparkSession.builder.getOrCreate"), "a connection"),
    **dict.fromkeys(("boto3.client", "boto3.resource", "bigquery.Client"), "a client"),
    **dict.fromkeys(("ThreadPoolExecutor", "ProcessPoolExecutor", "multiprocessing.Pool"), "a pool"),
    **dict.fromkeys(
        ("socket.socket", "subprocess.Popen", "webdriver.Chrome", "webdriver.Firefox", "threading.Thread"), "a thing that runs"
    ),
    **dict.fromkeys(("TemporaryDirectory", "NamedTemporaryFile"), "a temporary file"),
    **dict.fromkeys(("open", "gzip.open", "h5py.File", "ZipFile"), "a file open for writing"),  # to be read it is opened again
    **dict.fromkeys(("sqlite3.connect", "duckdb.connect"), "a database connection"),  # of a file it is opened again
}
_OPENED: Final = (
    *(".sqlite3.connect", ".duckdb.connect", ".create_engine", ".requests.Session", ".httpx.Client"),
    *(".OpenAI", ".AsyncOpenAI", ".Anthropic", ".AsyncAnthropic"),
)
"""Calls that make what a checkpoint has as a way to make it again."""
_MOVE: Final = frozenset({"a file open for writing", "a temporary file", "a thing that runs"})
_IN_MEMORY: Final = ("sqlite3.connect", "duckdb.connect")


def find(cells: Sequence[ReadCell]) -> Iterator[Finding]:
    """Warnings on names that a step gives to something known not to be stored, and that a later cell reads."""
    for at, cell in enumerate(cells):
        if not cell.is_step:
            continue
        makers = frozenset(name for statement in cell.statements() for name in _made_names(statement))
        yield from _lent(cell)
        for statement in cell.statements():
            yield from _lost(cell, statement, cells[at + 1 :], makers)


def _lent(cell: ReadCell) -> Iterator[Finding]:
    for name in sorted(cell.names.lent):
        told = f"`{name}` is a name of IPython's own, which it binds anew in each kernel: what a step binds to it is not kept"
        yield cell.finding("warning", "lost-on-resume", told, "choose another name, or bind it in a plain cell")


def _made_names(statement: ast.stmt) -> list[str]:
    """The names that a statement gives to something known not to be stored, or only as a way to make it again."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if _made(call)[0] or f".{dotted(call.func)}".endswith(
            _OPENED
        ):
            return [name]
        case _:
            return []


def _lost(cell: ReadCell, statement: ast.stmt, below: Sequence[ReadCell], makers: frozenset[str]) -> Iterator[Finding]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
            what, moves = _made(call)
            in_memory = _is_in_memory(call)
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.GeneratorExp()):
            what, moves, in_memory = "a generator", True, False
        case _:
            return
    if not what or not any(name in other.names.reads for other in below) or _is_ignored(cell, name) or _closes(cell, name):
        return
    if in_memory:
        told = f"`{name}` is {what} that holds its tables in memory: after a resume they are gone"
        yield cell.finding(
            "warning", "lost-on-resume", told, f"give it a file, or make it in a plain cell with its tables{_plain(cell)}", statement
        )
    elif moves or not is_made_again(cell, makers):
        told = f"`{name}` is {what}, which can't be stored: after a resume it is not there, and cells that need it stop"
        yield cell.finding("warning", "lost-on-resume", told, f"make it in a plain cell{_plain(cell)}", statement)


def _made(call: ast.Call) -> tuple[str, bool]:
    name = dotted(call.func)
    what = next((what for maker, what in _MAKERS.items() if name == maker or (f".{name}".endswith(f".{maker}") and maker != "open")), "")
    if (what == "a file open for writing" and not _writes(call)) or (name in _IN_MEMORY and not _is_in_memory(call)):
        return "", False
    return what, what in _MOVE


def _writes(call: ast.Call) -> bool:
    """Whether a file is opened with a mode other than one for reading, as far as the text tells."""
    modes = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and isinstance(mode.value, str) and not set("wax+").isdisjoint(mode.value) for mode in modes)


def _is_in_memory(call: ast.Call) -> bool:
    arguments = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    return dotted(call.func) in _IN_MEMORY and (arguments == [":memory:"] or not (call.args or call.keywords))


def _is_ignored(cell: ReadCell, name: str) -> bool:
    return cell.header is not None and name in cell.header.header.ignore


def _closes(cell: ReadCell, name: str) -> bool:
    """Whether the very step closes it again."""
    return any(dotted(call.func) in (f"{name}.close", f"{name}.shutdown", f"{name}.join", f"{name}.wait") for call in cell.calls)


def is_made_again(cell: ReadCell, lost: Collection[str]) -> bool:
    """Whether ``%durable all`` makes the lost names of the cell again in a new kernel: it calls for nothing else."""
    made = made_by(cell.body) if cell.header is not None and cell.header.spelling == "unmarked" else None
    return made is not None and made <= set(lost)


def _plain(cell: ReadCell) -> str:
    return ": a first line # durable: off" if cell.header is not None and cell.header.spelling == "unmarked" else ""
