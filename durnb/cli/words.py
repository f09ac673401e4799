"""Times and sizes as people say them."""

from __future__ import annotations

from datetime import datetime


def seconds_in_words(seconds: float | None) -> str:
    """``0.4 s``, ``12 s``, ``3 min 5 s``, ``2 h 13 min``; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def bytes_in_words(size: int | None) -> str:
    """``812 B``, ``3.1 MB`` (decimal units); a dash for None."""
    if size is None:
        return "–"
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5 or unit == "GB":
            break
    return f"{value:.1f} {unit}"


def time_in_words(at: datetime | None) -> str:
    """A moment in local time, to the second; a dash for None."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else "–"
