"""Every command line of `durnb` that the README and the docs show is one that the program takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from durnb.cli import cli

ROOT = Path(__file__).parents[3]
PAGES = ("README.md", "docs/deploy.md")


def _shown() -> Iterator[str]:
    """Lines of code blocks, and code in the text, that begin with the program; comments and what a shell does besides are cut off."""
    for page in PAGES:
        text = (ROOT / page).read_text()
        blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        lines = [line for block in blocks for line in block.splitlines()]
        spans = re.findall(r"`(durnb [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
        for line in (*lines, *spans):
            for part in re.split(r"&&?", line.partition(" #")[0]):
                if part.strip().startswith("durnb "):
                    yield part.strip()


@pytest.mark.parametrize("line", sorted(set(_shown())))
def test_a_command_line_that_is_shown_is_taken(line: str) -> None:
    _, name, *words = shlex.split(line)
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, f"there is no command {name}"
    command.make_parser(click.Context(command, info_name=name)).parse_args(words)  # raises for an option that is not there


def test_commands_are_found_in_the_pages() -> None:
    assert len(set(_shown())) > 15
