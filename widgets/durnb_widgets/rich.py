"""What shows itself as HTML where that can be shown, and as text elsewhere."""

from __future__ import annotations

from durnb.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rich:
    """One thing, said twice."""

    text: str
    html: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html
