"""The cells as the runner tells of them."""

from __future__ import annotations

from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from durnb.runner.cells import code_cells, loads_durnb, was_restored


def test_places_count_the_cells_that_a_kernel_executes() -> None:
    cells = [new_markdown_cell("# a"), new_code_cell(""), new_code_cell("%%durable load\nx = 1"), new_code_cell("x")]
    places = code_cells(new_notebook(cells=cells))
    assert [(place.index, place.number, place.total, place.step) for place in places] == [(2, 1, 2, "load"), (3, 2, 2, None)]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("%%durable load --retries 3\nx = 1", "load"),
        ("# durable: load\nx = 1", "load"),
        ("x = 1", None),
        ("%%durable --no-such\nx = 1", None),
    ],
)
def test_a_cell_is_known_by_its_step(source: str, name: str | None) -> None:
    (place,) = code_cells(new_notebook(cells=[new_code_cell(source)]))
    assert place.step == name


def test_where_every_cell_is_a_step_the_parameters_stay_plain() -> None:
    cells = [
        new_code_cell("day = [1]", id="a", metadata={"tags": ["parameters"]}),
        new_code_cell("x = load(day)", id="b"),
        new_code_cell("%%durable use\nx", id="c"),
    ]
    places = code_cells(new_notebook(cells=cells), every=True)
    assert [(place.step, str(place)) for place in places] == [
        (None, "day = [1]"),
        ("cell-b", "cell-b (x = load(day))"),
        ("use", "use"),
    ]


def _badge(state: str) -> dict[str, Any]:
    html = f'<div class="durnb-badge durnb-{state}"></div>'
    return {"output_type": "display_data", "data": {"text/html": html}, "metadata": {"durnb": {"badge": True, "step": "load"}}}


def test_a_restored_step_is_told_by_its_badge_or_by_a_replayed_display() -> None:
    text = {"output_type": "stream", "name": "stdout", "text": "x"}
    table = {"output_type": "display_data", "data": {}, "metadata": {"durnb": {"replayed": True}}}
    assert was_restored([text, _badge("reused")])
    assert was_restored([text, table])
    assert not was_restored([text, _badge("succeeded")])
    assert not was_restored([text])


def test_a_notebook_that_loads_durnb_itself_is_told() -> None:
    assert loads_durnb(new_notebook(cells=[new_code_cell("import os\n%load_ext durnb")]))
    assert not loads_durnb(new_notebook(cells=[new_code_cell("# load_ext durnb"), new_markdown_cell("%load_ext durnb")]))
