"""``durnb history``: the runs of a notebook side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from durnb.cli.arguments import json_option, notebook_argument, print_json, store_for
from durnb.cli.tables import print_table
from durnb.cli.words import time_in_words
from durnb.clock import SystemClock
from durnb.engine.overview import RunFacts, row_of, unowned
from durnb.journal import RunName, Store
from durnb.runner.runview import fresh_status
from durnb.views.runs import RUNS_HEADS, runs_cells, runs_page


@click.command("history")
@notebook_argument
@json_option
def command(notebook: Path, as_json: bool) -> None:
    """Show the runs of NOTEBOOK side by side, the newest first: when, how far, how long, and which steps did something else than in the run before.

    \b
    Example:
      durnb history etl.ipynb
    """
    store = store_for(notebook)
    page = runs_page(notebook.name, [_facts(store, run) for run in store.runs()])
    if as_json:
        print_json({"notebook": str(notebook), "runs": [asdict(run) for run in page.runs]})
        return
    print_table(RUNS_HEADS, runs_cells(page, time_in_words), numbers=frozenset({"finished", "ran", "saved"}))


def _facts(store: Store, run: RunName) -> RunFacts:
    status, owner = fresh_status(store, run, SystemClock()), store.owner(run)
    rows = [row_of(step) for step in status.get("steps", ()) if isinstance(step, Mapping)]
    return RunFacts(
        run=str(run),
        state=str(status.get("state", "open")),
        started=_moment(status.get("started")),
        at=_moment(status.get("updated") or status.get("at")),
        parameters=status.get("parameters") or {},
        rows=tuple(rows if owner is not None else map(unowned, rows)),
        holder=f"process {owner}" if owner is not None else "",
    )


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
