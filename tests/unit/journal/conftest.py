"""The journal under test, and the check of its whole store after every test that used it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from durnb.journal import Journal, Store, check, read_history
from unit.journal.journal_samples import CLOCK, opened


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """The store, not made yet, of a notebook in a folder of its own."""
    return Store.of(tmp_path / "etl.ipynb")


@pytest.fixture
def journal(store: Store) -> Iterator[Journal]:
    """An attached run. Afterwards: every digest readable, every signature good, views and fold at one, the file equal to memory."""
    journal = opened(store)
    yield journal
    journal.close()
    assert check(store) == []
    assert read_history(store, journal.run, CLOCK) == journal.history
