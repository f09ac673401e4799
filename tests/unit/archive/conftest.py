from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import durnb
from durnb.archive import NotebookHistory
from durnb.engine import overview
from durnb.journal import RunName, Store, check
from unit.archive.archive_samples import tell_etl
from unit.journal.journal_samples import opened


@pytest.fixture(scope="session")
def told_once(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The store of a notebook with two runs; the second one's kernel died in the step `dead`."""
    store = Store.of(tmp_path_factory.mktemp("told") / "etl.ipynb")
    opened(store).close()
    journal = opened(store, RunName("interactive", 2))
    tell_etl(journal)
    journal.write_status(overview.as_json(journal.history))
    journal.close(None)
    assert check(store) == []
    return store


@pytest.fixture
def told(told_once: Store) -> Iterator[NotebookHistory]:
    """Its history, as a process outside of Jupyter sees it. Afterwards the files are what they were."""
    files = _files(told_once.folder)
    yield durnb.history(told_once.notebook)
    assert _files(told_once.folder) == files
    assert [told_once.owner(run) for run in told_once.runs()] == [None, None]


def _files(folder: Path) -> dict[str, Any]:
    found = (file for file in folder.rglob("*") if file.is_file() and file.suffix != ".lock")  # it says who looked last
    return {str(file): (file.read_bytes(), file.stat().st_mode) for file in found}
