"""A table as text for consoles and as HTML for notebooks, everything escaped, and how times and sizes stand in it."""

from __future__ import annotations

import html
from datetime import datetime

from durnb.engine.overview import bytes_text, seconds_text
from durnb.records import dataclass

__all__ = ["Shown", "Table", "bytes_text", "one_line", "seconds_text", "when"]


@dataclass(frozen=True, slots=True)
class Table:
    """A title, column heads (none where there is nothing but the title) and rows of text; displays itself as either."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    foot: str = ""

    def __repr__(self) -> str:
        grid = [self.heads, *self.rows] if self.heads else []
        widths = [max(len(row[i]) for row in grid) for i in range(len(self.heads))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in grid]
        return "\n".join([self.title, *lines, *([self.foot] if self.foot else [])])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="text-align:left">{html.escape(h)}</th>' for h in self.heads)
        body = "".join("<tr>" + "".join(f'<td style="text-align:left">{html.escape(c)}</td>' for c in row) + "</tr>" for row in self.rows)
        foot = f"<div>{html.escape(self.foot)}</div>" if self.foot else ""
        return f"<table><caption>{html.escape(self.title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}"


def when(at: datetime | None) -> str:
    """Local time; with the date where it is not today's."""
    if at is None:
        return "-"
    local = at.astimezone()
    return local.strftime("%H:%M:%S" if local.date() == datetime.now().astimezone().date() else "%Y-%m-%d %H:%M")


class Shown:
    """What shows itself as a table."""

    __slots__ = ()

    def table(self) -> Table:
        """The table that is shown."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return repr(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def one_line(text: str) -> str:
    """The first line of `text`, not longer than a table bears."""
    first, _, rest = text.strip().partition("\n")
    return first if len(first) <= 100 and not rest else f"{first[:100]} …"
