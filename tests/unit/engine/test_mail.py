"""What others send to a step that waits: a wake ends its sleep, or is refused with the reason."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import durnb
from durnb.clock import SystemClock
from durnb.engine.sending import send_wake
from durnb.errors import UsageError
from durnb.journal import RunName, Store
from durnb.testing import step

RUN = RunName("interactive", 1)


@pytest.mark.parametrize("name", ["nap", ""], ids=["by its name", "the only one"])
def test_a_wake_in_the_inbox_ends_a_sleep_that_goes_on(tmp_path: Path, name: str) -> None:
    store = Store.of(tmp_path / "test.ipynb")
    with step(tmp_path, "nap"):
        request = store.request(RUN, "wake", step=name)
        durnb.sleep("2d")
    assert store.answer(RUN, request) == ""


def test_a_wake_that_wakes_nothing_is_refused_and_says_who_sleeps(tmp_path: Path) -> None:
    store = Store.of(tmp_path / "test.ipynb")
    with step(tmp_path, "nap"):
        wrong = store.request(RUN, "wake", step="load")
        right = store.request(RUN, "wake", step="nap")
        durnb.sleep("2d")
    assert store.answer(RUN, wrong) == "step 'load' is in no sleep; nap sleeps"
    assert store.answer(RUN, right) == ""
    with pytest.raises(UsageError, match="no step is in a sleep"):
        send_wake(store, RUN, "", clock=SystemClock(), patience=timedelta(0))
