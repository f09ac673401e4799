"""Times as people say them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from durnb.cli.words import time_in_words


def test_a_moment_is_told_in_the_zone_that_is_asked_for() -> None:
    at = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
    assert time_in_words(at, ZoneInfo("Europe/Berlin")) == "2026-11-20 06:00:00"
    assert time_in_words(None) == "-"
