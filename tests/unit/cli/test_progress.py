"""What the command line says while a run goes on, and at its end."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from durnb.cli.progress import Progress, ending
from durnb.runner.exits import Exit
from durnb.runner.places import CellFailure, CellPlace
from durnb.runner.request import Outcome, RunRequest

REQUEST = RunRequest(notebook=Path("/w/etl.ipynb"), output=Path("/w/etl.out.ipynb"), key="default")
TRAIN = CellPlace(index=3, number=3, total=12, step="train", title="model = fit(df)")
PLAIN = CellPlace(index=4, number=4, total=12, step=None, title="df.head()")


def _told(terminal: bool) -> str:
    file = io.StringIO()
    with Progress(Console(file=file, force_terminal=terminal, width=200, highlight=False)) as progress:
        progress.kernel_starts(1)
        progress.kernel_ready(4711)
        progress.run_known("default.3", True)
        progress.cell_starts(TRAIN)
        progress.cell_says("epoch 1\repoch 2\n")
        progress.cell_ended(TRAIN, "died", 71)
        progress.kernel_died(TRAIN, 1, 5)
        progress.kernel_starts(2)
        progress.cell_starts(TRAIN)
        progress.cell_ended(TRAIN, "restored", 0.21)
        progress.cell_ended(PLAIN, "ran", 0.4)
    return file.getvalue()


def test_without_a_terminal_each_fact_is_one_plain_line() -> None:
    assert _told(terminal=False).splitlines() == [
        "run default.3: resumed",
        "[ 3/12] died       1 min 11 s  train",
        "the kernel died in train; starting it again, 1 of at most 5 times",
        "[ 3/12] restored     210 ms  train",
        "[ 4/12] ran          400 ms  df.head()",
    ]


def test_on_a_terminal_the_running_cell_and_what_it_prints_are_shown() -> None:
    assert "epoch 2" in _told(terminal=True)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (Exit.FINISHED, "run default.3 finished; the kernel died 2 times"),
        (Exit.DIED, "run default.3 gave up at train; the kernel died 2 times"),
        (Exit.INTERRUPTED, "run default.3 was stopped at train"),
        (Exit.FAILED, "run default.3 failed at train; the kernel died 2 times"),
    ],
)
def test_the_last_words_say_how_it_ended(code: Exit, words: str) -> None:
    outcome = Outcome(exit=code, run="default.3", deaths=2, cell=None if code is Exit.FINISHED else TRAIN)
    assert words in ending(outcome, REQUEST)


def test_a_question_is_passed_on_with_its_answers() -> None:
    for what in ("train", "train/mail"):
        asks = CellFailure(name="StepAsks", message=f"step 'train' asks: …. Answer with %durable resolve {what} done")
        told = ending(Outcome(exit=Exit.ASKS, run="default.1", deaths=0, cell=TRAIN, failure=asks), REQUEST)
        assert told == [
            asks.message,
            f"here: durnb resolve etl.ipynb {what} ANSWER --run default; then the same command goes on from there",
        ]


def test_the_offer_of_a_store_is_no_question_of_a_step() -> None:
    offer = CellFailure(name="StoreOffered", message="b.ipynb has no runs yet")
    assert ending(Outcome(exit=Exit.ASKS, run=None, deaths=0, cell=TRAIN, failure=offer), REQUEST) == [offer.message]


def test_a_step_that_killed_its_kernel_too_often_is_told_with_the_command_that_lets_it_go_on() -> None:
    here = "durnb retry etl.ipynb train --run default"
    message = "step 'train' was not run: it killed its kernel 3 times; change it, or try once more with %durable resolve train retry"
    refused = CellFailure(name="StepRefused", message=message, traceback=f"StepRefused: {message}")
    for code in (Exit.DIED, Exit.FAILED):
        told = ending(Outcome(exit=code, run="default.1", deaths=3, cell=TRAIN, failure=refused), REQUEST)
        assert told[-1] == f"here: {here}; then the same command goes on from there"
    died = ending(Outcome(exit=Exit.DIED, run="default.1", deaths=6, cell=TRAIN), REQUEST)
    assert died[-1] == f"the same command goes on from there; where it then refuses train: {here}"


def test_a_failure_shows_the_end_of_its_traceback_without_colours() -> None:
    failure = CellFailure(name="ValueError", message="no", traceback="\x1b[31mlong\x1b[0m\n" * 50 + "ValueError: no")
    lines = ending(Outcome(exit=Exit.FAILED, run=None, deaths=0, cell=PLAIN, failure=failure), REQUEST)
    assert lines[-2:] == ["ValueError: no", "the notebook failed at df.head()"]
    assert "\x1b" not in "".join(lines)
