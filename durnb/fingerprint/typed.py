"""A cell as it was typed, read without IPython: magics and shell lines as the calls that IPython would make of them."""

from __future__ import annotations

import ast
import re
from typing import Final, Literal

from durnb.fingerprint.magics import as_call
from durnb.fingerprint.syntax import parse
from durnb.records import dataclass

_CELL_MAGIC: Final = re.compile(r"\s*%%(?P<name>[^\s%]+)[ \t]*(?P<line>[^\n]*)(?:\n|\Z)(?P<body>.*)", re.DOTALL)
_CONTINUED: Final = re.compile(r"^([ \t]*[!%](?:[^\n]*[^\n\\])?)\\\n[ \t]*", re.MULTILINE)  # a shell line that goes on below
_HELP: Final = re.compile(r"\s*\?{1,2}\s*([A-Za-z_%*][\w.*%]*)\s*\Z")
_AUTOMATIC: Final = re.compile(r"(\s*)(pip|conda|mamba|cd|ls|pwd)(?=\s|\Z)(.*)\Z")  # IPython's automagic: commands that are typed bare


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMagic:
    """A cell under ``%%name line``; `body` is what lies below."""

    name: str
    line: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Magic:
    """``%name line``, or a shell line: `kind` is "shell", its text is `line`."""

    kind: Literal["magic", "shell"]
    name: str
    line: str


def cell_magic(source: str) -> CellMagic | None:
    """The cell magic that `source` stands under."""
    found = _CELL_MAGIC.match(source)
    return CellMagic(name=found["name"], line=found["line"].strip(), body=found["body"]) if found else None


def parse_typed(source: str) -> ast.Module | None:
    """The tree of a cell that stands under no cell magic; None where it can't be read without IPython."""
    for text in (source, "\n".join(map(_line, _CONTINUED.sub(r"\1 ", source).split("\n")))):
        try:
            return parse(text)
        except (SyntaxError, ValueError):
            continue
    return None


def _line(line: str) -> str:
    if (asked := _HELP.match(line)) is not None:
        return f"get_ipython().run_line_magic('pinfo', {asked[1]!r})"
    if (bare := _AUTOMATIC.match(line)) is not None:
        return f"{bare[1]}get_ipython().run_line_magic({bare[2]!r}, {bare[3].strip()!r})"
    return as_call(line)


def magic_of(node: ast.AST) -> Magic | None:
    """The magic or shell line that a call in a tree of `parse_typed`, or of IPython's own transform, stands for."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython"), args=[]), attr=how), args=[*arguments], keywords=[]
        ) if all(isinstance(argument, ast.Constant) and isinstance(argument.value, str) for argument in arguments):
            texts = [str(argument.value) for argument in arguments if isinstance(argument, ast.Constant)]
        case _:
            return None
    match how, texts:
        case "run_line_magic", [name, line]:
            return Magic(kind="magic", name=name, line=line)
        case (("system" | "getoutput" | "system_piped" | "system_raw"), [text]):
            return Magic(kind="shell", name="", line=text)
        case _:
            return None
