"""A durable cell's badge, as HTML in the colours of the front end and as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Final

from durnb.engine.badge import Badge

_COLOURS: Final = {
    "running": "var(--jp-brand-color1, #1976d2)",
    "succeeded": "var(--jp-success-color1, #388e3c)",
    "reused": "var(--jp-success-color1, #388e3c)",
    "failed": "var(--jp-error-color1, #d32f2f)",
    "asking": "var(--jp-warn-color1, #f57c00)",
    "refused": "var(--jp-error-color1, #d32f2f)",
    "disabled": "var(--jp-ui-font-color2, #757575)",
}
_WORDS: Final = {"running": "running", "failed": "failed", "asking": "waits for an answer", "refused": "not run", "disabled": "not durable"}


def seconds_text(seconds: float) -> str:
    """A duration for people: ``3 ms``, ``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size_text(size: int) -> str:
    """A number of bytes for people, in decimal units: ``812 B``, ``1.5 kB``, ``3 GB``."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 999.5 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if amount >= 9.95 or amount == int(amount) else f"{amount:.1f} {unit}"


def time_text(at: datetime, now: datetime) -> str:
    """The local time of `at`, with the date where it is not today's; both are aware."""
    local = at.astimezone(now.tzinfo)
    return local.strftime("%H:%M") if local.date() == now.date() else local.strftime("%Y-%m-%d %H:%M")


def badge_parts(badge: Badge, now: datetime) -> Iterator[str]:
    """What the badge says after the step's name, part by part."""
    word = _WORDS.get(badge.state, "")
    if word and not badge.reason.startswith(word):
        yield word
    if badge.state == "reused":
        yield "from checkpoint"
    if badge.attempt > 1 and badge.state != "reused":
        yield f"attempt {badge.attempt}: {badge.reason}" if badge.reason else f"attempt {badge.attempt}"
    elif badge.reason:
        yield badge.reason
    yield from _times(badge, now)
    if badge.commands:
        yield ("again: " if badge.state == "reused" else "") + " or ".join(badge.commands)
    yield from badge.notes


def _times(badge: Badge, now: datetime) -> Iterator[str]:
    if badge.state == "reused" and badge.ran_at is not None:
        yield f"ran {time_text(badge.ran_at, now)}" + (f", {seconds_text(badge.ran)}" if badge.ran is not None else "")
    elif badge.ran is not None:
        yield f"ran {seconds_text(badge.ran)}"
    if badge.save is not None and badge.state != "reused":
        yield f"saved {seconds_text(badge.save)}" + (f", {size_text(badge.size)}" if badge.size is not None else "")


def badge_text(badge: Badge, now: datetime) -> str:
    """One line of plain text, such as ``load · from checkpoint · ran 14:02, 1.3 s · again: %durable rerun load``."""
    return " ".join(" · ".join((badge.step, *badge_parts(badge, now))).split())


def badge_html(badge: Badge, now: datetime) -> str:
    """The badge as one HTML element: inline styles, no script, everything escaped. `now` is aware, in the reader's time zone."""
    colour = _COLOURS[badge.state]
    style = (
        f"border-left:3px solid {colour};padding:1px 8px;margin:0;"
        "font-family:var(--jp-ui-font-family, system-ui, sans-serif);font-size:var(--jp-ui-font-size1, 13px);"
        "color:var(--jp-ui-font-color2, #616161);line-height:1.6;overflow-wrap:anywhere"
    )
    when = badge.ran_at.astimezone(now.tzinfo).strftime("ran %Y-%m-%d %H:%M:%S %Z") if badge.ran_at else ""
    name = f'<span style="color:{colour};font-weight:600">{escape(badge.step)}</span>'
    parts = " · ".join((name, *(_part(part, badge) for part in badge_parts(badge, now))))
    urgent = badge.state in ("failed", "asking", "refused")
    role = f'role="{"alert" if urgent else "status"}" aria-label="{escape("durable step " + badge_text(badge, now))}"'
    return f'<div class="durnb-badge durnb-{badge.state}" {role} title="{escape(when)}" style="{style}">{parts}</div>'


def _part(text: str, badge: Badge) -> str:
    shown = escape(text)
    for command in badge.commands:
        code = 'style="font-family:var(--jp-code-font-family, monospace)"'
        shown = shown.replace(escape(command), f"<code {code}>{escape(command)}</code>") if command in text else shown
    return shown
