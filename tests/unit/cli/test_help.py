"""The help: complete, with examples; and what the quick commands must not import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import durnb
from durnb.cli import COMMANDS, cli
from durnb.runner.exits import Exit


def _help(*arguments: str) -> str:
    done = CliRunner().invoke(cli, [*arguments, "--help"])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_help_lists_every_command_with_a_line_that_says_what_it_does() -> None:
    lines = [line.split(maxsplit=1) for line in _help().splitlines()]
    listed = {line[0]: line[1] for line in lines if len(line) == 2}
    for command in COMMANDS:
        assert listed[command].endswith(".")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example(command: str) -> None:
    assert f"Example:\n    durnb {command}" in _help(command)


def test_the_help_of_run_documents_every_exit_code() -> None:
    text = _help("run")
    for code in Exit:
        assert f"\n  {code.value:>5}  " in text


def test_the_version_is_the_packages() -> None:
    done = CliRunner().invoke(cli, ["--version"])
    assert done.output == f"durnb {durnb.__version__}\n"


def test_an_unknown_command_is_refused() -> None:
    done = CliRunner().invoke(cli, ["fly"])
    assert (done.exit_code, "there is no command 'fly'\n" in done.output) == (2, True)
    assert "there is no command 'stauts': did you mean durnb status?" in CliRunner().invoke(cli, ["stauts"]).output


HEAVY = {"duckdb", "nbclient", "nbformat", "rich", "IPython", "numpy", "pandas", "zmq", "jupyter_client", "asyncio", "durnb.snapshot"}
READS_CELLS = {"plan"}  # the others need not know how


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["ls", "--json"],
        ["schedules", "--json"],
        ["plan", "etl.ipynb", "--json"],
        ["status", "--help"],
        ["pause", "--help"],
        ["signal", "--help"],
    ],
)
def test_who_only_looks_imports_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "etl.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    heavy = HEAVY if arguments[0] in READS_CELLS else HEAVY | {"durnb.fingerprint"}
    code = (
        "import sys\n"
        "from durnb.cli import cli\n"
        f"assert not cli.main({arguments!r}, standalone_mode=False)\n"
        f"print(*({heavy!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert set(done.stderr.split()) == set()
