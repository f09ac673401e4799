"""What others send to a step that waits: a wake ends its sleep, or is refused with the reason."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import durnb
from durnb.clock import SystemClock
from durnb.engine.mail import Sender, json_of
from durnb.engine.sending import said, send_signal, send_wake
from durnb.errors import SignalRefused, UsageError
from durnb.events import RunFinished, WaitStarted
from durnb.journal import Journal, RunName, Store
from durnb.testing import step
from unit.journal.journal_samples import opened, started

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


def test_a_signal_that_nothing_waits_for_is_kept_and_what_is_waited_for_is_told(tmp_path: Path) -> None:
    store = Store.of(tmp_path / "test.ipynb")
    with opened(store) as journal:
        journal.append(started("pay"), WaitStarted(step="pay", execution=1, call="c1", what="signal", name="approve"))
    told = [
        said(send_signal(store, RUN, name, "true", sender=Sender(), clock=SystemClock()), RUN, name).partition("; ")[2]
        for name in ("aprove", "other", "approve")
    ]
    waits = "nothing waits for it now, what is waited for is approve"
    assert told == [f"{waits}: did you mean approve?", waits, "run the cell that waits again, and it goes on"]
    with opened(store) as journal:
        assert {signal.name for signal in journal.history.signals.values()} == {"aprove", "other", "approve"}


@pytest.mark.parametrize(
    ("key", "parameters", "command"),
    [
        ("default", {}, "durnb run test.ipynb"),
        ("nightly", {}, "durnb run test.ipynb --key nightly"),
        ("day=1", {"day": 1}, "durnb run test.ipynb with its parameters"),
    ],
)
def test_a_signal_that_a_run_without_a_kernel_waits_for_says_who_goes_on(
    tmp_path: Path, key: str, parameters: dict[str, int], command: str
) -> None:
    store, run = Store.of(tmp_path / "test.ipynb"), RunName(key, 1)
    journal = Journal.open(store, run, create=True, clock=SystemClock(), wait=timedelta(0), parameters=parameters)
    journal.append(started("pay"), WaitStarted(step="pay", execution=1, call="c1", what="signal", name="approve"))
    journal.close(None)
    delivery = send_signal(store, run, "approve", "true", sender=Sender(), clock=SystemClock())
    assert said(delivery, run, "approve") == (
        f"run {run}: it has the signal approve, for which it waits; durnb worker, or {command}, goes on with it"
    )


def test_a_signal_to_a_run_that_is_over_is_refused_with_what_begins_the_next(tmp_path: Path) -> None:
    store = Store.of(tmp_path / "test.ipynb")
    with opened(store) as journal:
        journal.append(RunFinished())
    with pytest.raises(
        SignalRefused, match=r"run interactive\.1 is finished: %durable new in the notebook begins a new one, in which every"
    ):
        send_signal(store, RUN, "approve", "true", sender=Sender(), clock=SystemClock())


@pytest.mark.parametrize(
    ("typed", "json"),
    [
        ("true", "true"),
        ("True", "true"),
        ("None", "null"),
        ("5", "5"),
        ('{"a": 1}', '{"a": 1}'),
        ("sent manually", '"sent manually"'),
        ("", '""'),
    ],
)
def test_what_is_typed_is_json_or_else_a_text(typed: str, json: str) -> None:
    assert json_of(typed) == json


@pytest.mark.parametrize("typed", ["{a: 1}", "[1,", '"open'])
def test_what_begins_like_json_and_is_none_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="is not JSON"):
        json_of(typed)
