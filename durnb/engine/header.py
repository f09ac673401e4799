"""The header of a durable cell: ``%%durable NAME …``, or a first line ``# durable: NAME …``; the two mean the same.

One table of options serves parsing, error messages and help. Every error is a UsageError of one line.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any, Final, Literal

from durnb.config import duration
from durnb.engine.suggestions import nearest
from durnb.errors import UsageError
from durnb.records import dataclass

OnChange = Literal["rerun", "keep", "ask"]
Spelling = Literal["magic", "comment", "unmarked"]

_NAME: Final = re.compile(r"[^\W_][\w.-]{0,99}")
PLAIN: Final = "off"
"""What stands for a name in the header of a cell that stays plain whatever ``%durable all`` says."""
_NAME_RULE: Final = "a name is letters, digits, _ - and . (at most 100, a letter or digit first)"
_DOTTED: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a header says: the step's name and how it is run. `retries` 3 means four attempts; `on_change` None means the setting."""

    name: str
    retries: int = 0
    delay: timedelta = timedelta(seconds=1)
    backoff: float = 2.0
    max_delay: timedelta = timedelta(seconds=100)
    no_retry: tuple[str, ...] = ()
    timeout: timedelta | None = None
    once: bool = False
    on_change: OnChange | None = None
    save: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    creates: tuple[str, ...] = ()
    always: bool = False
    expires: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundHeader:
    """A header in a cell: `text` is what follows the mark, `line` counts the raw cell's lines from 1, `body` is what lies below it.

    An "unmarked" one is what ``%durable all`` gives to a cell that has none: `text` are its options, `line` is 0.
    """

    header: Header
    spelling: Spelling
    text: str
    line: int
    body: str


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,4}", text):
        raise UsageError(f"{text!r} is not a number of retries: write 3")
    return int(text)


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 1 <= factor <= 1000:
        raise UsageError(f"{text!r} is not a factor of 1 or more: write 2 or 1.5")
    return factor


def _length(text: str) -> timedelta:
    length = duration(text)
    if length <= timedelta(0):
        raise UsageError(f"{text!r} is not longer than nothing")
    return length


