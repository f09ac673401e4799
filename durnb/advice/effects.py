"""Steps whose effects durnb does not see: commands that fail in silence, options set on libraries, messages that may go out twice."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Final

from durnb.advice.findings import Finding
from durnb.advice.reading import ReadCell
from durnb.engine.work import dotted, imported_by, is_setting_magic, sets_option
from durnb.fingerprint import Magic, magic_of

_SENDS: Final = (
    "requests.post",
    "requests.put",
    "requests.patch",
    "requests.delete",
    "httpx.post",
    "httpx.put",
    "httpx.patch",
    "httpx.delete",
)
_SENDS_MAIL: Final = frozenset({"sendmail", "send_message", "send_email"})
_LOOKS: Final = re.compile(
    r"\s*(?:ls|ll|dir|cat|head|tail|wc|du|df|free|pwd|echo|date|tree|which|whoami|uname|lscpu|nproc|nvidia-smi|env|printenv|grep|file|stat)(?:\s|\Z)|.*--version\s*\Z"
)
"""Commands that only show something."""
_TRANSACTS: Final = ("sqlite3.connect", "psycopg.connect", "psycopg2.connect", "pymysql.connect")
_WRITES: Final = re.compile(r"\s*(?:insert|update|delete|replace)\b", re.IGNORECASE)
_PUT_BACK: Final = (
    *("rcParams", "pd.options", "pandas.options", "pd.set_option", "pandas.set_option", "filterwarnings", "simplefilter", "sys.path"),
    *("random.seed", "manual_seed", "environ", "plt.style.use", "style.use", "plt.rc", "set_theme", "set_style", "set_context", "sns.set"),
    *("set_printoptions", "np.seterr", "numpy.seterr", "sklearn.set_config", " set_config(", "pl.Config", "polars.Config"),
    *("setlocale", "setrecursionlimit", "tzset", "setLevel"),
)
"""Options that are ambient state: a checkpoint has them."""


def find(cells: Sequence[ReadCell]) -> Iterator[Finding]:
    """Warnings and notes on steps."""
    transacts = any(dotted(call.func) in _TRANSACTS for cell in cells for call in cell.calls)
    raises = any("system_raise_on_error" in cell.cell.source for cell in cells)
    imported = frozenset(name for cell in cells if cell.tree is not None for name in imported_by(cell.tree))
    for cell in cells:
        if cell.is_step:
            yield from _unchecked(cell) if not raises else ()
            yield from _options(cell, imported)
            yield from _sends(cell)
            yield from _uncommitted(cell) if transacts else ()


def _unchecked(cell: ReadCell) -> Iterator[Finding]:
    magics = [(call, magic) for call in cell.calls if (magic := magic_of(call)) is not None and _runs(magic)]
    if magics and "_exit_code" not in cell.cell.source:
        call, magic = magics[0]
        what = f"!{magic.line[:60]} may fail, and the step counts as finished all the same"
        yield cell.finding(
            "warning", "unchecked-command", what, "write assert _exit_code == 0 below it, or subprocess.run(..., check=True)", call
        )


def _runs(magic: Magic) -> bool:
    return magic.kind == "shell" and _LOOKS.match(magic.line) is None


def _options(cell: ReadCell, imported: frozenset[str]) -> Iterator[Finding]:
    for statement in cell.statements():
        option = _option(statement, imported)
        if option:
            what = f"{option} sets something of a library, and beside it the step works: when the step is put back, that is not set"
            yield cell.finding(
                "warning",
                "option-in-a-step",
                what,
                "set it in a cell of its own, which then stays plain, or see durnb.register_ambient",
                statement,
            )
            return


def _option(statement: ast.stmt, imported: frozenset[str]) -> str:
    match statement:
        case ast.Expr(value=ast.Call() as call) if (magic := magic_of(call)) is not None:
            return f"%{magic.name} {magic.line}".strip() if is_setting_magic(magic) else ""
        case ast.Expr(value=ast.Call(func=function)):
            text = f"{dotted(function)}()"
        case ast.Assign(targets=[target, *_]) | ast.AugAssign(target=target):
            text = dotted(target)
        case _:
            return ""
    return text if sets_option(statement, imported) and not any(known in f" {text}" for known in _PUT_BACK) else ""


def _sends(cell: ReadCell) -> Iterator[Finding]:
    if cell.header is not None and cell.header.header.once:
        return
    for call in cell.calls:
        name = dotted(call.func)
        if name in _SENDS or (isinstance(call.func, ast.Attribute) and call.func.attr in _SENDS_MAIL):
            what = f"{name}() sends something: if the kernel dies in this step, it runs again and sends once more"
            yield cell.finding(
                "note", "may-happen-twice", what, "give the step the option --once, or let the receiver tell a repetition", call
            )
            return


def _uncommitted(cell: ReadCell) -> Iterator[Finding]:
    blocks = [node for node in ast.walk(cell.tree) if isinstance(node, ast.With)] if cell.tree is not None else []
    inside = {id(node) for block in blocks for node in ast.walk(block)}
    writing = next((call for call in cell.calls if _writes(call) and id(call) not in inside), None)
    if writing is not None and "commit" not in cell.cell.source:
        what = "it writes rows and does not commit them: if the kernel dies later they are gone, and the finished step is not run again"
        yield cell.finding("warning", "uncommitted", what, "commit at the end of the step", writing)


def _writes(call: ast.Call) -> bool:
    """Whether the call is an ``execute("insert …")``, as far as its text tells."""
    match call:
        case ast.Call(func=ast.Attribute(attr="execute" | "executemany"), args=[ast.Constant(value=str(text)), *_]):
            return _WRITES.match(text) is not None
        case ast.Call(
            func=ast.Attribute(attr="execute" | "executemany"), args=[ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]), *_]
        ):
            return _WRITES.match(text) is not None
        case _:
            return False
