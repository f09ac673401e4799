"""The fixtures themselves, by a notebook without durnb: what fails here is not durnb's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from browser.lab import OpenNotebook

pytestmark = pytest.mark.xdist_group("browser")


def test_a_killed_kernel_of_a_plain_notebook_is_replaced_and_run_all_works_again(
    open_notebook: Callable[[str, list[str]], OpenNotebook],
) -> None:
    notebook = open_notebook(
        "plain",
        [
            "import os\nfrom pathlib import Path\nimport matplotlib.pyplot as plt\nprint('pid', os.getpid())",
            "fig, ax = plt.subplots(figsize=(3, 2))\n_ = ax.plot([1, 3, 2])",
            "import time\nPath('began').touch()\nwhile not Path('go').exists():\n    time.sleep(0.05)\n'went on'",
        ],
    )
    folder = notebook.path.parent

    notebook.start_run_all()
    notebook.wait_for((folder / "began").exists, "the last cell has begun")
    dead = notebook.kill_kernel()
    notebook.dismiss_dialog("restart")
    notebook.wait_for_new_kernel(dead)

    (folder / "go").touch()
    notebook.run_all()
    text, plot, last = notebook.cells
    assert text.text.strip() == f"pid {notebook.kernel_pid()}"
    assert "image/png" in plot.kinds
    assert "went on" in last.text
    notebook.screenshot("plain")
