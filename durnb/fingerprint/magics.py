"""What IPython's magics, shell lines and SQL texts in a call read, bind and run of a notebook's names."""

from __future__ import annotations

import ast
import re
import string
from dataclasses import field

from durnb.fingerprint.syntax import parse
from durnb.records import dataclass

_PYTHON_LINE = frozenset({"time", "prun", "timeit", "memit", "mprun", "lprun"})
_PYTHON_CELL = frozenset({"time", "prun", "timeit", "capture", "memit", "mprun", "lprun", "snakeviz", "pyinstrument", "debug", "scalene"})
_BINDS_NOTHING = frozenset({"timeit", "memit"})
_TEXT_CELL = frozenset(
    {
        "bash",
        "sh",
        "script",
        "system",
        "sx",
        "!",
        "html",
        "HTML",
        "javascript",
        "js",
        "latex",
        "markdown",
        "svg",
        "SVG",
        "writefile",
        "file",
        "perl",
        "ruby",
        "python",
        "python2",
        "python3",
        "pypy",
        "cmd",
    }
)
_WHOLE_NAMESPACE = frozenset(
    {
        "run",
        "store",
        "reset",
        "reset_selective",
        "who",
        "whos",
        "who_ls",
        "pylab",
        "load_state",
        "rerun",
        "recall",
        "rep",
        "macro",
        "save",
        "edit",
        "ed",
        "debug",
        "cython",
        "cython_inline",
        "px",
        "autopx",
        "R",
        "Rpush",
        "Rpull",
        "julia",
        "octave",
        "autocall",
        "paste",
        "cpaste",
    }
)
_OPTION_WITH_VALUE = {
    "timeit": "nrts",
    "time": "",
    "prun": "lsTD",
    "memit": "rti",
    "mprun": "fTc",
    "lprun": "fmDTsu",
}
_SQL = frozenset({"sql", "query", "execute", "from_query", "sql_query"})
_TABLE = re.compile(r"\b(?:from|join)\s+\"?([A-Za-z_]\w*)", re.IGNORECASE)
_AT = re.compile(r"@([A-Za-z_]\w*)")
_MAGIC_LINE = re.compile(r"(\s*)([A-Za-z_][\w, ]*=\s*)?(%|!!?)(?=[^\s=])(.*)\Z")
_ASKS = re.compile(r"(\s*)([A-Za-z_][\w.]*)\?{1,2}\s*\Z")
_DOLLAR = re.compile(r"(?<!\$)\$([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a special call does besides evaluating its arguments."""

    reads: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    trees: tuple[ast.Module, ...] = ()
    trees_bind: bool = True
    everything: bool = False
    text: tuple[str, ...] = field(default=())  # what else of the call's text has meaning, in the place of the call


def special(call: ast.Call) -> Effects | None:
    """The effects of a call of IPython's (``get_ipython().system("ls {x}")``), or None where it is an ordinary call."""
    function = call.func
    if not (isinstance(function, ast.Attribute) and _is_shell(function.value)):
        return None
    texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if call.keywords or len(texts) != len(call.args):
        return Effects(everything=True)
    match function.attr, texts:
        case "run_line_magic", [name, line]:
            return _line_magic(name, line)
        case "magic", [text]:
            name, _, line = text.partition(" ")
            return _line_magic(name, line)
        case "run_cell_magic", [name, line, body]:
            return _cell_magic(name, line, body)
        case (("system" | "getoutput" | "system_piped" | "system_raw" | "getoutput_piped"), [text]):
            return Effects(reads=expanded(text), text=(text,))
        case (("set_next_input" | "enable_gui" | "enable_matplotlib"), _):
            return Effects(text=tuple(texts))
        case _:
            return Effects(everything=True)


def _is_shell(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "get_ipython" and not node.args


def _line_magic(name: str, line: str) -> Effects:
    text = (name, line)
    if name in _PYTHON_LINE:
        options, code = _split_options(name, line)
        tree = _parse(code)
        if tree is None:
            return Effects(everything=True, text=text)
        return Effects(trees=(tree,), trees_bind=name not in _BINDS_NOTHING, reads=expanded(options), text=(name, options))
    if name in ("pinfo", "pinfo2", "pdoc", "psource", "pdef", "pfile", "xdel"):
        root = line.strip().lstrip("-n ").split(".")[0]
        found = frozenset({root}) if root.isidentifier() else frozenset[str]()
        return Effects(reads=found, everything=name == "xdel", text=text)
    return Effects(reads=expanded(line), everything=name in _WHOLE_NAMESPACE, text=text)


def _cell_magic(name: str, line: str, body: str) -> Effects:
    text = (name, line)
    if name in _PYTHON_CELL:
        tree = _parse(body)
        if tree is None:
            return Effects(everything=True, text=(*text, body))
        if name == "capture":
            return Effects(trees=(tree,), binds=_last_words(line), text=text)
        options, code = _split_options(name, line)
        first = _parse(code) if code else None
        trees = (tree,) if first is None else (first, tree)
        return Effects(trees=trees, trees_bind=name not in _BINDS_NOTHING, reads=expanded(options), text=(name, options, code))
    if name in _TEXT_CELL:
        return Effects(reads=expanded(line), binds=_outputs(line), text=(*text, body))
    return Effects(reads=expanded(line) | expanded(body), everything=name in _WHOLE_NAMESPACE, text=(*text, body))


def _split_options(name: str, line: str) -> tuple[str, str]:
    """The options in front of a line magic's code, and the code."""
    valued = _OPTION_WITH_VALUE.get(name, "")
    pattern = re.compile(rf"\s*(?:-[{valued}]\s*[^\s-]\S*|--\S+|-[A-Za-z]+)(?=\s|\Z)" if valued else r"\s*(?:--\S+|-[A-Za-z]+)(?=\s|\Z)")
    at = 0
    while (found := pattern.match(line, at)) is not None and found.end() > at:
        at = found.end()
    return line[:at].strip(), line[at:].strip()


def _parse(code: str) -> ast.Module | None:
    """Python inside a magic; IPython left the magics in it as they were written."""
    code = code.strip("\n")
    for text in (code, "\n".join(map(as_call, code.split("\n")))):
        try:
            return parse(text)
        except (SyntaxError, ValueError):
            continue
    return None


def as_call(line: str) -> str:
    """A line such as ``y = !ls`` or ``%cd x`` as IPython would rewrite it."""
    if (asked := _ASKS.match(line)) is not None:
        return f"{asked[1]}get_ipython().run_line_magic('pinfo', {asked[2]!r})"
    found = _MAGIC_LINE.match(line)
    if found is None:
        return line
    indent, target, sign, rest = found[1], found[2] or "", found[3], found[4].strip()
    if sign == "%":
        name, _, argument = rest.partition(" ")
        return f"{indent}{target}get_ipython().run_line_magic({name!r}, {argument.strip()!r})"
    function = "getoutput" if target or sign == "!!" else "system"
    return f"{indent}{target}get_ipython().{function}({rest!r})"


def _last_words(line: str) -> frozenset[str]:
    return frozenset(word for word in line.split() if word.isidentifier())


def _outputs(line: str) -> frozenset[str]:
    return frozenset(re.findall(r"--(?:out|err|proc)[= ]\s*([A-Za-z_]\w*)", line))


def expanded(text: str) -> frozenset[str]:
    """Names that IPython fills into a text: ``{x.shape}`` and ``$x``."""
    names = set(_DOLLAR.findall(text))
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(text) if field]
    except ValueError:
        fields = re.findall(r"\{([^{}]+)\}", text)
    for expression in fields:
        names |= _names_of(expression)
    return frozenset(names)


def _names_of(expression: str) -> set[str]:
    try:
        tree = ast.parse(expression.strip("{} "), mode="eval")
    except (SyntaxError, ValueError):
        return set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def names_in_text(call: ast.Call) -> tuple[frozenset[str], bool]:
    """Names that libraries look up in the caller's frame: ``df.query("a > @limit")``, ``duckdb.sql("from df")``; and whether any may be."""
    function = call.func
    if not isinstance(function, ast.Attribute):
        return frozenset(), False
    owner = function.value.id if isinstance(function.value, ast.Name) else ""
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    texts = [n.value for arg in arguments for n in ast.walk(arg) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    names: set[str] = set()
    if function.attr in ("query", "eval"):
        names.update(name for text in texts for name in _AT.findall(text))
    if (function.attr == "eval" and owner in ("pd", "pandas")) or (function.attr == "evaluate" and owner in ("ne", "numexpr")):
        names.update(name for text in texts for name in _names_of(text))
    if function.attr in _SQL:
        names.update(name for text in texts for name in _TABLE.findall(text))
    blind = owner == "duckdb" and function.attr in _SQL and bool(call.args) and not isinstance(call.args[0], ast.Constant)
    return frozenset(names), blind
