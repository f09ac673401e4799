"""The demo, end to end: a kernel killed in the middle of the training, and nothing lost."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest

from durnb.cli.demo import TOUR, tour_notebook

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")


def test_the_demo_kills_the_kernel_and_ends_with_equal_results(desk: Any) -> None:
    done = desk.durnb("demo", "--keep", "demo-out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"kill -9 \d+ +\(the kernel, at round 30 of 60\)", done.stdout)
    rows = {
        line.split()[0]: line
        for line in done.stdout.splitlines()
        if line.split()[:1] and line.split()[0] in ("load", "clean", "train", "look")
    }
    assert "restored" in rows["load"]
    assert "restored" in rows["clean"]
    assert "killed after" in rows["train"]
    assert "The results are equal" in done.stdout
    executed = nbformat.read(desk.folder / "demo-out" / TOUR.replace(".ipynb", ".out.ipynb"), as_version=4)
    nbformat.validate(executed)
    assert executed.metadata.durnb.deaths == 1


def test_the_tours_first_notebook_is_valid_clean_and_has_steady_cell_ids() -> None:
    notebook = nbformat.read(tour_notebook(), as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
