"""What the commands that steer a run share: which run, the wish carried out, and the answer printed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from durnb.cli.arguments import choose_run, print_json, store_for
from durnb.clock import SystemClock
from durnb.engine.cells import step_names
from durnb.engine.steering import Steer
from durnb.runner.executed import notebook_cells, read_notebook
from durnb.runner.steering import steer_run

EPILOG: Final = "It works whether or not a kernel has the run: a kernel that is at work in a step takes it in when that step ends."


def carry_out(notebook: Path, run: str | None, wish: Steer, as_json: bool) -> None:
    """Steer the run that is meant, and print what follows. Raises DurnbError."""
    store = store_for(notebook)
    chosen = choose_run(store, run)
    in_file = step_names(notebook_cells(read_notebook(notebook))) if notebook.exists() else []
    steered = steer_run(store, chosen, wish, in_file, SystemClock())
    if as_json:
        print_json({"run": str(chosen), "said": steered.said, "taken": steered.taken})
    else:
        click.echo(f"run {chosen}: {steered.said}")
