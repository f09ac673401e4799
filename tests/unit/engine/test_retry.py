"""Which failures are tried again, and when."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durnb.engine.header import Header, parse_header
from durnb.engine.retry import RetryPolicy, classify
from durnb.errors import RetryAfter, StepTimedOut, TerminalError

TIMEOUT = StepTimedOut(step="load", seconds=5)


def policy(options: str = "--retries 3") -> RetryPolicy:
    return RetryPolicy.of(parse_header(f"load {options}"))


@pytest.mark.parametrize(
    ("error", "how"),
    [
        (ValueError(), "exception"),
        (TIMEOUT, "timeout"),
        (TimeoutError(), "exception"),
        (KeyboardInterrupt(), "interrupt"),
        (asyncio.CancelledError(), "interrupt"),
        (SystemExit(), "exception"),
    ],
)
def test_an_attempt_ends_by_an_exception_a_timeout_or_an_interrupt(error: BaseException, how: str) -> None:
    assert classify(error) == how


def test_three_retries_are_four_attempts() -> None:
    waits = [policy().wait(ValueError(), failures) for failures in range(1, 6)]
    assert [wait is not None for wait in waits] == [True, True, True, False, False]


def test_without_retries_nothing_is_retried() -> None:
    assert RetryPolicy.of(Header(name="load")).wait(ValueError(), 1) is None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError(), SystemExit(), GeneratorExit()])
def test_an_interrupt_is_never_retried(error: BaseException) -> None:
    assert policy().wait(error, 1) is None


def test_a_timeout_may_be_retried() -> None:
    assert policy().wait(TIMEOUT, 1) is not None


def test_a_terminal_error_is_never_retried() -> None:
    class CardRefused(TerminalError):
        pass

    assert policy().wait(TerminalError("no"), 1) is None
    assert policy().wait(CardRefused("no"), 1) is None


@pytest.mark.parametrize(
    ("named", "retried"),
    [
        ("ValueError", False),
        ("builtins.ValueError", False),
        ("KeyError,ValueError", False),
        ("json.decoder.JSONDecodeError", False),
        ("JSONDecodeError", False),
        ("Exception", False),
        ("KeyError", True),
        ("decoder.JSONDecodeError", True),
        ("Value", True),
    ],
)
def test_no_retry_names_classes_and_means_their_subclasses_too(named: str, retried: bool) -> None:
    error = json.JSONDecodeError("no", "", 0)  # a ValueError
    assert (policy(f"--retries 3 --no-retry {named}").wait(error, 1) is not None) == retried


def test_no_retry_knows_a_class_by_the_name_under_which_people_import_it() -> None:
    # the option's own error message proposes requests.HTTPError, a class that lives in requests.exceptions
    assert policy("--retries 3 --no-retry json.JSONDecodeError").wait(json.JSONDecodeError("no", "", 0), 1) is None


@given(st.integers(1, 60))
def test_a_wait_grows_by_the_factor_and_is_never_longer_than_the_longest(failures: int) -> None:
    wait = policy("--retries 100 --delay 2s --backoff 3 --max-delay 50s").wait(ValueError(), failures)
    assert wait is not None
    assert min(2.0 * 3 ** (failures - 1), 50) <= wait <= min(2.0 * 3 ** (failures - 1) + 1, 50)


def test_a_thousandth_wait_does_not_overflow() -> None:
    assert policy("--retries 9999 --backoff 1000").wait(ValueError(), 9999) == 100


def test_a_delay_of_nothing_waits_for_nothing() -> None:
    assert policy("--retries 3 --delay 0").wait(ValueError(), 2) == 0


def test_the_jitter_of_a_short_delay_is_short() -> None:
    waits = [policy("--retries 3 --delay 10ms --backoff 1").wait(ValueError(), 1) or 0 for _ in range(50)]
    assert all(0.01 <= wait <= 0.02 for wait in waits)
    assert len(set(waits)) > 1


def test_retry_after_is_not_tried_before_its_delay() -> None:
    assert policy().wait(RetryAfter(500), 1) == 500
    assert policy().wait(RetryAfter(timedelta(minutes=5)), 3) == 300


def test_retry_after_does_not_shorten_the_wait() -> None:
    wait = policy("--retries 3 --delay 60s").wait(RetryAfter(1), 1)
    assert wait is not None
    assert wait >= 60


def test_retry_after_counts_against_the_retries() -> None:
    assert policy().wait(RetryAfter(1), 4) is None
    assert RetryPolicy.of(Header(name="load")).wait(RetryAfter(1), 1) is None
