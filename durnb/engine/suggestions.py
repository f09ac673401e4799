"""What somebody may have meant who mistyped a word."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Final

_SYNONYMS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("why", "explain", "inspect", "info", "describe", "details"), "show"),
    **dict.fromkeys(("list", "steps", "state"), "status"),
    **dict.fromkeys(("redo", "again", "force"), "rerun"),
    **dict.fromkeys(("retry", "answer"), "resolve"),
    "runs": "history",
}
"""Words that people try for a command, and what it is called."""
_LEAST: Final = 0.5  # of likeness


def nearest(typed: str, known: Iterable[str]) -> str | None:
    """The known word that is like the one typed, above all one that begins like it, or means the same; None where none is like it."""
    words = list(known)
    begun = next((word for word in words if typed and word.startswith(typed)), None)
    if begun is not None:
        return begun
    if (meant := _SYNONYMS.get(typed)) in words:
        return meant
    ratios = {word: difflib.SequenceMatcher(None, typed, word).ratio() for word in words}
    like = [word for word in words if ratios[word] >= _LEAST]
    return max(like, key=lambda word: ratios[word] + _begins_alike(typed, word), default=None)


def _begins_alike(typed: str, word: str) -> float:
    """How much of the longer one both begin with."""
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(typed, word, strict=False)))
    return alike / max(len(typed), len(word))
