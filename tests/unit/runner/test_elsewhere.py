"""That another open run holds finished steps is told where a new run begins beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from durnb.engine import overview
from durnb.events import RunFinished
from durnb.journal import Store
from durnb.runner.elsewhere import left_elsewhere
from durnb.runner.request import RunRequest
from unit.journal.journal_samples import CLOCK, opened, run_step


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Its run interactive.1 is open, and has finished one step."""
    store = Store.of(tmp_path / "etl.ipynb")
    with opened(store) as journal:
        run_step(journal, "load", [b"x"])
        journal.write_status(overview.as_json(journal.history))
    return store


def _told(store: Store, **asked: Any) -> str:
    return left_elsewhere(store, RunRequest(**{"notebook": store.notebook, "output": Path("o"), "key": "default", **asked}), CLOCK)


def test_the_steps_of_an_open_run_of_another_key_are_told_of_with_the_command_that_goes_on_with_it(store: Store) -> None:
    goes_on = "durnb run etl.ipynb --key interactive --resume"
    assert _told(store) == f"run interactive.1 is open and holds 1 finished step; this is another run: {goes_on} goes on with that one"
    with opened(store, create=False) as journal:
        journal.write_status(overview.as_json(journal.history))
        assert ", once the kernel that has it (process " in _told(store)


@pytest.mark.parametrize(
    "asked", [{"mode": "new"}, {"mode": "resume"}, {"key": "interactive"}, {"key": "day=1", "parameters": {"day": 1}}], ids=str
)
def test_nothing_is_told_where_the_other_run_is_not_what_could_be_meant(store: Store, asked: dict[str, Any]) -> None:
    assert _told(store, **asked) == ""


def test_nothing_is_told_of_a_run_that_is_over(store: Store) -> None:
    with opened(store, create=False) as journal:
        journal.append(RunFinished())
    assert _told(store) == ""
