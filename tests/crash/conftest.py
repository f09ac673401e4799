"""Fork servers for the crash trials: two of each kind, so that the crashed and the resumed kernel have different hash seeds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crash.equivalence import IN_KERNEL
from kernel.driver import DURNB, Nursery

LIGHT = (*DURNB, str(IN_KERNEL))
SCIENCE = ("numpy", "pandas", "matplotlib.pyplot", "sklearn.ensemble", "sklearn.inspection", "sklearn.cluster", "sklearn.neighbors", *LIGHT)
HEAVY = ("numpy", "pandas", "matplotlib.figure", *LIGHT)


def _pair(modules: tuple[str, ...]) -> Iterator[tuple[Nursery, Nursery]]:
    pair = Nursery(*modules), Nursery(*modules)
    yield pair
    for nursery in pair:
        nursery.close()


@pytest.fixture(scope="session")
def light() -> Iterator[tuple[Nursery, Nursery]]:
    yield from _pair(LIGHT)


@pytest.fixture(scope="session")
def heavy() -> Iterator[tuple[Nursery, Nursery]]:
    yield from _pair(HEAVY)


@pytest.fixture(scope="session")
def science() -> Iterator[tuple[Nursery, Nursery]]:
    yield from _pair(SCIENCE)
