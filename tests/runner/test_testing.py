"""``durnb.testing.run_notebook``: cells in real kernels that are killed where one says."""

from __future__ import annotations

from pathlib import Path

from durnb.testing import run_notebook


def test_cells_are_run_in_kernels_that_die_at_the_points_named(tmp_path: Path) -> None:
    cells = [
        "import durnb\nfrom pathlib import Path\ndef work(x):\n    with Path('effects').open('a') as lines: lines.write(f'{x} ')\n    return x + 1",
        "%%durable step\nfound = [durnb.call(work)(x) for x in range(3)]\nprint(found)",
    ]
    done = run_notebook(cells, tmp_path, crash_at=["call-recorded:step@2"], DURNB_SECRET="a key")
    assert done.ends == ("died", "finished")
    assert done.texts[1] == "[1, 2, 3]\n"
    assert (tmp_path / "effects").read_text() == "0 1 2 "
