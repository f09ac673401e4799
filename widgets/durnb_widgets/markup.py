"""HTML made of parts, in which text is escaped unless it is HTML already: what a name or a value holds can't become an element."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Final

_VOID: Final = frozenset({"input", "path", "rect", "line", "circle", "polygon", "polyline"})


class Markup(str):
    """HTML that is safe to show as it stands; only this module and constants make it."""

    __slots__ = ()


Child = str | None | Iterable["Child"]


def text(value: str) -> Markup:
    """`value` as HTML that shows it. Control characters, which HTML does not allow, are shown as a box."""
    return Markup(
        "".join(c if c in "\n\t" or (c >= " " and not "\x7f" <= c <= "\x9f") else "\N{REPLACEMENT CHARACTER}" for c in html.escape(value))
    )


def join(*children: Child) -> Markup:
    """The children one after the other."""
    return Markup("".join(_pieces(children)))


def tag(name: str, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """An element. ``class_`` is written ``class`` and ``data_x`` ``data-x``; an attribute that is None or False is left out."""
    given = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None and value is not False)
    if name in _VOID:
        return Markup(f"<{name}{given}/>" if name != "input" else f"<{name}{given}>")
    return Markup(f"<{name}{given}>{join(children)}</{name}>")


def _attribute(key: str, value: str | float | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text(str(value))}"'


def _pieces(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        match child:
            case None:
                continue
            case Markup():
                yield child
            case str():
                yield text(child)
            case _:
                yield from _pieces(child)
