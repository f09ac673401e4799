"""The exit codes of the runner."""

from __future__ import annotations

import signal

from durnb.runner.exits import MEANINGS, Exit, exit_code_table, exit_of_error, exit_of_signal, fate_of_error


def test_every_exit_code_has_a_meaning_and_a_line_in_the_table() -> None:
    assert set(MEANINGS) == set(Exit)
    assert [int(line.split()[0]) for line in exit_code_table().splitlines()] == [code.value for code in Exit]


def test_a_question_a_held_run_and_a_failure_have_codes_of_their_own() -> None:
    assert exit_of_error("StepAsks") is Exit.ASKS
    assert exit_of_error("RunHeld") is Exit.HELD
    assert exit_of_error("ZeroDivisionError") is Exit.FAILED


def test_a_cell_at_which_a_person_stopped_the_run_did_not_fail() -> None:
    assert [fate_of_error(name) for name in ("RunIsPaused", "RunIsCancelled", "StepAsks", "ValueError")] == [
        "paused",
        "cancelled",
        "asks",
        "failed",
    ]


def test_a_signal_has_the_code_that_shells_give_it() -> None:
    assert exit_of_signal(signal.SIGINT) == 128 + signal.SIGINT
    assert exit_of_signal(signal.SIGTERM) == 128 + signal.SIGTERM
