"""What is proposed to somebody who mistyped a word."""

from __future__ import annotations

import pytest

from durnb.cli import COMMANDS
from durnb.engine.header import OPTION_FLAGS
from durnb.engine.suggestions import nearest


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--retry", "--retries"),
        ("--no-retries", "--no-retry"),
        ("--expire", "--expires"),
        ("--depend", "--depends"),
        ("--max", "--max-delay"),
        ("--qqqqqq", None),
    ],
)
def test_an_option_that_begins_like_the_one_typed_goes_before_one_that_only_holds_it(typed: str, meant: str | None) -> None:
    assert nearest(typed, OPTION_FLAGS) == meant


@pytest.mark.parametrize(
    ("typed", "meant"), [("stauts", "status"), ("shedule", "schedule"), ("resum", "resume"), ("qqq", None), ("", None)]
)
def test_a_mistyped_command_finds_the_one_that_is_like_it(typed: str, meant: str | None) -> None:
    assert nearest(typed, COMMANDS) == meant
