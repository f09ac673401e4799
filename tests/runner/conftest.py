"""What the runner's tests share: notebooks in a folder of their own, and the command line as people call it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

TIMEOUT = 400  # seconds; only a hang is that slow


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder with notebooks, and the means to run them."""

    folder: Path

    def notebook(self, *cells: str | Mapping[str, Any], name: str = "etl.ipynb") -> Path:
        """A notebook of code cells, given by their source, or by source and metadata; their ids are c0, c1 …"""
        described = [{"source": cell} if isinstance(cell, str) else dict(cell) for cell in cells]
        notebook = new_notebook(cells=[new_code_cell(**cell, id=f"c{number}") for number, cell in enumerate(described)])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = self.folder / name
        nbformat.write(notebook, path)
        return path

    def call(self, *command: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a Python module's command line in the folder."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.folder,
            env={**_plain_environment(), **(environment or {})},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def durnb(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """The program ``durnb``."""
        return self.call("durnb.cli", *arguments, environment=environment)

    def output(self, name: str = "etl.out.ipynb") -> Any:
        """The executed notebook, checked to be valid."""
        notebook = nbformat.read(self.folder / name, as_version=4)
        nbformat.validate(notebook)
        return notebook

    def text(self, cell: int, name: str = "etl.out.ipynb") -> str:
        """What the n-th cell of the executed notebook printed on stdout."""
        outputs = self.output(name).cells[cell].outputs
        return "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")

    def errors(self, name: str = "etl.out.ipynb") -> list[tuple[int, str]]:
        """The cells that hold an error, with the exception's class name."""
        return [(n, o.ename) for n, cell in enumerate(self.output(name).cells) for o in cell.outputs if o.output_type == "error"]

    def lines(self, name: str) -> list[str]:
        """The lines of a text file in the folder; empty where there is none. Cells count their effects in such files."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []


def _plain_environment() -> dict[str, str]:
    """This process's environment without what a developer may have set for durnb."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DURNB_") or name.startswith("DURNB_SECRET")}


def until(holds: Callable[[], object], what: str) -> None:
    """Wait for a condition that another process brings about."""
    end = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < end, f"{what}: not in {TIMEOUT} s"
        time.sleep(0.02)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def effect() -> Callable[[str], str]:
    """Source of a statement that leaves one line in the file `effects`, kill or not."""

    def source(word: str) -> str:
        return f"with open('effects', 'a') as effects: effects.write({word + chr(10)!r})"

    return source


class StartsWorker(Protocol):
    """Starts ``durnb worker .`` in the folder; what it says goes to `worker.log`."""

    def __call__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]: ...


@pytest.fixture
def worker(desk: Desk) -> Iterator[StartsWorker]:
    """All that were started are killed with their children at the end."""
    begun: list[subprocess.Popen[str]] = []

    def start(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        with (desk.folder / "worker.log").open("a") as log:
            command = [sys.executable, "-m", "durnb.cli", "worker", ".", *arguments]
            process = subprocess.Popen(command, cwd=desk.folder, env=environment, stderr=log, text=True)
        begun.append(process)
        return process

    yield start
    for process in begun:
        if process.poll() is None:
            tree = psutil.Process(process.pid)
            for each in [*tree.children(recursive=True), tree]:
                each.kill()
        process.wait()
