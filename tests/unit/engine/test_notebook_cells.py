"""The cells of the saved notebook file: which are steps, which are plain."""

from __future__ import annotations

import pytest

from durnb.engine.cells import NotebookCell, header_of, plain_cells, step_names, title

LOAD = NotebookCell(source="%%durable load --retries 3\ndf = 1")
COMMENT = NotebookCell(source="# durable: train\nmodel = 1")
PLAIN = NotebookCell(source="import os")
BROKEN = NotebookCell(source="%%durable load --no-such\ndf = 1")


def test_both_spellings_of_a_header_are_found() -> None:
    found = header_of(LOAD)
    assert found is not None
    assert (found.header.name, found.header.retries, found.body) == ("load", 3, "df = 1")
    assert step_names([LOAD, PLAIN, COMMENT]) == ["load", "train"]


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_only_code_cells_are_steps(kind: str) -> None:
    assert header_of(NotebookCell(source=LOAD.source, type=kind)) is None
    assert plain_cells([NotebookCell(source="import os", type=kind)]) == []


def test_a_header_that_cannot_be_read_is_passed_over() -> None:
    assert header_of(BROKEN) is None
    assert step_names([BROKEN, COMMENT]) == ["train"]


def test_the_names_are_in_notebook_order_and_two_of_one_name_are_two() -> None:
    assert step_names([COMMENT, LOAD, LOAD]) == ["train", "load", "load"]


def test_plain_cells_are_the_code_cells_that_are_no_steps() -> None:
    assert plain_cells([LOAD, PLAIN, COMMENT]) == [PLAIN]


@pytest.mark.parametrize(
    "source", ["", "\n \n", "# a comment", "%load_ext durnb", "%durable status", "%reload_ext durnb\n# then\n%durable plan"]
)
def test_a_cell_that_only_speaks_to_durnb_is_no_plain_cell(source: str) -> None:
    assert plain_cells([NotebookCell(source=source)]) == []


@pytest.mark.parametrize(
    "source", ["%load_ext durnb\nimport os", "x = 1  # %durable", "%matplotlib inline", "# why\nx = 1", "def f():\n    pass"]
)
def test_a_cell_that_does_more_is_a_plain_cell(source: str) -> None:
    assert plain_cells([NotebookCell(source=source)]) == [NotebookCell(source=source)]


def test_a_cell_is_titled_by_its_first_line_of_code() -> None:
    assert title("%%time\n# fit\nmodel = fit()") == "model = fit()"
    assert title("# the data\n\nx = 1\ny = 2") == "x = 1"
    assert title("# only a comment") == "# only a comment"
    assert title("x" * 100) == "x" * 47 + "…"
