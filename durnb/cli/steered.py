"""What the commands that steer a run share: which run, the wish carried out, and the answer printed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from durnb.cli.arguments import choose_run, every_cell, print_json, store_for
from durnb.clock import SystemClock
from durnb.engine.cells import NotebookCell
from durnb.engine.steering import Steer
from durnb.fold import History
from durnb.runner.steering import steer_run

EPILOG: Final = "It works whether or not a kernel has the run: a kernel that is at work in a step takes it in when that step ends."


def carry_out(notebook: Path, run: str | None, wish: Steer, as_json: bool) -> None:
    """Steer the run that is meant, and print what follows. Raises DurnbError."""
    store = store_for(notebook)
    chosen = choose_run(store, run)
    steered = steer_run(store, chosen, wish, lambda history: _in_file(notebook, history), SystemClock())
    if as_json:
        print_json({"run": str(chosen), "said": steered.said, "taken": steered.taken})
    else:
        click.echo(f"run {chosen}: {steered.said}")


def _in_file(notebook: Path, history: History) -> list[NotebookCell]:
    from durnb.engine.unmarked import Blanket, covered  # noqa: PLC0415  # few wishes ask for the cells, and what reads them takes a while to import
    from durnb.runner.saved import cells_of  # noqa: PLC0415  # as above

    cells = cells_of(notebook) if notebook.exists() else []
    return covered(cells, Blanket() if every_cell(False) else None, known=history.steps)
