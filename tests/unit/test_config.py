"""Settings as text: lengths of time, sizes, and the environment."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from durnb.config import Settings, duration, from_environment, length_text, parse_setting, size
from durnb.errors import UsageError


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90", 90),
        ("90s", 90),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        (" 20 ms ", 0.02),
        ("2d", 172800),
        ("1w", 604800),
        ("1.5h", 5400),
        ("1m1ms", 60.001),
        ("0", 0),
        (90, 90),
        (0.25, 0.25),
        (timedelta(minutes=2), 120),
    ],
)
def test_a_length_of_time_is_read(text: str | float, length: float) -> None:
    assert duration(text) == timedelta(seconds=length)


@pytest.mark.parametrize("text", ["", " ", "h", "10 parsecs", "1h30", "5 m5", "-5", "-5s", "1,5h", "1h-30m", "99999999999d", "9" * 400])
def test_what_is_no_length_of_time_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as error:
        duration(text)
    assert "\n" not in str(error.value)


@given(st.text(alphabet="0123456789.smhdw ", max_size=12))
@example("99999999999d")
def test_any_text_is_a_length_of_time_or_refused(text: str) -> None:
    with suppress(UsageError):
        assert duration(text) >= timedelta(0)


@given(st.integers(0, 99), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_parts_of_a_length_add_up(d: int, h: int, m: int, s: int, ms: int) -> None:
    whole = timedelta(days=d, hours=h, minutes=m, seconds=s, milliseconds=ms)
    assert duration(f"{d}d{h}h {m}m{s}s {ms}ms") == whole
    assert duration(length_text(whole)) == whole


def test_a_length_is_written_as_one_would_type_it() -> None:
    assert [length_text(timedelta(seconds=seconds)) for seconds in (3, 5400, 86400, 0.09, 0)] == ["3s", "1h30m", "1d", "90ms", "0s"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500000", 500_000),
        ("10 MB", 10_000_000),
        ("10MB", 10_000_000),
        ("2.5 GB", 2_500_000_000),
        ("64k", 64_000),
        ("1 tb", 10**12),
        ("7B", 7),
        (12, 12),
    ],
)
def test_a_size_is_read_in_decimal_units(text: str | int, number: int) -> None:
    assert size(text) == number


@pytest.mark.parametrize("text", ["", "MB", "-1", "10 MiB", "1,000", "ten", "9" * 400])
def test_what_is_no_size_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as error:
        size(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "parsed"),
    [
        ("ask_over", "30m", timedelta(minutes=30)),
        ("max_output", "2 MB", 2_000_000),
        ("max_crashes", "5", 5),
        ("badge", "off", False),
        ("badge", True, True),
        ("disable", "1", True),
        ("disable", "", False),
        ("on_change", "ask", "ask"),
        ("store", "/data", "/data"),
        ("max_store", "20 GB", 20_000_000_000),
        ("max_store", 0, 0),
        ("keep_runs", "3", 3),
    ],
)
def test_a_setting_is_read_as_its_own_type(name: str, value: Any, parsed: Any) -> None:
    assert parse_setting(name, value) == parsed


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda f: f.name)
def test_a_default_is_a_value_of_its_own_setting(setting: Any) -> None:
    assert parse_setting(setting.name, setting.default) == setting.default


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("badge", "perhaps"),
        ("ask_over", "soon"),
        ("ask_over", None),
        ("max_output", "much"),
        ("max_output", [1]),
        ("on_change", "never"),
        ("colour", "red"),
        ("keep_runs", 0),
        ("keep_checkpoints", "0"),
        ("max_store", -1),
    ],
)
def test_a_value_that_cannot_be_read_is_a_usage_error(name: str, value: Any) -> None:
    with pytest.raises(UsageError):
        parse_setting(name, value)


def test_a_size_written_as_a_float_is_read_or_refused() -> None:
    with suppress(UsageError):
        assert parse_setting("max_output", 1e7) == 10_000_000


def test_an_unknown_setting_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="ask_over"):
        parse_setting("ask_ove", "1m")


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda f: f.name)
def test_every_setting_has_a_variable_and_a_doc(setting: Any) -> None:
    texts = {bool: "on", timedelta: "3s", int: "3", str: "ask"}
    kind = type(setting.default)
    settings = from_environment({f"DURNB_{setting.name.upper()}": texts[kind]})
    assert getattr(settings, setting.name) == parse_setting(setting.name, texts[kind])
    assert setting.metadata["doc"]


def test_without_variables_all_settings_are_at_their_defaults() -> None:
    assert from_environment({"PATH": "/bin", "DURNB_NOTEBOOK": "a.ipynb"}) == Settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DURNB_ASK_OVER", "soon"),
        ("DURNB_ASK_OVER", "99999999999d"),
        ("DURNB_MAX_OUTPUT", "much"),
        ("DURNB_BADGE", "perhaps"),
        ("DURNB_ON_CHANGE", "never"),
        ("DURNB_MAX_CRASHES", "x"),
    ],
)
def test_an_error_names_the_variable_and_the_value(variable: str, value: str) -> None:
    with pytest.raises(UsageError, match=variable) as error:
        from_environment({variable: value})
    assert value in str(error.value)


def test_the_defaults_are_those_of_the_design() -> None:
    defaults = Settings()
    assert (defaults.ask_over, defaults.resume_within, defaults.open_wait) == (
        timedelta(minutes=10),
        timedelta(hours=12),
        timedelta(seconds=10),
    )
    assert (defaults.keep_checkpoints, defaults.keep_runs, defaults.max_store) == (2, 10, 0)
    assert (defaults.max_crashes, defaults.max_prestate, defaults.on_change) == (3, 64_000_000, "rerun")
