"""What SQL over the runs of a notebook answered."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from typing import Any, Final

from durnb.archive.table import Shown, Table, one_line
from durnb.journal import Answer

_SHOWN: Final = 100


class RunsLeftOut(UserWarning):
    """Runs that could not be asked, and why."""


class Rows(Shown, list[tuple[Any, ...]]):
    """Rows as tuples; `columns` are the names of what stands in them."""

    __slots__ = ("columns",)

    def __init__(self, columns: Iterable[str], rows: Iterable[tuple[Any, ...]]) -> None:
        super().__init__(rows)
        self.columns = tuple(columns)

    def __reduce__(self) -> tuple[object, ...]:
        return Rows, (self.columns, list(self))

    def table(self) -> Table:
        cells = tuple(tuple("" if value is None else one_line(str(value)) for value in row) for row in self[:_SHOWN])
        more = f"and {len(self) - _SHOWN} more" if len(self) > _SHOWN else ""
        return Table(title=f"{len(self)} row{'s' * (len(self) != 1)}", heads=self.columns, rows=cells, foot=more)


def rows_of(answer: Answer) -> Any:
    """A DataFrame where pandas is loaded, else `Rows`; warns of the runs that were left out."""
    for run, why in answer.left_out.items():
        warnings.warn(RunsLeftOut(f"run {run} is left out: {why}"), stacklevel=3)
    pandas = sys.modules.get("pandas")
    if pandas is not None and hasattr(pandas, "DataFrame"):
        return pandas.DataFrame(answer.rows, columns=list(answer.columns))
    return Rows(answer.columns, answer.rows)
