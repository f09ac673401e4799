"""Secrets that would be written to the disk: in a cell's text, in its saved output, and in the variables of a step."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from durnb.advice.findings import Finding
from durnb.advice.reading import ReadCell
from durnb.engine.work import dotted

_PATTERNS: Final[Mapping[str, re.Pattern[str]]] = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "an API key (sk-…)": re.compile(r"\bsk-(?:[a-z]+-)*[A-Za-z0-9_-]{20,}"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})"),
    "a Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "a Hugging Face token": re.compile(r"\bhf_[A-Za-z0-9]{30,}"),
    "a Google API key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "a password in an address": re.compile(r"\b[a-z][a-z0-9+]{2,}://[^\s/:@'\"{}$<]+:[^\s/:@'\"{}$<]{4,}@"),
}
_SECRET_NAME: Final = re.compile(
    r"(?:^|_)(?:password|passwd|secret|token|apikey|api_key|access_key|secret_key|private_key|credentials?)(?:_(?:prod|dev|test|\d+))?\Z",
    re.IGNORECASE,
)
_PLACEHOLDER: Final = re.compile(
    r"\*+|x+|\.+|…|changeme|secret|password|token|your.*|<.*>|\$?\{.*\}|test.*|example.*|dummy.*|none|null", re.IGNORECASE
)
_CURE: Final = "read it in a plain cell, from the environment or getpass, and change it if others can see this notebook"


def find(cells: Sequence[ReadCell]) -> Iterator[Finding]:
    """Warnings on the text of cells, and on steps that keep a secret under a name. None of them shows the text."""
    for cell in cells:
        yield from (replace(finding, where=cell.place) for finding in _in_source(cell))


def _in_source(cell: ReadCell) -> Iterator[Finding]:
    told = [what for what, pattern in _PATTERNS.items() if pattern.search(cell.cell.source)]
    for what in told:
        yield cell.finding("warning", "secret-in-source", f"its text holds what looks like {what}", _CURE)
    for statement in cell.statements() if not told else ():
        yield from _assigned(cell, statement)
    if cell.is_step:
        yield from _kept(cell)


def in_outputs(cells: Sequence[ReadCell], outputs: Mapping[int, str]) -> Iterator[Finding]:
    """Warnings on saved outputs (text, by the cells' numbers)."""
    for cell in cells:
        for what, pattern in _PATTERNS.items():
            if pattern.search(outputs.get(cell.number, "")):
                kept = ", and the step's checkpoint would keep it" if cell.is_step else ""
                told = f"its output shows what looks like {what}{kept}"
                found = cell.finding("warning", "secret-in-output", told, "do not print it; clear the output")
                yield replace(found, where=cell.place)


def in_variables(values: Mapping[str, object], environ: Mapping[str, str]) -> Iterator[Finding]:
    """Warnings on variables that hold, in clear, a secret of the environment."""
    secrets = {value: name for name, value in environ.items() if _SECRET_NAME.search(name) and len(value) >= 8}
    for name, value in values.items():
        if type(value) is str and value in secrets:
            what = f"`{name}` holds the secret {secrets[value]} of the environment, and a checkpoint would keep it in clear"
            yield Finding(severity="warning", kind="secret-in-variable", where=f"variable {name}", what=what, cure=_CURE)


def _assigned(cell: ReadCell, statement: ast.stmt) -> Iterator[Finding]:
    match statement:
        case ast.Assign(targets=[target], value=ast.Constant(value=str(text))):
            name = _last_word(target)
            if _SECRET_NAME.search(name) and _looks_secret(text):
                yield cell.finding("warning", "secret-in-source", f"`{name}` is given a secret in clear", _CURE, statement)
        case _:
            return


def _last_word(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return dotted(target).rpartition(".")[2]


def _looks_secret(text: str) -> bool:
    """Long enough, one word, no placeholder, and no mere identifier or path."""
    if len(text) < 8 or _PLACEHOLDER.fullmatch(text) or any(c.isspace() for c in text):
        return False
    return any(c.isdigit() for c in text) and any(c.isalpha() for c in text) and not re.fullmatch(r"[./~][\w./-]*|https?://\S*", text)


def _kept(cell: ReadCell) -> Iterator[Finding]:
    for statement in cell.statements():
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if what := _looked_up(value):
                told = f"`{name}` is the secret {what}, and the step's checkpoint keeps it in clear"
                yield cell.finding(
                    "warning", "secret-in-a-step", told, "look it up in a plain cell, or leave it out with --ignore", statement
                )
            case _:
                continue


def _looked_up(value: ast.expr) -> str:
    """The name of the secret that an expression looks up; empty where it looks up none."""
    match value:
        case ast.Subscript(value=inner, slice=ast.Constant(value=str(key))) if dotted(inner).rpartition(".")[2] == "environ":
            return key if _SECRET_NAME.search(key) else ""
        case ast.Call(func=function, args=[ast.Constant(value=str(key)), *_]) if dotted(function).endswith(("getenv", "environ.get")):
            return key if _SECRET_NAME.search(key) else ""
        case ast.Call(func=function) if dotted(function).rpartition(".")[2] == "getpass":
            return "that getpass asks for"
        case _:
            return ""
