"""``durnb demo``: the tour's first notebook is run, its kernel killed in the middle of the long step, and nothing is lost."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import click
from rich.console import Console

import durnb
from durnb.cli.arguments import store_at
from durnb.cli.progress import Progress, ending
from durnb.cli.tables import print_table
from durnb.clock import SystemClock
from durnb.engine.overview import seconds_text
from durnb.errors import UsageError
from durnb.fold import History
from durnb.journal import Store, read_history
from durnb.records import dataclass
from durnb.runner.comparison import Comparison, compare_runs
from durnb.runner.executed import read_notebook
from durnb.runner.exits import Exit
from durnb.runner.places import CellPlace, Fate
from durnb.runner.request import RunRequest
from durnb.runner.runview import status_of_step
from durnb.runner.supervise import run_notebook
from durnb.runner.whereto import output_beside

TOUR: Final = "01-a-notebook-that-survives.ipynb"
LONG_STEP: Final = "train"
_KEY: Final = "demo"
_NEEDED: Final = {"matplotlib": "matplotlib", "pandas": "pandas", "sklearn": "scikit-learn"}
_ROUND: Final = re.compile(r"round (\d+) of (\d+)")


@click.command("demo")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the notebooks stay. [default: a new temporary folder]",
)
def command(keep: Path | None) -> None:
    """Run a notebook that trains a model, kill its kernel in the middle of the training, and see that nothing is lost.

    \b
    Example:
      durnb demo --keep demo-out
    """
    _check_needed()
    folder = _folder(keep)
    click.echo(f"The notebook {TOUR} loads handwritten digits, cleans them and trains a model to read them.\n")
    killed = _run(_copied_tour(folder), f"1. Run it, and kill the kernel (kill -9) halfway through the step {LONG_STEP}.", kill=True)
    if not killed.witness.killed_at:
        raise UsageError(f"the demo could not catch the step {LONG_STEP} at work, so there is nothing to show")
    unbroken = _run(_copied_tour(folder / "unbroken"), "2. Run it again from nothing, in another store, and leave it alone.", kill=False)
    comparison = compare_runs(
        killed.history, unbroken.history, read_notebook(killed.request.output), read_notebook(unbroken.request.output)
    )
    _tell(killed, unbroken, comparison)
    sys.exit(1 if comparison.differences else 0)


def tour_notebook() -> Path:
    """The tour's first notebook: in the installed package, or in the checkout."""
    installed, checkout = Path(__file__).with_name("notebooks") / TOUR, Path(durnb.__file__).parents[1] / "notebooks" / TOUR
    return installed if installed.exists() else checkout


def _check_needed() -> None:
    missing = [name for module, name in _NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise UsageError(f"the demo needs {', '.join(missing)}: pip install 'durnb[demo]'")


def _folder(keep: Path | None) -> Path:
    return keep.resolve() if keep is not None else Path(tempfile.mkdtemp(prefix="durnb-demo-"))


def _copied_tour(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copyfile(tour_notebook(), folder / TOUR))
    except OSError as error:
        raise UsageError(f"{folder} can't be written: {error.strerror or error}") from None


class _Witness(Progress):
    """A `Progress` that remembers what became of each step, and kills the kernel once where it is asked to."""

    def __init__(self, store: Store, *, kill: bool) -> None:
        super().__init__(Console(highlight=False))
        self._store, self._kill = store, kill
        self._pid: int | None = None
        self._cell: CellPlace | None = None
        self._life = 0
        self.killed_at = ""
        self.fates: dict[str, dict[int, tuple[Fate, float]]] = {}

    def kernel_starts(self, life: int) -> None:
        self._life = life
        super().kernel_starts(life)

    def kernel_ready(self, pid: int | None) -> None:
        self._pid = pid
        super().kernel_ready(pid)

    def cell_starts(self, cell: CellPlace) -> None:
        self._cell = cell
        super().cell_starts(cell)

    def cell_says(self, text: str) -> None:
        super().cell_says(text)
        if self._kill and self._pid is not None and self._halfway(text) and self._unfinished():
            self._kill, self.killed_at = False, text.partition(":")[0].strip()
            self.note(f"kill -9 {self._pid}  (the kernel, at {self.killed_at})")
            os.kill(self._pid, signal.SIGKILL)

    def _halfway(self, text: str) -> bool:
        at = _ROUND.search(text)
        return at is not None and 2 * int(at[1]) >= int(at[2])

    def _unfinished(self) -> bool:
        """Whether the run is owned, and its own status says that the long step is not finished."""
        run = self._store.newest(_KEY)
        return run is not None and self._store.owner(run) == self._pid and status_of_step(self._store, run, LONG_STEP) in (None, "running")

    def cell_ended(self, cell: CellPlace, fate: Fate, seconds: float) -> None:
        if cell.step is not None:
            self.fates.setdefault(cell.step, {})[self._life] = (fate, seconds)
        super().cell_ended(cell, fate, seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A run of the demo: what was seen of it, and where it is."""

    witness: _Witness
    request: RunRequest
    history: History

    def fate(self, step: str, life: int) -> str:
        """What became of the step in that kernel, in two or three words."""
        fate, seconds = self.witness.fates.get(step, {}).get(life, (None, None))
        if fate is None:
            return "–"
        return f"{'killed' if fate == 'died' else fate} {'after ' if fate == 'died' else ''}{seconds_text(seconds)}"


def _run(notebook: Path, words: str, *, kill: bool) -> _Shown:
    click.secho(words, bold=True)
    store = store_at(notebook)
    request = RunRequest(notebook=notebook, output=output_beside(notebook), key=_KEY, mode="new", max_restarts=2)
    with _Witness(store, kill=kill) as witness:
        outcome = run_notebook(request, witness)
    click.echo()
    if outcome.exit is not Exit.FINISHED:
        raise UsageError("the demo's notebook did not finish: " + " / ".join(ending(outcome, request)))
    run = store.newest(_KEY)
    assert run is not None
    return _Shown(witness=witness, request=request, history=read_history(store, run, SystemClock()))


def _tell(killed: _Shown, unbroken: _Shown, comparison: Comparison) -> None:
    click.secho("What happened", bold=True)
    rows = [(step, killed.fate(step, 1), killed.fate(step, 2), unbroken.fate(step, 1)) for step in unbroken.witness.fates]
    print_table(("step", "first kernel", "after the kill", "unbroken run"), rows)
    if comparison.differences:
        click.echo(f"The results differ in {', '.join(comparison.differences)}.")
    else:
        click.echo(
            f"The results are equal: {comparison.variables} variables of {comparison.steps} steps have the same content, "
            f"and all {comparison.cells} cells show the same text, tables and plots."
        )
    click.echo(f"\nexecuted notebook  {killed.request.output}")
    page = _page(killed.request.output)
    click.echo(f"as a page          {page}" if page else "as a page          (needs nbconvert: pip install 'durnb[demo]')")
    click.echo(f"try it yourself    jupyter lab {killed.request.notebook}")


def _page(notebook: Path) -> Path | None:
    """An HTML copy of the notebook, where nbconvert is installed."""
    if importlib.util.find_spec("nbconvert") is None:
        return None
    page = notebook.with_suffix(".html")
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", "--output", page.name, str(notebook)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UsageError(f"nbconvert could not make a page: {done.stderr.strip().splitlines()[-1:]}")
    return page
