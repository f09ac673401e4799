"""Writes docs/reference.md from the code, so that the two can't differ: ``python docs/generate.py``; ``--check`` only compares."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click

import durnb
from durnb import errors
from durnb.advice import CHECK_EXITS
from durnb.cli import cli
from durnb.config import Settings
from durnb.engine.header import option_help
from durnb.runner.exits import MEANINGS
from durnb_kernel_ext.commands import COMMANDS, load_commands

REFERENCE: Final = Path(__file__).with_name("reference.md")
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def reference() -> str:
    """The whole page."""
    parts = (
        "# Reference",
        "Made from the code by `make docs`. Do not edit it.",
        "## The header of a durable cell",
        fenced(option_help()),
        "## Commands in the notebook",
        table(("command", "what it does"), notebook_commands()),
        "## The program `durnb`",
        *program_commands(),
        "### Exit codes of `durnb run`",
        table(("code", "meaning"), ((str(int(code)), meaning) for code, meaning in MEANINGS.items())),
        "### Exit codes of `durnb check`",
        table(("code", "meaning"), ((str(exit_code), meaning) for exit_code, meaning in CHECK_EXITS.items())),
        "## In Python",
        *functions(),
        "## Settings",
        "In the notebook `%config Durable.NAME = VALUE`, in IPython's configuration `c.Durable.NAME`, in the environment `DURNB_NAME`.",
        table(("name", "environment", "default", "meaning"), settings()),
        "## Errors",
        fenced(tree()),
    )
    return "\n\n".join(parts) + "\n"


def notebook_commands() -> Iterator[tuple[str, str]]:
    load_commands()
    for known in sorted(COMMANDS.values(), key=lambda known: known.name):
        yield code(f"%durable {known.usage}"), known.doc


def program_commands() -> Iterator[str]:
    context = click.Context(cli, info_name="durnb")
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        yield f"### `{inner.command_path} {' '.join(command.collect_usage_pieces(inner))}`"
        yield prose(command.help or "")
        options = [record for param in command.params if (record := option(param, inner)) is not None]
        if options:
            yield table(("option", "meaning"), options)


def option(param: click.Parameter, context: click.Context) -> tuple[str, str] | None:
    if not isinstance(param, click.Option):
        return None
    value = "" if param.is_flag else f" {param.make_metavar(context)}"
    shown = " The default is " + code(str(param.default)) + "." if param.show_default and param.default is not None else ""
    return code(", ".join(param.opts) + value), (param.help or "") + shown


def prose(text: str) -> str:
    """Click's help as Markdown: a paragraph after ``\\b`` is laid out by hand."""
    paragraphs = [part for part in inspect.cleandoc(text).split("\n\n") if part.strip()]
    return "\n\n".join(fenced(part) if part.startswith("\b") else " ".join(part.split()) for part in paragraphs)


def fenced(text: str) -> str:
    return "```text\n" + text.strip("\b\n") + "\n```"


def functions() -> Iterator[str]:
    """The public functions, without those by which IPython loads durnb."""
    found = (getattr(durnb, name) for name in durnb.__all__ if not name.endswith("ipython_extension"))
    for function in filter(inspect.isfunction, found):
        names = (f"{p.name}=" if p.kind is p.KEYWORD_ONLY else p.name for p in inspect.signature(function).parameters.values())
        yield f"### `durnb.{function.__name__}({', '.join(names)})`"
        yield fenced(inspect.getdoc(function) or "")


def settings() -> Iterator[tuple[str, str, str, str]]:
    for setting in fields(Settings):
        yield code(setting.name), code(f"DURNB_{setting.name.upper()}"), plain(setting.default), setting.metadata["doc"]


def plain(value: Any) -> str:
    """A default as a person would write it."""
    match value:
        case timedelta():
            seconds = value.total_seconds()
            size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size and seconds % size == 0), (1, "s"))
            return f"{seconds / size:g}{unit}"
        case bool():
            return "on" if value else "off"
        case int() if value >= 10**6 and value % 10**6 == 0:
            return f"{value // 10**6} MB"
        case _:
            return str(value)


def tree() -> str:
    """The tree of errors, as the module that defines them draws it."""
    drawn = (errors.__doc__ or "").split("::\n", 1)[1].split("\n\nConstructors", 1)[0]
    return "\n".join(line.removeprefix("    ") for line in drawn.strip("\n").splitlines())


def code(text: str) -> str:
    return f"`{text}`"


def table(head: tuple[str, ...], records: Iterable[tuple[str, ...]]) -> str:
    lines = (head, tuple("---" for _ in head), *records)
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def main(words: list[str]) -> int:
    """Exit code 1: the page on disk differs from the code."""
    page = reference()
    if "--check" in words:
        same = REFERENCE.exists() and REFERENCE.read_text(encoding="utf-8") == page
        print(f"{REFERENCE.name} is up to date" if same else f"{REFERENCE.name} is out of date: make docs")
        return 0 if same else 1
    REFERENCE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
