"""What a check tells of live variables, without a kernel."""

from __future__ import annotations

import pytest

from durnb.advice.kernel import slow_text


def test_much_text_without_arrow_is_one_note() -> None:
    pd = pytest.importorskip("pandas")
    many, few = (pd.DataFrame({"n": range(rows), "text": pd.array(["a"] * rows, dtype=pd.StringDtype("python"))}) for rows in (10_000, 9))
    (finding,) = slow_text({"few": few, "n": many["n"], "many": many, "text": many["text"], "x": 1}, has_arrow=False)
    assert (finding.kind, finding.where) == ("slow-text", "variable many")
    assert "install pyarrow" in finding.cure
    assert [f.where for f in slow_text({"text": many["text"]}, has_arrow=False)] == ["variable text"]
    assert list(slow_text({"many": many}, has_arrow=True)) == []
    assert list(slow_text({"few": few}, has_arrow=False)) == []
