"""``durnb show``: everything that is known of one step of a run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from durnb.cli.arguments import choose_run, json_option, notebook_argument, print_json, run_option, store_for
from durnb.cli.tables import print_table
from durnb.cli.words import time_in_words
from durnb.clock import SystemClock
from durnb.engine.manifest import Manifest
from durnb.engine.overview import attempt_reason, bytes_text, ending, seconds_text
from durnb.errors import UsageError
from durnb.journal import RunName, Store, read_history
from durnb.runner.runview import run_facts
from durnb.steps import Checkpoint, StepHistory


@click.command("show")
@notebook_argument
@click.argument("step")
@run_option
@json_option
def command(notebook: Path, step: str, run: str | None, as_json: bool) -> None:
    """Show the executions, attempts, inputs and checkpoint of STEP in a run of NOTEBOOK.

    \b
    Example:
      durnb show etl.ipynb train
    """
    store = store_for(notebook)
    chosen = choose_run(store, run)
    if store.owner(chosen) is not None:
        _show_owned(store, chosen, step, as_json)
        return
    history = read_history(store, chosen, SystemClock())
    if step not in history.steps:
        raise UsageError(f"run {chosen} has no step {step!r}; it has {', '.join(history.steps) or 'none'}")
    facts = story(history.steps[step])
    if as_json:
        print_json({"run": str(chosen), **facts})
    else:
        _print(str(chosen), history.steps[step])


def _show_owned(store: Store, run: RunName, name: str, as_json: bool) -> None:
    """While a kernel has the run, what it lets be seen."""
    facts = run_facts(store, run, SystemClock())
    found = next((step for step in facts["steps"] if step["step"] == name), None)
    if found is None:
        raise UsageError(f"run {run} has no step {name!r}; it has {', '.join(step['step'] for step in facts['steps']) or 'none'}")
    if as_json:
        print_json({"run": str(run), "owner": facts["owner"], **found})
        return
    click.echo(f"step {name} of run {run}, in the hands of process {facts['owner']}; %durable show {name} in that kernel tells more")
    print_table(("", ""), ((key, str(value)) for key, value in found.items() if value not in (None, "", [])))


def story(step: StepHistory) -> dict[str, Any]:
    """The step's past as JSON values."""
    return {
        "step": step.name,
        "generation": step.generation,
        "current": step.current,
        "rerun": step.rerun,
        "answer": step.answer,
        "checkpoints": [asdict(checkpoint) for checkpoint in step.checkpoints.values()],
        "dropped": list(step.dropped),
        "executions": [
            {
                "execution": execution.number,
                "reason": execution.reason,
                "options": execution.options,
                "source": execution.source,
                "checkpoint": execution.checkpoint,
                "inputs": [asdict(one) for one in execution.inputs],
                "attempts": [asdict(attempt) for attempt in execution.attempts],
            }
            for execution in step.executions
        ],
    }


def _print(run: str, step: StepHistory) -> None:
    click.echo(f"step {step.name} of run {run}: {ending(step)}" if step.executions else f"step {step.name} of run {run} has not run")
    rows = [
        (
            f"{execution.number}.{attempt.number}",
            attempt.status,
            time_in_words(attempt.started),
            seconds_text(attempt.ran),
            f"{attempt.error.type}: {attempt.error.message}" if attempt.error else attempt_reason(execution, index),
        )
        for execution in step.executions
        for index, attempt in enumerate(execution.attempts)
    ]
    print_table(("attempt", "status", "started", "ran", "why"), rows, numbers=frozenset({"ran"}))
    if step.checkpoint is not None:
        _print_checkpoint(step.checkpoint)


def _print_checkpoint(checkpoint: Checkpoint) -> None:
    words = f"checkpoint {checkpoint.number} of {time_in_words(checkpoint.at)}: {bytes_text(checkpoint.size)} written in {seconds_text(checkpoint.save)}"
    click.echo(words if checkpoint.saved else f"{words}; the save was interrupted, so it can't be put back")
    manifest = Manifest.decode(checkpoint.manifest)
    if manifest.names:
        click.echo(f"it holds {', '.join(manifest.names)}")
    for path, file in (pair for files in manifest.creates.values() for pair in files.items()):
        click.echo(f"it made the file {path}, {bytes_text(file.size)}")
    if checkpoint.inputs:
        print_table(("input", "kind", "made by", "content"), ((i.name, i.kind, i.maker or "–", i.digest[:12]) for i in checkpoint.inputs))
