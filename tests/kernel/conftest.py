"""Kernels for the tests of the extension: forked ones that are ready in a tenth of a second, and started ones where the start itself matters."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kernel.driver import DURNB, CellResult, KernelDriver, Nursery, Place

TALLY = '''
def ran(name):
    """Leave a trace of an execution outside the process."""
    with open(__file__ + ".txt", "a") as lines:
        lines.write(name + "\\n")
'''


class Notebook(KernelDriver):
    """A kernel with durnb loaded, and ``ran(name)`` for the cells, from a module of the notebook's folder."""

    first_cells = ("%load_ext durnb", "from tally import ran")

    def open(self, **env: str) -> Notebook:
        """A new kernel (an old one is killed), with the first cells run."""
        (self.place.folder / "tally.py").write_text(TALLY)
        self.start(**env)
        self.ok(*self.first_cells)
        return self

    @property
    def executions(self) -> dict[str, int]:
        """How often each name was told to `ran`, over all kernels."""
        tally = self.place.folder / "tally.py.txt"
        return dict(Counter(tally.read_text().split())) if tally.exists() else {}

    def ok_with_id(self, cell: str, cell_id: str | None) -> CellResult:
        """Run a cell that must succeed, as a front end that sends its id."""
        result = self.run(cell, cell_id)
        assert result.ok, f"{result}\n{chr(10).join(result.traceback)}\n{self.logged()}"
        return result

    def refused(self, cell: str, cell_id: str | None = None) -> CellResult:
        """Run a cell that must fail with one line of durnb's own, without a traceback."""
        result = self.run(cell, cell_id)
        assert result.status == "error", str(result)
        assert len(result.traceback) <= 1, result.error
        assert "\n" not in result.evalue
        assert result.evalue
        return result

    def status(self) -> dict[str, dict[str, object]]:
        """``%durable status --json``: the steps by name."""
        return {step["step"]: step for step in self.command("status --json")["steps"]}

    def command(self, line: str) -> dict[str, object]:
        """The JSON that ``%durable line`` prints."""
        found: dict[str, object] = json.loads(self.ok(f"%durable {line}").text)
        return found


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    made = Nursery(*DURNB)
    yield made
    made.close()


@pytest.fixture(scope="session")
def data_nursery() -> Iterator[Nursery]:
    made = Nursery("numpy", "pandas", "matplotlib.figure", *DURNB)
    yield made
    made.close()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place.at(tmp_path)


@pytest.fixture
def make(tmp_path: Path, nursery: Nursery) -> Iterator[Callable[..., Notebook]]:
    """Makes notebooks (not yet open): `make()`, `make(place)`, `make(history=True)`, `make(nursery=None)` for a started process."""
    made: list[Notebook] = []

    def one(place: Place | None = None, **options: object) -> Notebook:
        made.append(Notebook(place or Place.at(tmp_path), **({"nursery": nursery} | options)))  # type: ignore[arg-type]  # passed on
        return made[-1]

    yield one
    for notebook in made:
        notebook.close()


@pytest.fixture
def nb(make: Callable[..., Notebook]) -> Notebook:
    """An open notebook."""
    return make().open()


@pytest.fixture
def data_nb(make: Callable[..., Notebook], data_nursery: Nursery) -> Notebook:
    """An open notebook in a kernel that has pandas and matplotlib at hand."""
    pytest.importorskip("pandas")
    return make(nursery=data_nursery).open()
