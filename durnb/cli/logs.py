"""``durnb logs``: what the cells of a run printed, and, with -f, what they print."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from durnb.archive import open_history
from durnb.cli.arguments import choose_run, notebook_argument, run_option, store_for
from durnb.clock import SystemClock
from durnb.errors import UsageError
from durnb.journal import RunName, Store, read_history, task_claimed
from durnb.runner.cells import code_cells, is_badge
from durnb.runner.executed import read_notebook
from durnb.runner.task import Task, task_of

_EVERY: Final = 0.5  # seconds


@click.command("logs")
@notebook_argument
@click.argument("step", required=False)
@run_option
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
def command(notebook: Path, step: str | None, run: str | None, follow: bool) -> None:
    """Print what the cells of a run of NOTEBOOK printed, or only STEP: of a run of durnb run or a worker from its executed notebook, while it runs too;
    of a run of an interactive kernel from the journal, once no kernel has it.

    \b
    Example:
      durnb logs etl.ipynb train -f
    """
    store = store_for(notebook)
    chosen = choose_run(store, run)
    task = task_of(store, chosen.key)
    if task is None or store.newest(chosen.key) != chosen or not task.request.output.exists():
        if follow:
            raise UsageError(f"run {chosen} is not one of durnb run, so what its cells print now is only in its front end")
        _print_new({}, _of_journal(store, chosen, step))
        return
    printed = _print_new({}, _of_notebook(task, step))
    while follow and task_claimed(store, chosen.key) is not None:
        time.sleep(_EVERY)
        printed = _print_new(printed, _of_notebook(task, step))


def _of_notebook(task: Task, step: str | None) -> dict[str, str]:
    """What each cell printed, in order, by its step or its place."""
    path = task.request.output
    executed = read_notebook(path)
    places = [place for place in code_cells(executed, task.request.every) if step is None or place.step == step]
    if not places:
        raise UsageError(f"{path.name} has no step {step!r}")
    return {place.step or f"[{place.number}] {place.title}": text_of(executed.cells[place.index].outputs) for place in places}


def _of_journal(store: Store, run: RunName, step: str | None) -> dict[str, str]:
    history = read_history(store, run, SystemClock())
    names = [name for name, past in history.steps.items() if past.executions and step in (None, name)]
    if not names:
        raise UsageError(f"run {run} has no step {step!r}; it has {', '.join(history.steps) or 'none'}")
    seen = open_history(store.notebook)[str(run)]
    return {name: text_of(seen[name].last.outputs) for name in names}


def text_of(outputs: Sequence[Mapping[str, Any]]) -> str:
    """Outputs as a terminal shows them; durnb's own badges are left out."""
    return "".join(_text(output) for output in outputs if not is_badge(output))


def _text(output: Mapping[str, Any]) -> str:
    match output["output_type"]:
        case "stream":
            return "".join(output["text"])
        case "error":
            return "\n".join(output["traceback"]) + "\n"
        case _:
            return "".join(output["data"].get("text/plain", "")) + "\n"


def _print_new(printed: Mapping[str, str], found: dict[str, str]) -> dict[str, str]:
    """Print what was not printed before. A cell whose text begins anew (its kernel died) is printed anew."""
    for name, text in found.items():
        before = printed.get(name, "")
        if text == before or not text:
            continue
        fresh = text.removeprefix(before) if text.startswith(before) else text
        if fresh is text:
            click.secho(f"--- {name}", bold=True)
        click.echo(fresh, nl=False)
    return found
