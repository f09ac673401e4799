"""Tables and their columns count by what they hold, whatever stands beside it in memory."""

from __future__ import annotations

from typing import Any

import pytest

from durnb.fingerprint import content

MISSING = {
    "whole numbers with gaps": (
        "pandas",
        "first = m.array([1, None], dtype='Int64'); second = m.array([1, 7], dtype='Int64'); second[1] = m.NA",
    ),
    "a frame with gaps": (
        "pandas",
        "first = m.DataFrame({'a': m.array([True, None])}); second = m.DataFrame({'a': m.array([True, True])}); second.iloc[1, 0] = m.NA",
    ),
    "an Arrow array": (
        "pyarrow",
        "import numpy as np\nfirst = m.array([1.5, None]); second = m.array(np.array([1.5, 7]), mask=np.array([False, True]))",
    ),
    "an Arrow array of days": ("pyarrow", "first = m.array([None, 5], m.date32()); second = m.array([5, None, 5], m.date32())[1:]"),
    "a polars series": ("polars", "first = m.Series([1, None]); second = m.Series([1, 7]); second[1] = None"),
    "a part of a polars series": (
        "polars",
        "first = m.Series(['a long text that is kept apart', None]); second = m.Series(['b', *first])[1:]",
    ),
}


@pytest.mark.parametrize("title", MISSING)
def test_what_stands_where_something_is_missing_is_no_content(title: str) -> None:
    module, cell = MISSING[title]
    space: dict[str, Any] = {"m": pytest.importorskip(module)}
    exec(cell, space)
    first, second = content(space["first"]), content(space["second"])
    assert first == second
    assert not first.opaque
    assert first != content(space["first"][:1])


def test_objects_in_a_polars_series_count_by_what_they_hold() -> None:
    pl = pytest.importorskip("polars")
    held = [pl.Series([[n], None], dtype=pl.Object) for n in (1, 1, 2)]
    assert content(held[0]) == content(held[1]) != content(held[2])
