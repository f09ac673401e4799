"""A durable cell's badge, as HTML in the colours of the front end and as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from durnb.engine.badge import Badge
from durnb_widgets.icons import COLOURS, icon
from durnb_widgets.markup import Markup, tag, text

_SHAPES: Final = {
    "running": "running",
    "saving": "running",
    "succeeded": "finished",
    "reused": "reused",
    "failed": "failed",
    "asking": "asks",
    "refused": "aborted",
    "waiting": "waiting",
    "disabled": "off",
}
_WORDS: Final = {
    "running": "running",
    "saving": "saving",
    "failed": "failed",
    "asking": "waits for an answer",
    "refused": "not run",
    "waiting": "waits without a kernel",
    "disabled": "not durable",
}
_DOT: Final = Markup(" · ")
_URGENT: Final = ("failed", "asking", "refused")


def lasts(badge: Badge) -> bool:
    """Whether it says something that changes as time goes on."""
    return badge.state in ("running", "saving")


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
        elapsed = _whole_seconds(badge.since, now) if badge.until is None else ""
        yield f"{word} {elapsed}".strip()
    if badge.state == "reused":
        yield "from checkpoint"
    if badge.attempt > 1 and badge.state != "reused":
        yield f"attempt {badge.attempt}: {badge.reason}" if badge.reason else f"attempt {badge.attempt}"
    elif badge.reason:
        yield badge.reason
    if badge.until is not None:
        left = _whole_seconds(now, badge.until)
        yield f"the next in {left}" if left else "the next begins"
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


def _whole_seconds(since: datetime | None, until: datetime) -> str:
    """The time between; nothing where that is under a second."""
    seconds = int((until - since).total_seconds()) if since is not None else 0
    return seconds_text(seconds) if seconds >= 1 else ""


def badge_text(badge: Badge, now: datetime) -> str:
    """One line of plain text, such as ``load · from checkpoint · ran 14:02, 1.3 s · again: %durable rerun load``."""
    return " ".join(" · ".join((badge.step, *badge_parts(badge, now))).split())


def badge_html(badge: Badge, now: datetime) -> str:
    """The badge as one HTML element: inline styles, no script, everything escaped. `now` is aware, in the reader's time zone."""
    shape = _SHAPES[badge.state]
    style = (
        f"border-left:3px solid {COLOURS[shape]};padding:1px 8px;margin:0;"
        "font-family:var(--jp-ui-font-family, system-ui, sans-serif);font-size:var(--jp-ui-font-size1, 13px);"
        "color:var(--jp-ui-font-color2, #616161);line-height:1.6;overflow-wrap:anywhere"
    )
    name = tag(
        "span",
        badge.step,
        style="color:var(--jp-ui-font-color1, #212121);font-weight:600;font-family:var(--jp-code-font-family, monospace)",
    )
    parts = [piece for part in badge_parts(badge, now) for piece in (_DOT, _part(part, badge))]
    said = f"durable step {badge_text(badge, now)}"
    return tag(
        "div",
        icon(shape, moving=False),
        name,
        parts,
        class_=f"durnb-badge durnb-{badge.state}",
        role=_role(badge, now),
        aria_label=said,
        title=_full_times(badge, now) or None,
        style=style,
    )


def _role(badge: Badge, now: datetime) -> str:
    """A screen reader says a change at once, but not every second that passes."""
    if badge.state in _URGENT:
        return "alert"
    return "timer" if lasts(badge) and _whole_seconds(badge.since, now) else "status"


def _full_times(badge: Badge, now: datetime) -> str:
    told = (("ran", badge.ran_at), ("since", badge.since), ("next attempt", badge.until))
    return ", ".join(f"{word} {at.astimezone(now.tzinfo):%Y-%m-%d %H:%M:%S %Z}".strip() for word, at in told if at is not None)


def _part(words: str, badge: Badge) -> Markup:
    """The words, with the commands among them as code."""
    shown = text(words)
    for command in badge.commands:
        code = tag("code", command, style="font-family:var(--jp-code-font-family, monospace)")
        shown = Markup(shown.replace(text(command), code)) if command in words else shown
    return shown
