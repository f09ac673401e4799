"""HTML made of parts, in which text is escaped unless it is HTML already: what a name or a value holds can't become an element."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from functools import cache
from typing import Final

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_VOID: Final = frozenset({"input", "path", "rect", "line", "circle", "polygon", "polyline"})


class Markup(str):
    """HTML that is safe to show as it stands; only this module and constants make it."""

    __slots__ = ()


Child = str | None | Iterable["Child"]


def text(value: str) -> Markup:
    """`value` as HTML that shows it. Control characters, which HTML does not allow, are shown as a box."""
    return Markup(html.escape(value if value.isprintable() else _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", value)))


def join(*children: Child) -> Markup:
    """The children one after the other."""
    return Markup("".join(_pieces(children)))


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """An element. ``class_`` is written ``class`` and ``data_x`` ``data-x``; an attribute that is None or False is left out."""
    given = "".join([_attribute(key, value) for key, value in attributes.items() if value is not None and value is not False])
    if name in _VOID:
        return Markup(f"<{name}{given}/>" if name != "input" else f"<{name}{given}>")
    return Markup(f"<{name}{given}>{join(children)}</{name}>")


def grid(rows: Iterable[Iterable[Child]]) -> Markup | None:
    """Small rows of a few cells each: a table, which stays readable where all style is taken away. None for no rows."""
    lines = [tag("tr", [tag("td", cell) for cell in row]) for row in rows]
    return tag("table", tag("tbody", lines), class_="durnb-small", role="presentation") if lines else None


def _attribute(key: str, value: str | float | bool) -> str:
    return f" {_named(key)}" if value is True else f' {_named(key)}="{text(str(value))}"'


@cache
def _named(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _pieces(children: Iterable[Child]) -> list[str]:
    pieces: list[str] = []
    for child in children:
        if isinstance(child, Markup):
            pieces.append(child)
        elif isinstance(child, str):
            pieces.append(text(child))
        elif child is not None:
            pieces += _pieces(child)
    return pieces
