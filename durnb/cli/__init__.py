"""The command line: ``durnb COMMAND NOTEBOOK``. Each command's module is imported when it is called, so that ``durnb --help`` is quick."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Final

import click

from durnb import __version__
from durnb.errors import DurnbError

COMMANDS: Final[Mapping[str, str]] = {
    "run": "Execute a notebook to its end, over any number of kernels.",
    "worker": "Keep all runs of some folders moving.",
    "schedule": "Have a worker run a notebook by a cron expression.",
    "schedules": "Show the schedules of a folder.",
    "unschedule": "End schedules of a notebook.",
    "ls": "Show all runs of the notebooks in a folder.",
    "watch": "Show all runs of a folder on a live screen.",
    "logs": "Print what the cells of a run printed, and go on.",
    "status": "Show the steps of a run and how each stands.",
    "history": "Show the runs of a notebook side by side.",
    "show": "Show everything that is known of one step.",
    "plan": "Show what Run All would do now, and why.",
    "check": "Say what may bite in a long run, before it.",
    "sql": "Ask all runs of a notebook in SQL.",
    "resolve": "Answer what a step asks.",
    "retry": "Have a step that failed or asks run again.",
    "rerun": "Have a finished step run again.",
    "pause": "Let no step of a run start for now.",
    "resume": "Let a paused run go on.",
    "cancel": "End a run before its last step.",
    "trust": "Vouch for checkpoints that somebody else signed.",
    "export": "Write a run to one file that stands by itself.",
    "import": "Take in a run that durnb export wrote.",
    "doctor": "Say what may keep durnb from working well here.",
    "install": "Have every kernel of an environment load durnb.",
    "uninstall": "Undo durnb install.",
    "signal": "Send a run what a step of it waits for.",
    "wake": "End the sleep in which a step of a run is.",
    "du": "Show what takes the room of a notebook's store.",
    "gc": "Remove old results that no run needs.",
    "demo": "Watch a notebook survive the death of its kernel, in two minutes.",
}


class _LazyGroup(click.Group):
    """Knows its commands' names and one-line helps; imports ``durnb.cli.NAME`` for one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"durnb.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, and with what may have been meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = importlib.import_module("durnb.engine.suggestions").nearest(args[0], COMMANDS)
            ctx.fail(f"there is no command {args[0]!r}" + (f": did you mean durnb {near}?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="durnb", message="%(prog)s %(version)s")
def cli() -> None:
    """Durable Jupyter notebooks: kill the kernel anywhere, run again, and go on at the first unfinished cell.

    \b
    Examples:
      durnb run etl.ipynb                     run it, and go on where it was if it did not finish
      durnb run etl.ipynb -p day=2026-11-20   one run for each day
      durnb status etl.ipynb                  how far it is
    """


def main() -> None:
    """The program ``durnb``. An error of ours is one line on stderr and exit code 2."""
    try:
        cli(prog_name="durnb")
    except DurnbError as error:
        click.echo(f"durnb: {error}", err=True)
        sys.exit(2)
