"""How a step stands, in one word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

Standing = Literal[
    "finished", "stale", "running", "waiting", "failed", "interrupted", "died", "asks", "aborted", "to rerun", "not reached"
]  # those of `StepRow.status`, and two that only the notebook's file tells

STANDINGS: Final[tuple[Standing, ...]] = get_args(Standing)
QUIET: Final[tuple[Standing, ...]] = ("finished", "not reached")
"""Of those that stand so, there may be many, and each says little."""

_BY_NAME: Final[Mapping[str, Standing]] = {known: known for known in STANDINGS}


def standing_of(status: str) -> Standing:
    """The standing that a row's status names. Raises KeyError for none."""
    return _BY_NAME[status]
