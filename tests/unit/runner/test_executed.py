"""Reading the source and writing the executed notebook."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from durnb.errors import UsageError
from durnb.runner.executed import read_notebook, without_outputs, write_notebook


def test_a_written_notebook_reads_back_and_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "a.out.ipynb"
    for source in ("1", "2"):
        write_notebook(new_notebook(cells=[new_code_cell(source)]), path)
    assert read_notebook(path).cells[0].source == "2"
    assert [file.name for file in tmp_path.iterdir()] == ["a.out.ipynb"]


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be written: No such file") as caught:
        write_notebook(new_notebook(), tmp_path / "no" / "a.ipynb")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', "hello"])
def test_what_is_no_notebook_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    with pytest.raises(UsageError, match="not a Jupyter notebook") as caught:
        read_notebook(path)
    assert "\n" not in str(caught.value)


def test_a_notebook_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        read_notebook(tmp_path / "a.ipynb")


def test_outputs_of_an_earlier_execution_are_taken_out() -> None:
    cell = new_code_cell("1", outputs=[new_output("stream", text="1")], execution_count=4, metadata={"execution": {}, "tags": ["a"]})
    notebook = without_outputs(new_notebook(cells=[cell], metadata={"widgets": {}}))
    assert (notebook.cells[0].outputs, notebook.cells[0].execution_count, dict(notebook.cells[0].metadata)) == ([], None, {"tags": ["a"]})
    assert "widgets" not in notebook.metadata
    nbformat.validate(notebook)
