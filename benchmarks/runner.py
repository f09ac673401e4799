"""What the runner costs and saves: a kernel's death to the first unfinished cell running again, a worker with sleeping runs, waking, a plain notebook."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbclient
import nbformat
import psutil
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks import autorestart
from benchmarks.rows import Row
from durnb.journal import Store
from durnb.runner.request import RunRequest
from durnb.runner.silence import Silence
from durnb.runner.supervise import run_notebook
from durnb.runner.task import Task, put_task, task_of

STEPS = 10
STEP_SECONDS = 1.0
CELLS = 30
SLEEPERS = 1000
WATCHED_SECONDS = 30
WAKES = 5
_DIE_ONCE = """
import os, pathlib, time
if not pathlib.Path("died").exists():
    pathlib.Path("died").write_text(str(time.time()))
    os.kill(os.getpid(), 9)
pathlib.Path("again").write_text(str(time.time()))
"""


def measure(folder: Path) -> list[Row]:
    """All rows; `folder` is made use of."""
    return [*_death(folder / "death"), *_plain(folder / "plain"), *_sleepers(folder / "sleepers"), _waking(folder / "waking")]


def _notebook(path: Path, cells: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    book = new_notebook(cells=[new_code_cell(cell, id=f"c{i}") for i, cell in enumerate(cells)])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, path)
    return path


# ---- a kernel that dies


def _death(folder: Path) -> list[Row]:
    """The kernel dies in the last cell, once, after ten steps of a second each."""
    steps = [f"%%durable step{i}\nimport time\ntime.sleep({STEP_SECONDS})\nv{i} = {i}" for i in range(STEPS)]
    ours = _notebook(folder / "ours" / "nb.ipynb", [*steps, f"%%durable last{_DIE_ONCE}"])
    _call(ours.parent, "durnb.cli", "run", "nb.ipynb")
    plain = [step.partition("\n")[2] for step in steps]
    theirs = _notebook(folder / "theirs" / "nb.ipynb", [*plain, _DIE_ONCE])
    for _ in range(2):  # the first one ends with "Kernel died"; whoever watches starts it again
        _call(theirs.parent, "papermill", "nb.ipynb", "out.ipynb", "--no-progress-bar")
    note = f"once; {STEPS} finished cells of {STEP_SECONDS:g} s before it"
    rows = [
        Row(
            key="R1",
            what="R1 kernel death to the unfinished cell running again, durnb run",
            value=_lost(ours.parent),
            unit="s",
            samples=1,
            note=note,
        )
    ]
    if (theirs.parent / "again").exists():
        what = "R1 the same, papermill started again at once"
        rows.append(Row(key="R1p", what=what, value=_lost(theirs.parent), unit="s", samples=1, note=note))
    return [*rows, autorestart.measure(folder / "server")]


def _lost(folder: Path) -> float:
    return float((folder / "again").read_text()) - float((folder / "died").read_text())


def _call(folder: Path, *command: str) -> None:
    subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, env=_environment(), check=False)


def _environment() -> dict[str, str]:
    return {**os.environ, "DURNB_SECRET": "benchmark"}


# ---- a notebook that never heard of durnb


def _plain(folder: Path) -> list[Row]:
    path = _notebook(folder / "nb.ipynb", [f"x{i} = {i}\nprint(x{i})" for i in range(CELLS)])
    bare: list[float] = []
    ours: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        nbclient.NotebookClient(nbformat.read(path, as_version=4), resources={"metadata": {"path": str(folder)}}).execute()
        bare.append(time.perf_counter() - began)
        began = time.perf_counter()
        run_notebook(RunRequest(notebook=path, output=folder / "out.ipynb", key="default"), Silence(), _environment())
        ours.append(time.perf_counter() - began)
    note = f"best of 3, {CELLS} cells, kernel start and end included"
    return [
        Row(key="R4f", what="R4 a plain notebook, nbclient", value=min(bare), unit="s", samples=3, note=note),
        Row(key="R4", what="R4 the same, durnb run: notebook written after each cell", value=min(ours), unit="s", samples=3, note=note),
    ]


# ---- a worker


def _worker(folder: Path) -> subprocess.Popen[str]:
    """A worker of the folder that has looked at all there is."""
    worker = subprocess.Popen(
        [sys.executable, "-u", "-m", "durnb.cli", "worker", "."], cwd=folder, env=_environment(), stderr=subprocess.PIPE, text=True
    )
    assert worker.stderr is not None
    while "looks after" not in worker.stderr.readline():
        pass
    return worker


def _sleeping(store: Store, wake: datetime) -> Task:
    output = store.notebook.with_suffix(".out.ipynb")
    request = RunRequest(notebook=store.notebook, output=output, key="default")
    now = datetime.now(UTC)
    return Task(request=request, standing="suspended", at=now, began=now, run="default.1", wake=wake)


def _sleepers(folder: Path) -> list[Row]:
    for i in range(SLEEPERS):
        store = Store.of(folder / f"n{i}.ipynb")
        store.create()
        put_task(store, _sleeping(store, datetime.now(UTC) + timedelta(days=2)))
    worker = _worker(folder)
    process = psutil.Process(worker.pid)
    time.sleep(5)  # what it read last may have changed within a tick of the disk's clock, so it looks once more
    before = process.cpu_times()
    time.sleep(WATCHED_SECONDS)
    after = process.cpu_times()
    memory = process.memory_info().rss
    worker.terminate()
    worker.wait()
    used = (after.user + after.system - before.user - before.system) / WATCHED_SECONDS
    return [
        Row(
            key="R2",
            what=f"R2 CPU of a worker with {SLEEPERS} sleeping runs",
            value=used * 100,
            unit="% of a core",
            samples=1,
            goal="≤ 0.5",
            note=f"over {WATCHED_SECONDS} s",
        ),
        Row(key="R2m", what="R2 its memory", value=memory / 1e6, unit="MB", samples=1, note="resident"),
    ]


def _waking(folder: Path) -> Row:
    """How long after its time a sleeper is taken up."""
    late: list[float] = []
    stores = [Store.of(_notebook(folder / f"n{i}.ipynb", ["x = 1"])) for i in range(WAKES)]
    for store in stores:
        store.create()
    worker = _worker(folder)
    begun = datetime.now(UTC) + timedelta(seconds=8)
    wakes = [begun + timedelta(seconds=3.3 * i) for i in range(WAKES)]
    for store, wake in zip(stores, wakes, strict=True):
        put_task(store, replace(_sleeping(store, wake), began=None))
    for store, wake in zip(stores, wakes, strict=True):
        while (task := task_of(store, "default")) is None or task.began is None:
            time.sleep(0.02)
        late.append((task.began - wake).total_seconds())
    worker.terminate()
    worker.wait()
    return Row(
        key="R3",
        what="R3 a sleeper is taken up after its time",
        value=max(late) * 1000,
        unit="ms",
        samples=WAKES,
        note=f"the latest of {WAKES}",
    )
