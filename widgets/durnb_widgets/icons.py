"""Shapes for how a step stands: each can be told from the others without its colour, and stands beside its word."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from durnb_widgets.markup import Markup, tag

_OK: Final = "var(--jp-success-color1,#388e3c)"
_BAD: Final = "var(--jp-error-color1,#d32f2f)"
_WARN: Final = "var(--jp-warn-color1,#f57c00)"
_BUSY: Final = "var(--jp-brand-color1,#1976d2)"
_QUIET: Final = "var(--jp-ui-font-color2,#757575)"

COLOURS: Final[Mapping[str, str]] = {
    "finished": _OK,
    "stale": _WARN,
    "running": _BUSY,
    "waiting": _BUSY,
    "failed": _BAD,
    "interrupted": _WARN,
    "died": _BAD,
    "asks": _WARN,
    "aborted": _BAD,
    "to rerun": _BUSY,
    "not reached": _QUIET,
    "reused": _OK,
    "off": _QUIET,
}

_STROKE: Final[Mapping[str, str]] = {
    "finished": "M3 8.5l3.2 3.2L13 4.6",  # a tick
    "stale": "M12.8 8a4.8 4.8 0 1 1-1.5-3.5M11.6 1.8v3h-3",  # an arrow around
    "running": "M8 1.8a6.2 6.2 0 1 1-6.2 6.2",  # three quarters of a ring
    "waiting": "M4 2h8M4 14h8M5 2c0 4 6 4.5 6 6s-6 2-6 6M11 2c0 4-6 4.5-6 6s6 2 6 6",  # an hourglass
    "failed": "M4 4l8 8M12 4l-8 8",  # a cross
    "interrupted": "M5.5 3.5v9M10.5 3.5v9",  # two bars
    "died": "M9 1.5L4.5 8.6h3.2L6.8 14.5l5-7.6H8.4z",  # a bolt
    "asks": "M5.4 5.6a2.7 2.7 0 1 1 3.6 2.6c-.7.3-1 .8-1 1.7M8 12.6v.4",  # a question mark
    "aborted": "M8 2a6 6 0 1 0 .01 0M3.8 3.8l8.4 8.4",  # a barred ring
    "to rerun": "M3.2 8a4.8 4.8 0 1 0 1.5-3.5M4.4 1.8v3h3",  # an arrow back
    "not reached": "M8 3.2a4.8 4.8 0 1 0 .01 0",  # a ring
    "reused": "M8 2.2v7M5 6.4l3 3 3-3M3 12.6h10",  # an arrow out of a tray
    "off": "M3.5 8h9",  # a dash
}


@cache
def icon(standing: str, *, moving: bool = True) -> Markup:
    """The shape of a standing, which a screen reader passes over: its word says the same. What is `moving` turns, where the style sheet is there."""
    shape = tag(
        "path", d=_STROKE[standing], fill="none", stroke="currentColor", stroke_width="2", stroke_linecap="round", stroke_linejoin="round"
    )
    css = "durnb-icon durnb-turns" if standing == "running" and moving else "durnb-icon"
    style = f"flex:none;width:12px;max-width:none;height:12px;vertical-align:-1px;margin-right:4px;color:{COLOURS[standing]}"
    return tag("svg", shape, class_=css, viewBox="0 0 16 16", aria_hidden="true", focusable="false", style=style)
