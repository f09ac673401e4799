"""Steps that read files which are no input of theirs: when such a file changes, the old result is put back all the same."""

from __future__ import annotations

import ast
import fnmatch
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from durnb.advice.findings import Finding
from durnb.advice.reading import ReadCell
from durnb.engine.header import FoundHeader
from durnb.engine.paths import FileUse, constants_of, files_of
from durnb.fingerprint import names_of
from durnb.records import dataclass

_PARAMETERS = "parameters"


def find(cells: Sequence[ReadCell]) -> Iterator[Finding]:
    """Warnings on files that are read and not in ``--depends``, notes on those that are written and not in ``--creates``."""
    constants = constants_of(statement for cell in cells if _PARAMETERS not in cell.cell.tags for statement in cell.statements())
    functions = dict(_functions(cells, constants))
    for cell in cells:
        if cell.header is not None:
            calls = sorted(cell.calls, key=lambda call: (call.lineno, call.col_offset))
            uses = [*files_of(calls, constants), *_reached(cell.names.reads, functions)]
            yield from _read(cell, cell.header, uses)
            yield from _written(cell, cell.header, uses)


def _read(cell: ReadCell, header: FoundHeader, uses: Sequence[FileUse]) -> Iterator[Finding]:
    own = [use.pattern for use in uses if use.use != "reads"]
    missing = [
        use for use in uses if use.use == "reads" and not _is_named(use.pattern, own) and not _is_named(use.pattern, header.header.depends)
    ]
    if missing and not header.header.always:
        what = f"it reads {_told(missing)}, which is no input of it: when that changes, the step is not run again, and its old result stays"
        yield cell.finding("warning", "file-not-in-depends", what, _cure(header, "--depends", missing), _place(cell, missing[0]))


def _written(cell: ReadCell, header: FoundHeader, uses: Sequence[FileUse]) -> Iterator[Finding]:
    missing = [use for use in uses if use.use == "writes" and not _is_named(use.pattern, header.header.creates)]
    if missing and not header.header.always:
        what = f"it writes {_told(missing)}: when that is deleted or changed, the step is not run again"
        yield cell.finding("note", "file-not-in-creates", what, _cure(header, "--creates", missing), _place(cell, missing[0]))


def _told(uses: Sequence[FileUse]) -> str:
    patterns = list(dict.fromkeys(use.pattern for use in uses))
    more = len(patterns) - 1
    return patterns[0] + (f" (and {more} more)" if more else "")


def _cure(header: FoundHeader, flag: str, uses: Sequence[FileUse]) -> str:
    options = " ".join(f"{flag} {shlex.quote(pattern)}" for pattern in dict.fromkeys(use.pattern for use in uses))
    match header.spelling:
        case "unmarked":
            return f"give the cell a header: # durable: NAME {options}"
        case "comment":
            return f"# durable: {header.text} {options}"
        case "magic":
            return f"%%durable {header.text} {options}"


def _is_named(pattern: str, given: Iterable[str]) -> bool:
    """Whether the header's patterns hold the file, as far as texts tell."""
    path = os.path.normpath(pattern)
    for known in given:
        folder = known.endswith("/") and path.startswith(os.path.normpath(known) + "/")
        if folder or path == os.path.normpath(known) or fnmatch.fnmatch(path, os.path.normpath(known)):
            return True
    return False


def _place(cell: ReadCell, use: FileUse) -> ast.AST | None:
    """The place of the use, where it is in the cell itself."""
    return use.node if any(use.node is call for call in cell.calls) else None


# ---- functions of plain cells


@dataclass(frozen=True, slots=True)
class _Function:
    uses: tuple[FileUse, ...]
    reads: frozenset[str]


def _functions(cells: Sequence[ReadCell], constants: Mapping[str, str]) -> Iterator[tuple[str, _Function]]:
    for cell in cells:
        for node in cell.statements() if not cell.is_step else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call)]
                reads = names_of(ast.Module(body=[node], type_ignores=[])).reads
                yield node.name, _Function(tuple(files_of(calls, constants)), reads)


def _reached(names: Iterable[str], functions: Mapping[str, _Function]) -> Iterator[FileUse]:
    """What the functions of those names, and those that they use, do with files."""
    waiting, seen = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        if name in functions and name not in seen:
            seen.add(name)
            yield from functions[name].uses
            waiting += functions[name].reads
