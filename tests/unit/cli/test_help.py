"""The help: complete, with examples, and quick."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

import durnb
from durnb.cli import COMMANDS, cli
from durnb.runner import Exit


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
    assert CliRunner().invoke(cli, ["fly"]).exit_code == 2


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from durnb.cli import cli\n"
        "assert CliRunner().invoke(cli, ['--help']).exit_code == 0\n"
        "print(sorted({'duckdb', 'nbclient', 'nbformat', 'rich', 'IPython', 'numpy', 'zmq'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_shell_completes_commands() -> None:
    environment = {**os.environ, "_DURNB_COMPLETE": "bash_complete", "COMP_WORDS": "durnb sched", "COMP_CWORD": "1"}
    code = "from durnb.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout.split() == ["plain,schedule", "plain,schedules"]
