"""Times and sizes as people say them."""

from __future__ import annotations

import pytest

from durnb.cli.words import bytes_in_words, seconds_in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (0.04, "0.0 s"), (9.96, "10 s"), (59.4, "59 s"), (60, "1 min 0 s"), (185, "3 min 5 s"), (7980, "2 h 13 min")],
)
def test_seconds_are_said_in_the_largest_units(seconds: float | None, words: str) -> None:
    assert seconds_in_words(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"), [(None, "–"), (0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (3_100_000, "3.1 MB"), (2 * 10**13, "20000.0 GB")]
)
def test_bytes_are_said_in_decimal_units(size: int | None, words: str) -> None:
    assert bytes_in_words(size) == words
