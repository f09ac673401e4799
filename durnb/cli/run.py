"""``durnb run``: a notebook executed headless, kept running over the death of its kernel."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from durnb.cli.arguments import all_option, every_cell, notebook_argument
from durnb.cli.progress import Progress, report
from durnb.errors import UsageError
from durnb.runner import Mode, RunRequest, exit_code_table, output_beside, parse_parameters, run_key, run_notebook

_EPILOG = "\b\nExit codes:\n" + exit_code_table()


@click.command("run", epilog=_EPILOG)
@notebook_argument
@click.option(
    "-p", "--parameter", "parameters", metavar="NAME=VALUE", multiple=True, help="Set a variable, as papermill does. May be given again."
)
@click.option("--key", metavar="KEY", help="Name of the run. [default: the parameters, such as day=2026-11-20; without any: default]")
@click.option("--new", "mode", flag_value="new", help="Begin a new run, even where one is unfinished.")
@click.option("--resume", "mode", flag_value="resume", help="Resume the unfinished run, however old it is.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="OUT.ipynb",
    help="The executed notebook. [default: NOTEBOOK.out.ipynb]",
)
@click.option(
    "--max-restarts",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    metavar="N",
    help="How often a kernel that died is started again.",
)
@click.option("--kernel", metavar="NAME", help="The kernelspec to use. [default: the notebook's]")
@all_option
def command(
    notebook: Path,
    parameters: tuple[str, ...],
    key: str | None,
    mode: str | None,
    output: Path | None,
    max_restarts: int,
    kernel: str | None,
    every: bool,
) -> None:
    """Execute NOTEBOOK from its first cell to its last. Finished steps are restored, not run again.

    When the kernel dies, a new one is started and goes on at the unfinished step. The executed notebook is written after each cell.

    \b
    Example:
      durnb run etl.ipynb -p day=2026-11-20 --output reports/2026-11-20.ipynb
      durnb run analysis.ipynb --all    a notebook without durable cells: each of them is a step
    """
    values = parse_parameters(parameters)
    request = RunRequest(
        notebook=notebook,
        output=(output or output_beside(notebook)).absolute(),
        key=_checked(key) if key is not None else run_key(values),
        mode=_mode(mode),
        parameters=values,
        max_restarts=max_restarts,
        kernel=kernel,
        every=every_cell(every),
    )
    with Progress.on_terminal() as progress:
        outcome = run_notebook(request, progress)
    report(outcome, request)
    sys.exit(outcome.exit)


def _checked(key: str) -> str:
    if not key.strip() or not key.isprintable() or len(key) > 100:
        raise UsageError(f"--key {key!r}: a key is 1 to 100 printable characters")
    return key


def _mode(given: str | None) -> Mode:
    match given:
        case "new":
            return "new"
        case "resume":
            return "resume"
        case _:
            return "auto"
