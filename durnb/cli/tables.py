"""Tables on stdout, drawn by rich."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

STYLES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("finished", "succeeded", "reuse"), "green"),
    **dict.fromkeys(("running", "run", "restored"), "cyan"),
    "run or reuse": "yellow",
    **dict.fromkeys(("ask", "asks", "interrupted", "interrupt", "to rerun", "paused", "suspended", "queued", "idle"), "yellow"),
    **dict.fromkeys(("failed", "exception", "timeout", "died", "crashed", "aborted", "refuse", "cancelled"), "red"),
}


_PIPED: Final = 200  # columns where nobody's window sets a limit


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: frozenset[str] = frozenset()) -> None:
    """A table of text; columns named in `numbers` are set to the right, words that `STYLES` knows are coloured."""
    from rich import box, console, table, text  # noqa: PLC0415  # a tenth of a second, which those who ask for JSON do without

    drawn = table.Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, justify="right" if column in numbers else "left", overflow="fold", no_wrap=column != "why")
    for row in rows:
        drawn.add_row(*(text.Text(cell, style=STYLES.get(cell, "")) for cell in row))
    screen = console.Console(highlight=False)
    if not screen.is_terminal:
        screen.width = max(screen.width, _PIPED)
    screen.print(drawn)
