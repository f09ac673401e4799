"""The cells of a file that is only looked at: the same as nbformat gives, without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from durnb.errors import UsageError
from durnb.runner.cells import notebook_cells
from durnb.runner.executed import read_notebook
from durnb.runner.saved import cells_of

CODE = {
    "cell_type": "code",
    "metadata": {"tags": ["a", "b"]},
    "source": ["x = 1\n", "y"],
    "outputs": [],
    "execution_count": None,
    "id": "c0",
}
TEXT = {"cell_type": "markdown", "metadata": {}, "source": "# Title", "id": "c1"}


def _write(path: Path, book: Any) -> Path:
    path.write_text(json.dumps(book))
    return path


def _without_id(cell: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in cell.items() if name != "id"}


OLD = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {},
    "worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1", "outputs": [], "language": "python", "metadata": {}}]}],
}


@pytest.mark.parametrize(
    "book",
    [
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [CODE, TEXT]},
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [_without_id(CODE), TEXT]},
        {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [_without_id(CODE)]},
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []},
        OLD,
    ],
    ids=["present", "some ids", "before ids", "empty", "form 3"],
)
def test_the_cells_are_those_that_nbformat_gives(tmp_path: Path, book: Any) -> None:
    path = _write(tmp_path / "a.ipynb", book)
    assert cells_of(path) == notebook_cells(read_notebook(path))


@pytest.mark.parametrize(
    "book", [[], {"cells": 3}, {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [3]}], ids=["a list", "no cells", "no cell"]
)
def test_what_is_no_notebook_is_told_in_one_line(tmp_path: Path, book: Any) -> None:
    with pytest.raises(UsageError, match="not a Jupyter notebook") as caught:
        cells_of(_write(tmp_path / "a.ipynb", book))
    assert "\n" not in str(caught.value)