def _names(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    for name in names:
        if not name.isidentifier():
            raise UsageError(f"{name!r} is not a variable's name: write df,model")
    return names


def _classes(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    for name in names:
        if not _DOTTED.fullmatch(name):
            raise UsageError(f"{name!r} is not an exception's name: write ValueError,requests.HTTPError")
    return names


def _choice(text: str) -> str:
    if text not in ("rerun", "keep", "ask"):
        raise UsageError(f"{text!r} is not rerun, keep or ask")
    return text


def _glob(text: str) -> tuple[str, ...]:
    if not text:
        raise UsageError("the pattern is empty: write 'data/*.csv'")
    return (text,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Option:
    flag: str
    doc: str
    value: str = ""
    parse: Callable[[str], Any] | None = None
    repeatable: bool = False

    @property
    def field(self) -> str:
        return self.flag.removeprefix("--").replace("-", "_")


_OPTIONS: Final = (
    _Option(flag="--retries", value="N", parse=_count, doc="attempts after the first that fails; 3 means four attempts (default 0)"),
    _Option(flag="--delay", value="TIME", parse=duration, doc="wait before the first retry (default 1s)"),
    _Option(flag="--backoff", value="F", parse=_factor, doc="each wait is F times the last (default 2)"),
    _Option(flag="--max-delay", value="TIME", parse=duration, doc="no wait is longer (default 100s)"),
    _Option(flag="--no-retry", value="E1,E2", parse=_classes, doc="exceptions that fail the step at once"),
    _Option(flag="--timeout", value="TIME", parse=_length, doc="stop an attempt that runs longer; it may be retried"),
    _Option(flag="--once", doc="at most once: an unfinished attempt is never repeated without asking"),
    _Option(flag="--on-change", value="rerun|keep|ask", parse=_choice, doc="what to do when code or inputs changed (default rerun)"),
    _Option(flag="--save", value="NAMES", parse=_names, doc="keep only these variables (default: all that the cell made or changed)"),
    _Option(flag="--ignore", value="NAMES", parse=_names, doc="variables that are neither inputs nor kept"),
    _Option(flag="--depends", value="GLOB", parse=_glob, repeatable=True, doc="files that are inputs; may be given again"),
    _Option(
        flag="--creates",
        value="GLOB",
        parse=_glob,
        repeatable=True,
        doc="files that the step makes (a folder: out/): reused only while they are as it left them; may be given again",
    ),
    _Option(flag="--always", doc="run every time; its result is still kept and retried"),
    _Option(flag="--expires", value="TIME", parse=_length, doc="a result older than this is stale, such as 24h"),
)
_BY_FLAG: Final[Mapping[str, _Option]] = {option.flag: option for option in _OPTIONS}
OPTION_FLAGS: Final = tuple(_BY_FLAG)


def option_help() -> str:
    """The text of ``%%durable?``."""
    width = max(len(f"{option.flag} {option.value}") for option in _OPTIONS)
    lines = [f"  {f'{option.flag} {option.value}':<{width}}  {option.doc}" for option in _OPTIONS]
    return "\n".join(
        (
            "%%durable NAME [options]",
            "",
            "Makes the cell a durable step: once it has finished it is not run again, in this kernel or the next; its variables and outputs are put back.",
            "The header is the cell's first line. For editors that skip magic cells, write it as a comment: # durable: NAME [options]",
            "",
            *lines,
            "",
            f"{_NAME_RULE.capitalize()}. TIME is 90, 90s, 1h30m or 2d. Lists are separated by commas. %durable help lists the commands.",
        )
    )


def parse_header(text: str, *, proposal: str = "load") -> Header:
    """The header of `text`, what follows ``%%durable`` or ``# durable:``. Raises UsageError; `proposal` is the name an error suggests."""
    names, given = read_options(text)
    header = Header(name=_one_name(names, proposal), **given)
    if header.once and header.retries:
        raise UsageError(f"%%durable {header.name}: --once means at most one attempt, so --retries can't go with it; take one of them out")
    for pattern in set(header.creates) & set(header.depends):
        raise UsageError(f"%%durable {header.name}: {pattern} can't be both an input (--depends) and made by the step (--creates)")
    return header


def read_options(text: str) -> tuple[list[str], dict[str, Any]]:
    """The words of a header's text that are no options, and the options by the fields of `Header`. Raises UsageError."""
    try:
        words = shlex.split(text)
    except ValueError:
        raise UsageError(f"%%durable: a quote is not closed in {text.strip()!r}") from None
    given: dict[str, Any] = {}
    names: list[str] = []
    rest = iter(words)
    for word in rest:
        if word.startswith("-"):
            _take(word, rest, given)
        else:
            names.append(word)
    return names, given


def _take(word: str, rest: Iterator[str], given: dict[str, Any]) -> None:
    """Reads one option, its value from ``--flag=value`` or the next word, into `given`."""
    flag, equals, value = word.partition("=")
    option = _BY_FLAG.get(flag)
    if option is None:
        near = nearest(flag, _BY_FLAG)
        raise UsageError(f"%%durable has no option {flag}: " + (f"did you mean {near}?" if near else "%%durable? lists them"))
    if option.field in given and not option.repeatable:
        raise UsageError(f"%%durable: {flag} is given twice")
    if option.parse is None:
        if equals:
            raise UsageError(f"%%durable: {flag} takes no value")
        given[option.field] = True
        return
    if not equals:
        value = next(rest, "")
        if not value or value.startswith("--"):
            raise UsageError(f"%%durable: {flag} needs a value, {flag} {option.value}")
    try:
        parsed = option.parse(value)
    except UsageError as error:
        raise UsageError(f"%%durable {flag}: {error}") from None
    given[option.field] = (*given.get(option.field, ()), *parsed) if option.repeatable else parsed


def _one_name(names: list[str], proposal: str) -> str:
    if not names:
        raise UsageError(f"%%durable needs a name for the step, by which it is known from now on: %%durable {proposal}")
    if len(names) > 1:
        raise UsageError(f"%%durable: {names[1]!r} is one word too many; the step's name is {names[0]!r}, and a name has no blanks")
    if not _NAME.fullmatch(names[0]):
        raise UsageError(f"%%durable: {names[0]!r} can't be a step's name: {_NAME_RULE}")
    return names[0]


_MARK: Final = re.compile(r"[ \t]*(?:(?P<magic>%%durable)(?=\s|\Z)|(?P<comment>#[ \t]*durable:))(?P<text>[^\n]*)")
# A later header counts only outside strings, so strings are matched whole; lines of magics and shells are not Python and are passed over.
_ALMOST: Final = re.compile(r"[ \t]*#[ \t]*(?:durable[ \t]*(?:\n|\Z)|(?!durable:)(?i:durable)[ \t]*:)")
_LATER: Final = re.compile(
    r"""(?P<header>^[ \t]*%%durable(?=\s|\Z)|^\#[ \t]*durable:)
    |(?P<quotes>\"\"\"|''')(?:\\.|(?!(?P=quotes)).)*(?:(?P=quotes)|\Z)
    |"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?
    |^[ \t]*[!%][^\n]*|\#[^\n]*""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_PYTHON_MAGIC: Final = re.compile(r"\s*%%(?:time|timeit|capture|prun)\b[^\n]*\n")
_BOUND: Final = re.compile(r"^(?:([^\W\d]\w*)[ \t]*(?::[^=\n]+)?=(?!=)|(?:async[ \t]+)?(?:def|class)[ \t]+([^\W\d]\w*))", re.MULTILINE)


def find_header(raw_cell: str) -> FoundHeader | None:
    """The cell's header, or None for a plain cell. Raises UsageError for one that is not first, given twice, malformed, or with nothing below."""
    if "durable" not in raw_cell:
        return None
    above = len(raw_cell) - len(raw_cell.lstrip())
    start = raw_cell.rfind("\n", 0, above) + 1
    mark = _MARK.match(raw_cell, start)
    if mark is None:
        if _ALMOST.match(raw_cell, start):
            raise UsageError(
                "the first line looks like a durable header and is none: write # durable: NAME, or word the comment differently"
            )
        if _later_header(raw_cell[start:]):
            raise UsageError(
                "the header of a durable cell is its first line: move the line with %%durable (or # durable:) to the top, or take it out"
            )
        return None
    if is_off(mark["text"]):
        return None
    body = raw_cell[mark.end() + 1 :]
    bound = _BOUND.search(body)
    header = parse_header(mark["text"], proposal=(bound[1] or bound[2]) if bound else "load")
    if _later_header(body):
        raise UsageError(f"step {header.name!r}: the cell has two durable headers; split it in two cells, or take one out")
    if all(not line.strip() or line.lstrip().startswith("#") for line in body.splitlines()):
        raise UsageError(f"step {header.name!r} has nothing below its header: write the step's code in the same cell")
    spelling: Spelling = "magic" if mark["magic"] else "comment"
    return FoundHeader(header=header, spelling=spelling, text=mark["text"].strip(), line=raw_cell.count("\n", 0, start) + 1, body=body)


def is_off(text: str) -> bool:
    """Whether a header says ``off``: the cell is no step. Raises UsageError where options follow."""
    if text.split()[:1] != [PLAIN]:
        return False
    if len(text.split()) > 1:
        raise UsageError(f"# durable: {PLAIN} says that the cell is no step, so nothing can follow it; a step can't be called {PLAIN!r}")
    return True


def is_marked_plain(raw_cell: str) -> bool:
    """Whether the cell's header says ``off``. Raises UsageError."""
    mark = _MARK.match(raw_cell.lstrip()) if "durable" in raw_cell else None
    return mark is not None and is_off(mark["text"])


def _later_header(text: str) -> bool:
    """Whether a header line stands in `text` outside of strings, and where the text is Python."""
    while wrapper := _PYTHON_MAGIC.match(text):
        text = text[wrapper.end() :]
    if "durable" not in text:
        return False
    if text.lstrip().startswith("%%") and not _MARK.match(text.lstrip()):
        return False
    return any(found["header"] for found in _LATER.finditer(text))


assert {option.field for option in _OPTIONS} == {f.name for f in fields(Header)} - {"name"}, "the option table and Header differ"
