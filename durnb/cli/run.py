"""``durnb run``: a notebook executed headless, kept running over the death of its kernel."""

from __future__ import annotations

import contextlib
import sys
from datetime import timedelta
from pathlib import Path
from typing import TextIO

import click

from durnb.cli.arguments import all_option, every_cell, length_of, notebook_argument, store_at
from durnb.cli.parameters import parameters_of
from durnb.cli.progress import Progress, report
from durnb.clock import SystemClock
from durnb.errors import UsageError
from durnb.runner.elsewhere import left_elsewhere
from durnb.runner.eventlines import EventLines, Watchers
from durnb.runner.executed import read_notebook
from durnb.runner.exits import exit_code_table
from durnb.runner.injection import inject
from durnb.runner.parameters import parse_parameters, run_key
from durnb.runner.request import Mode, RunRequest, message_of
from durnb.runner.supervise import run_notebook
from durnb.runner.task import Claim
from durnb.runner.whereto import filled_in, output_beside

_EPILOG = "\b\nExit codes:\n" + exit_code_table()


@click.command("run", epilog=_EPILOG)
@notebook_argument
@click.option(
    "-p", "--parameter", "parameters", metavar="NAME=VALUE", multiple=True, help="Set a variable, as papermill does. May be given again."
)
@click.option(
    "--params",
    "params_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Parameters from a JSON, TOML or YAML file; those of -p go first.",
)
@click.option("--key", metavar="KEY", help="Name of the run. [default: the parameters, such as day=2026-11-20; without any: default]")
@click.option("--new", "mode", flag_value="new", help="Begin a new run, even where one is unfinished.")
@click.option("--resume", "mode", flag_value="resume", help="Resume the unfinished run, however old it is.")
@click.option(
    "--output",
    metavar="OUT.ipynb",
    help="The executed notebook; parameters in braces are filled in. [default: NOTEBOOK.out.ipynb, or NOTEBOOK.KEY.out.ipynb]",
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
@click.option(
    "--hung-after",
    default="10m",
    show_default=True,
    metavar="TIME",
    help="A kernel that does not answer, prints nothing, records nothing and uses no CPU for so long is ended and started again.",
)
@click.option(
    "--suspend-after",
    default="30s",
    show_default=True,
    metavar="TIME",
    help="A step that has only waited for so long, and will for as long again, waits on without a kernel; never keeps the kernel.",
)
@click.option(
    "--no-wait", is_flag=True, help="End (exit code 6) where the run is suspended, and leave it to durnb worker or to the next durnb run."
)
@click.option(
    "--drain",
    default="5s",
    show_default=True,
    metavar="TIME",
    help="How long the running cell may go on after SIGTERM, before it is interrupted; Ctrl-C interrupts it at once.",
)
@click.option("--notify", default="", metavar="TARGET", help="A command, or URL, that is told of the end. [default: DURNB_NOTIFY]")
@click.option("--queue", is_flag=True, help="Leave the run to durnb worker, and do not wait for it.")
@click.option(
    "--priority", type=int, default=0, show_default=True, metavar="N", help="Of runs that a worker has to start, a higher one goes first."
)
@click.option(
    "--events",
    "events",
    type=click.Path(path_type=Path, allow_dash=True, dir_okay=False),
    metavar="FILE",
    help="Add what happens, as JSON lines; - is stdout.",
)
@all_option
def command(
    notebook: Path,
    parameters: tuple[str, ...],
    params_file: Path | None,
    key: str | None,
    mode: str | None,
    output: str | None,
    max_restarts: int,
    kernel: str | None,
    hung_after: str,
    suspend_after: str,
    no_wait: bool,
    drain: str,
    notify: str,
    queue: bool,
    priority: int,
    events: Path | None,
    every: bool,
) -> None:
    """Execute NOTEBOOK from its first cell to its last. Finished steps are restored, not run again.

    When the kernel dies or hangs, a new one is started and goes on at the unfinished step. The executed notebook is written as outputs come.

    The command or URL of --notify gets a JSON object with occasion (finished, failed, asked, waiting, crashed, paused, cancelled, stopped), notebook, run,
    key, step, message, exit, deaths, output and at.

    \b
    Example:
      durnb run etl.ipynb -p day=2026-11-20 --output 'reports/{day}.ipynb'
      durnb run analysis.ipynb --all    a notebook without durable cells: each of them is a step
    """
    values = {**(parameters_of(params_file) if params_file else {}), **parse_parameters(parameters)}
    name = _checked(key) if key is not None else run_key(values)
    request = RunRequest(
        notebook=notebook,
        output=(filled_in(output, values) if output is not None else output_beside(notebook, name)).absolute(),
        key=name,
        mode=_mode(mode),
        parameters=values,
        max_restarts=max_restarts,
        kernel=kernel,
        hung_after=length_of("--hung-after", hung_after, least=timedelta(seconds=1)),
        suspend_after=None if suspend_after == "never" else length_of("--suspend-after", suspend_after, least=timedelta(0)),
        stays=not no_wait,
        notify=notify,
        priority=priority,
        every=every_cell(every),
        drain=length_of("--drain", drain, least=timedelta(0)),
    )
    if queue:
        _leave_to_worker(request)
        return
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(Progress.on_terminal())
        if beside := left_elsewhere(store_at(notebook), request, SystemClock()):
            progress.note(beside)
        lines = EventLines(stack.enter_context(_opened(events))) if events is not None else None
        outcome = run_notebook(request, Watchers([progress, lines]) if lines else progress)
        if lines is not None:
            lines.ended(
                run=outcome.run, exit=int(outcome.exit), deaths=outcome.deaths, message=message_of(outcome), output=str(request.output)
            )
    report(outcome, request, to_stdout=str(events) != "-")
    sys.exit(outcome.exit)


def _opened(events: Path) -> contextlib.AbstractContextManager[TextIO]:
    if str(events) == "-":
        return contextlib.nullcontext(sys.stdout)
    try:
        return events.open("a", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--events {events} can't be written: {error.strerror or error}") from None


def _leave_to_worker(request: RunRequest) -> None:
    store, clock = store_at(request.notebook), SystemClock()
    inject(read_notebook(request.notebook), request.parameters)  # what can't be run is better told of now
    with Claim.taken(store, request, clock) as claim:
        claim.tell(standing="queued", began=None)
    click.echo(f"run {request.key} of {request.notebook.name} is queued: durnb worker on its folder runs it")


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
