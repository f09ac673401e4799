"""Parameters: typed values, run keys and the injected cell."""

from __future__ import annotations

import math
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from durnb.errors import UsageError
from durnb.runner.injection import inject, literal
from durnb.runner.parameters import parse_parameters, parse_value, run_key

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("2.5", 2.5),
        ("1e3", 1000.0),
        ("True", True),
        ("false", False),
        ("None", None),
        ("null", None),
        ("2026-11-20", "2026-11-20"),
        ("a=b", "a=b"),
        ("", ""),
        ("[1, 2]", [1, 2]),
        ('{"a": [true]}', {"a": [True]}),
        ('"3"', "3"),
        ("[not json", "[not json"),
    ],
)
def test_a_value_has_the_type_that_its_text_means(text: str, value: object) -> None:
    found = parse_value(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", ["day", "2day=1", "class=3", "=1", "a b=1"])
def test_a_parameter_that_can_not_be_a_variable_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="-p") as caught:
        parse_parameters([text])
    assert "\n" not in str(caught.value)


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="n is given twice"):
        parse_parameters(["n=1", "n=2"])


def test_the_key_of_a_run_without_parameters_is_default() -> None:
    assert run_key({}) == "default"


def test_the_key_of_one_parameter_reads_as_it_was_typed() -> None:
    assert run_key(parse_parameters(["day=2026-11-20"])) == "day=2026-11-20"


def test_the_key_does_not_depend_on_the_order_of_parameters() -> None:
    assert run_key(parse_parameters(["n=3", "day=x"])) == run_key(parse_parameters(["day=x", "n=3"])) == "day=x,n=3"


def test_the_key_tells_a_text_from_a_number_and_a_comma_from_a_separator() -> None:
    assert run_key({"n": "3"}) != run_key({"n": 3})
    assert run_key({"a": "1,b=2"}) != run_key({"a": 1, "b": 2})
    assert run_key({"a": True}) != run_key({"a": "True"}) != run_key({"a": 1})


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON, max_size=3)
)
def test_different_parameters_have_different_keys(left: dict[str, Any], right: dict[str, Any]) -> None:
    same = repr(sorted(left.items(), key=lambda pair: pair[0])) == repr(sorted(right.items(), key=lambda pair: pair[0]))
    if not same and left != right:
        assert run_key(left) != run_key(right)


def test_a_long_key_is_cut_and_stays_different() -> None:
    one, other = run_key({"text": "x" * 300 + "1"}), run_key({"text": "x" * 300 + "2"})
    assert one != other
    assert len(one) <= 80
    assert one.startswith("text=xxx")


@given(JSON)
def test_a_literal_evaluates_to_its_value(value: Any) -> None:
    assert eval(literal(value)) == value


def test_literals_of_floats_that_are_no_numbers_evaluate() -> None:
    assert math.isnan(eval(literal(float("nan"))))
    assert eval(literal([float("-inf")])) == [-math.inf]


def test_the_injected_cell_follows_the_one_with_defaults() -> None:
    notebook = new_notebook(cells=[new_code_cell("1"), new_code_cell("n = 1", metadata={"tags": ["parameters"]}), new_code_cell("n")])
    injected = inject(notebook, {"n": 5})
    assert [cell.source for cell in injected.cells] == ["1", "n = 1", "# Parameters\nn = 5", "n"]
    assert injected.cells[2].metadata.tags == ["injected-parameters"]
    assert len(notebook.cells) == 3
    nbformat.validate(injected)


def test_the_injected_cell_comes_first_where_no_cell_has_defaults() -> None:
    assert inject(new_notebook(cells=[new_code_cell("n")]), {"n": 5}).cells[0].source == "# Parameters\nn = 5"


def test_an_injected_cell_is_replaced_by_the_next_one() -> None:
    once = inject(new_notebook(cells=[new_code_cell("n = 1", metadata={"tags": ["parameters"]})]), {"n": 5})
    assert [cell.source for cell in inject(once, {"n": 6}).cells] == ["n = 1", "# Parameters\nn = 6"]


