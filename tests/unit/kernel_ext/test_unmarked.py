"""The cells of the saved file, as a kernel has them, are those of the file as it is."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from durnb_kernel_ext.unmarked import UnmarkedCells


def test_a_file_that_comes_and_goes_is_read_each_time(tmp_path: Path) -> None:
    path = tmp_path / "etl.ipynb"
    shell: Any = SimpleNamespace(path=path)
    found = UnmarkedCells(shell)
    for number in range(100):
        assert found.cells(None, False) == []
        cell = {"cell_type": "code", "id": "a", "source": f"x = {number}", "metadata": {}, "outputs": [], "execution_count": None}
        path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        assert [cell.source for cell in found.cells(None, False)] == [f"x = {number}"]
        path.unlink()
