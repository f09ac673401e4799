"""Where executed notebooks go: no two keys to one file, and where a person says."""

from __future__ import annotations

from pathlib import Path

import pytest

from durnb.errors import UsageError
from durnb.runner.whereto import filled_in, output_beside

NOTEBOOK = Path("/projects/etl.ipynb")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("default", "etl.out.ipynb"),
        ("day=2026-11-20", "etl.day=2026-11-20.out.ipynb"),
        ("default@2026-11-20T0600+0100", "etl.default@2026-11-20T0600+0100.out.ipynb"),
        ("path=a/b c", "etl.path=a%2Fb%20c.out.ipynb"),
    ],
)
def test_the_executed_notebook_lies_beside_its_source_under_the_key_of_its_run(key: str, name: str) -> None:
    assert output_beside(NOTEBOOK, key) == NOTEBOOK.with_name(name)


def test_long_names_are_told_apart_and_fit_a_file_system() -> None:
    book = NOTEBOOK.with_name("e" * 150 + ".ipynb")
    one, other = (output_beside(book, f"text={'x' * 70}{end}") for end in "12")
    assert one != other
    assert max(len(one.name), len(other.name)) <= 200


def test_parameters_in_braces_are_filled_into_the_output() -> None:
    assert filled_in("r/o-{day}-{n:03}.ipynb", {"day": "2026-11-20", "n": 3}) == Path("r/o-2026-11-20-003.ipynb")
    assert filled_in("{{o}}.ipynb", {}) == Path("{o}.ipynb")
    assert filled_in("o.ipynb", {"day": 1}) == Path("o.ipynb")


@pytest.mark.parametrize(
    ("output", "told"),
    [("o-{dya}.ipynb", "no parameter 'dya', this run has day"), ("o-{.ipynb", "can't be filled in"), ("o-{0}.ipynb", "can't be filled in")],
)
def test_an_output_that_can_not_be_filled_in_is_one_line(output: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        filled_in(output, {"day": "2026-11-20"})
    assert "\n" not in str(caught.value)