def tagged(source: str) -> NotebookNode:
    return new_code_cell(source, metadata={"tags": ["parameters"]})


def test_a_parameter_that_the_notebook_does_not_know_is_refused_with_the_one_that_is_like_it() -> None:
    notebook = new_notebook(
        cells=[tagged("day, n = '2026-11-01', 3"), new_code_cell("%%durable load\ndya = load(day)"), new_code_cell("dya")]
    )
    with pytest.raises(UsageError, match=r"no parameter 'dya', did you mean day\? its parameters cell sets day, n\."):
        inject(notebook, {"day": "2026-11-20", "dya": "2026-11-20"})


@pytest.mark.parametrize(
    "reader", ["try:\n    debug\nexcept NameError:\n    debug = False", "%%bash\necho {debug}", "%%durable a\nrun(debug)"]
)
def test_a_parameter_that_another_cell_takes_from_outside_is_known(reader: str) -> None:
    injected = inject(new_notebook(cells=[tagged("n = 1"), new_code_cell(reader)]), {"debug": True})
    assert injected.cells[1].source == "# Parameters\ndebug = True"


def plain(*sources: str) -> NotebookNode:
    return new_notebook(cells=[new_code_cell(source) for source in sources])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (("import math", "n = 1", "n"), r"-p n=5: code cell 2 \(n = 1\) sets n, .* tag that cell `parameters` \(in JupyterLab"),
        (("print(n)", "n = 1"), "code cell 2 .* sets n"),
        (
            ("", "%%durable load\nn = 1\nx = load(n)"),
            r"code cell 1 \(step load\) .* put what sets n into a cell of its own, and tag that",
        ),
        (("%time n = 1",), "code cell 1"),
        (("for n in range(3):\n    print(n)",), "code cell 1"),
        (("def f():\n    return n", "n = 1", "f()"), "code cell 2"),
    ],
)
def test_a_parameter_that_a_cell_without_the_tag_would_overwrite_is_refused(cells: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        inject(plain(*cells), {"n": 5})


@pytest.mark.parametrize(
    "cell",
    [
        "try:\n    n\nexcept NameError:\n    n = 1",
        "n = int(n)",
        "if 'n' not in globals():\n    n = 1",
        "def f():\n    n = 1\nprint(n)",
        "x = [n for n in range(3)]\n!echo {n}",
        "def f():\n    return n",
        "%sql select * from t where day = {{n}}",
        "%%bash\necho $n",
        "exec(text)",
    ],
)
def test_a_parameter_that_the_cells_take_from_outside_needs_no_tag(cell: str) -> None:
    assert inject(plain(cell), {"n": 5}).cells[0].source == "# Parameters\nn = 5"


def test_what_stands_above_an_injected_cell_overwrites_nothing() -> None:
    notebook = plain("n = 1", "n")
    notebook.cells.insert(1, new_code_cell("n = 2", metadata={"tags": ["injected-parameters"]}))
    assert [cell.source for cell in inject(notebook, {"n": 5}).cells] == ["n = 1", "# Parameters\nn = 5", "n"]


def test_a_parameter_that_no_cell_reads_is_refused_with_the_name_that_is_like_it() -> None:
    with pytest.raises(UsageError, match=r"no cell of the notebook reads 'dya', so -p dya=… would change nothing: did you mean day\?"):
        inject(plain("%%durable load\nx = load(day)"), {"dya": 1})


def test_a_notebook_of_an_older_format_stays_valid_with_an_injected_cell() -> None:
    cell = {"cell_type": "code", "source": "n", "metadata": {}, "outputs": [], "execution_count": None}
    old = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]})
    injected = inject(old, {"n": 1})
    nbformat.validate(injected)
    assert injected.nbformat_minor == 4
