"""Tables on stdout, drawn by rich."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

STYLES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("finished", "succeeded", "reuse"), "green"),
    **dict.fromkeys(("running", "run", "restored"), "cyan"),
    **dict.fromkeys(("maybe", "ask", "asks", "interrupted", "interrupt", "to rerun", "paused", "suspended", "queued", "idle"), "yellow"),
    **dict.fromkeys(("failed", "exception", "timeout", "died", "crashed", "aborted", "refuse", "cancelled"), "red"),
}


_PIPED: Final = 200  # columns where nobody's window sets a limit


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: frozenset[str] = frozenset()) -> None:
    """A table of text; columns named in `numbers` are set to the right, words that `STYLES` knows are coloured."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold", no_wrap=column != "why")
    for row in rows:
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, _PIPED)
    console.print(table)
