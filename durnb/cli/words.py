"""Times as people say them on the command line."""

from __future__ import annotations

from datetime import datetime, tzinfo


def time_in_words(at: datetime | None, zone: tzinfo | None = None) -> str:
    """A moment in local time, or in that of `zone`, to the second; a dash for None."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") if at else "-"
