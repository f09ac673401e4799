"""The ``%durable`` line commands: a registry of small functions, one module for each group of them.

A command is a function of (extension, words) with the decorator `command`; what it returns is shown. Modules of commands stand in `MODULES`.
"""

from __future__ import annotations

import importlib
import json
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from durnb.engine.suggestions import nearest
from durnb.errors import UsageError
from durnb.records import dataclass

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension's magic calls the commands

Run = Callable[["Extension", list[str]], Any]

MODULES: Final = ("advice", "pages", "runs", "signals", "steps", "storage", "switch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`usage` is what is typed after ``%durable``, such as ``rerun STEP``. One that `looks` changes nothing, and begins no run."""

    name: str
    usage: str
    doc: str
    run: Run
    looks: bool = False


COMMANDS: Final[dict[str, Command]] = {}


def command(name: str, usage: str = "", *, looks: bool = False) -> Callable[[Run], Run]:
    """Registers a command; the first line of its docstring is its help."""

    def register(run: Run) -> Run:
        doc = (run.__doc__ or "").strip().partition("\n")[0]
        COMMANDS[name] = Command(name=name, usage=f"{name} {usage}".strip(), doc=doc, run=run, looks=looks)
        return run

    return register


def load_commands() -> None:
    """Imports the modules that hold the commands, at the first use of one: the engine comes with them."""
    for module in MODULES:
        importlib.import_module(f"{__name__}.{module}")


def dispatch(extension: Extension, line: str) -> Any:
    """Runs ``%durable line``: ``status`` where the line is empty and there is such a command, else ``help``. Text is printed, other results returned.

    Raises DurnbError.
    """
    words = words_of(line)
    load_commands()
    name, *rest = words or ["status" if "status" in COMMANDS else "help"]
    found = COMMANDS.get(name)
    if found is None:
        near = nearest(name, COMMANDS)
        raise UsageError(
            f"%durable has no command {name!r}: " + (f"did you mean %durable {_in_short(near)}?" if near else "%durable help lists them")
        )
    if found.looks and "--json" not in rest and extension.path is not None and (offer := extension.engine.offer()) is not None:
        print(offer)
    result = found.run(extension, rest)
    if not isinstance(result, str):
        return result
    print(result)
    return None


def _in_short(name: str) -> str:
    """The command as it is typed, without what may be left out."""
    return COMMANDS[name].usage.partition("[")[0].strip()


def words_of(line: str) -> list[str]:
    """The words of a line as a shell has them, but for an object or list of JSON at its end, which is one word as it stands. Raises UsageError."""
    for at in [at for at, letter in enumerate(line) if letter in "{[" and line[:at].endswith(" ")]:
        try:
            json.loads(line[at:])
        except ValueError:
            continue
        return [*words_of(line[:at]), line[at:].strip()]
    try:
        return shlex.split(line)
    except ValueError:
        raise UsageError(f"%durable: a quote is not closed in {line.strip()!r}") from None


def take_flag(words: list[str], flag: str) -> tuple[bool, list[str]]:
    """Whether `flag` is among the words, and the words without it."""
    return flag in words, [word for word in words if word != flag]


def no_words(name: str, words: list[str]) -> None:
    """For a command that takes nothing. Raises UsageError."""
    if words:
        raise UsageError(f"%durable {name} takes nothing more: {words[0]!r} is one word too many")


@command("help")
def _help(extension: Extension, words: list[str]) -> str:
    """this list; %%durable? shows a header's options"""
    width = max(len(known.usage) for known in COMMANDS.values())
    return "\n".join(f"%durable {known.usage:<{width}}  {known.doc}" for known in sorted(COMMANDS.values(), key=lambda known: known.name))
