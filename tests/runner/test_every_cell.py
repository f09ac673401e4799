"""``durnb run --all``: a notebook that never heard of durnb is durable, cell by cell."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from click.testing import CliRunner

from durnb.cli import cli

Effect = Callable[[str], str]
DIE_ONCE = "import os, pathlib\nif not pathlib.Path('died').exists():\n    pathlib.Path('died').touch()\n    os.kill(os.getpid(), 9)"


@pytest.fixture
def plain(desk: Any, effect: Effect) -> Any:
    """A notebook without a word of durnb, one of whose cells kills the kernel once."""
    desk.notebook(
        "import json\nK = 2",
        {"source": "day = ['never']", "metadata": {"tags": ["parameters"]}},
        f"{effect('load')}\ndata = [K, *day]\nprint('loaded')",
        f"{effect('train')}\n{DIE_ONCE}\ntotal = len(data)",
        "total",
    )
    return desk


def _fates(told: str) -> list[tuple[str, str]]:
    lines = [line.split() for line in told.splitlines() if line.startswith("[")]
    return [(words[1], words[4]) for words in lines if words[4].startswith(("cell-", "code-"))]


def test_a_notebook_that_never_heard_of_durnb_goes_on_after_its_kernel_died(plain: Any) -> None:
    done = plain.durnb("run", "etl.ipynb", "--all", "-p", "day=monday")
    assert done.returncode == 0, done.stderr
    assert plain.lines("effects") == ["load", "train", "train"]
    fates = [("ran", "cell-c2"), ("died", "cell-c3"), ("restored", "cell-c2"), ("ran", "cell-c3"), ("ran", "cell-c4")]
    assert _fates(done.stderr) == fates
    assert "the kernel died in cell-c3 (" in done.stderr
    shown = plain.output("etl.day=monday.out.ipynb").cells
    assert [cell.outputs[-1].data["text/plain"] for cell in shown if cell.id == "c4"] == ["7"]
    path = str(plain.folder / "etl.ipynb")
    again = json.loads(CliRunner().invoke(cli, ["plan", path, "--all", "--json"]).output)
    # without a kernel nobody knows what plain cells will define
    assert {step["step"]: step["action"] for step in again["steps"]} == {"cell-c2": "maybe", "cell-c3": "maybe", "cell-c4": "maybe"}
    assert "`day`" in again["steps"][0]["reason"]
    assert again["steps"][2]["label"] == "total"
    assert "cell-c4 (total)" in CliRunner().invoke(cli, ["status", path]).output


def test_without_ids_in_the_file_the_next_run_of_the_program_goes_on_all_the_same(desk: Any, effect: Effect) -> None:
    path = desk.notebook(f"{effect('load')}\nx = [1]", "raise ValueError('not yet')")
    book = json.loads(path.read_text())
    for cell in book["cells"]:
        del cell["id"]
    path.write_text(json.dumps(book))
    assert desk.durnb("run", "etl.ipynb", "--all").returncode == 1
    again = desk.durnb("run", "etl.ipynb", "--all")
    assert "run default.1: resumed" in again.stderr
    assert [fate for fate, name in _fates(again.stderr) if name.startswith("code-")] == ["restored", "failed"]
    assert desk.lines("effects") == ["load"]


def test_papermill_resumes_a_notebook_that_never_heard_of_durnb(plain: Any) -> None:
    path = plain.folder / "etl.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[0].source = f"%load_ext durnb\n{book.cells[0].source}"
    nbformat.write(book, path)
    environment = {"DURNB_NOTEBOOK": str(path), "DURNB_ALL": "1"}
    command = ("papermill", "etl.ipynb", "etl.out.ipynb", "--no-progress-bar", "-p", "day", "friday")
    assert plain.call(*command, environment=environment).returncode != 0
    done = plain.call(*command, environment=environment)
    assert done.returncode == 0, done.stderr
    assert plain.lines("effects") == ["load", "train", "train"]
    assert [cell.outputs[-1].data["text/plain"] for cell in plain.output().cells if cell.source == "total"] == ["7"]
