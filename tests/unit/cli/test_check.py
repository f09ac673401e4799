"""``durnb check``: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner, Result
from nbformat.v4 import new_code_cell, new_notebook, new_output

from durnb.cli import cli
from durnb.errors import UsageError

TIMES = {"iopub.execute_input": "2026-11-20T09:00:00.5", "shell.execute_reply": "2026-11-20T09:01:00.5"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "etl.ipynb"


def check(path: Path, *cells: Any, options: tuple[str, ...] = ()) -> Result:
    made = [cell if isinstance(cell, dict) else new_code_cell(cell) for cell in cells]
    nbformat.write(new_notebook(cells=made), path)
    return CliRunner().invoke(cli, ["check", str(path), *options])


def test_nothing_and_notes_are_no_failure(path: Path) -> None:
    quiet = check(path, "%%durable a\nx = [1]")
    assert (quiet.exit_code, quiet.output) == (0, "etl.ipynb: nothing was found\n")
    note = check(path, "x = [y]")
    assert (note.exit_code, note.output.splitlines()[-1]) == (0, "etl.ipynb: 1 note")
    assert check(path, "x = [y]", options=("--all",)).output == quiet.output


def test_warnings_are_one_and_errors_are_two(path: Path) -> None:
    assert check(path, "%%durable a\n!make").exit_code == 1
    broken = check(path, "%%durable a\nx = [1]", "%%durable a\n!make")
    assert broken.exit_code == 2
    assert broken.output.startswith("error    step a: cell 1 is called 'a', too\n         cure: give one of the two another name\n")
    assert broken.output.endswith("etl.ipynb: 1 error, 1 warning\n")


def test_what_the_file_knows_of_the_last_execution_counts(path: Path) -> None:
    slow = new_code_cell("y = 1", metadata={"execution": TIMES})
    leaky = new_code_cell("%%durable a\nlog()", outputs=[new_output("stream", text="sk-abcdefghijklmnopqrstuvwxyz")])
    found = json.loads(check(path, leaky, slow, options=("--json",)).output)["findings"]
    assert [(finding["kind"], finding["cell"]) for finding in found] == [("secret-in-output", 1), ("long-plain-cell", 2)]


def test_a_file_that_is_no_notebook_is_a_usage_error(path: Path) -> None:
    path.write_text("no JSON")
    assert isinstance(CliRunner().invoke(cli, ["check", str(path)]).exception, UsageError)
