"""Other programs that run notebooks: a kernel that dies under them, and the same command again, which goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Effect = Callable[[str], str]
DIE_ONCE = "import os, pathlib\nif not pathlib.Path('died').exists():\n    pathlib.Path('died').touch()\n    os.kill(os.getpid(), 9)"
COMMANDS = {
    "papermill --inject-paths": ("papermill", "etl.ipynb", "out.ipynb", "--inject-paths", "--no-progress-bar"),
    "nbconvert": ("jupyter", "nbconvert", "--to", "notebook", "--execute", "etl.ipynb", "--output", "out.ipynb"),
    "nbmake": ("pytest", "--nbmake", "etl.ipynb", "-q", "-p", "no:cacheprovider"),
}


@pytest.mark.parametrize("program", COMMANDS)
def test_a_notebook_goes_on_where_its_kernel_died(desk: Any, effect: Effect, program: str) -> None:
    path = desk.notebook(
        "%load_ext durnb", f"%%durable load\n{effect('load')}\nx = 20", f"%%durable train\n{effect('train')}\n{DIE_ONCE}\ny = x + 1"
    )
    environment = {"DURNB_NOTEBOOK": str(path)}
    assert desk.call(*COMMANDS[program], environment=environment).returncode != 0
    done = desk.call(*COMMANDS[program], environment=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert desk.lines("effects") == ["load", "train", "train"]


def test_the_durable_kernel_needs_no_line_and_a_line_does_no_harm(desk: Any, effect: Effect) -> None:
    path = desk.notebook(f"%%durable load\n{effect('load')}\nx = 20", "%load_ext durnb", "%%durable more\nprint(x)")
    for _ in range(2):
        done = desk.call(
            "jupyter", "execute", "etl.ipynb", "--kernel_name=durnb", "--output", "out.ipynb", environment={"DURNB_NOTEBOOK": str(path)}
        )
        assert done.returncode == 0, done.stderr
    assert (desk.lines("effects"), desk.text(2, "out.ipynb")) == (["load"], "20\n")


def test_a_script_of_jupytext_is_run_as_a_notebook(desk: Any, effect: Effect) -> None:
    (desk.folder / "etl.py").write_text(
        f"# %%\n# durable: load\n{effect('load')}\nx = 20\n\n# %%\n# durable: train\n{DIE_ONCE}\nprint(x)\n"
    )
    done = desk.durnb("run", "etl.py")
    assert done.returncode == 0, done.stderr
    assert (desk.lines("effects"), desk.text(1)) == (["load"], "20\n")
