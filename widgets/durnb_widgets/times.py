"""Moments as a page shows them."""

from __future__ import annotations

from datetime import datetime

from durnb_widgets.markup import Markup, tag


def moment(at: datetime | None, now: datetime) -> Markup:
    """The local time of `at`, with the date where it is not today's, and all of it in the title; a page that is live says it in the reader's own zone."""
    if at is None:
        return Markup("")
    local = at.astimezone(now.tzinfo)
    short = f"{local:%H:%M:%S}" if local.date() == now.date() else f"{local:%Y-%m-%d %H:%M}"
    return tag("time", short, datetime=at.isoformat(timespec="seconds"), title=f"{local:%A, %d %B %Y, %H:%M:%S %Z}".strip())
