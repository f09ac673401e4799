"""What the kernel asks of the session: one durable cell, to be run or reused."""

from __future__ import annotations

from durnb.engine.header import Header
from durnb.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRequest:
    """A durable cell as it was executed.

    `source` is its body after IPython's transform, without the header; `raw` is the body as typed, `options` the header's text.
    `cell_id` is the front end's id of the cell, where it sends one. `unmarked`: the cell has no header, ``%durable all`` makes it a step.
    """

    name: str
    header: Header
    source: str
    raw: str
    options: str = ""
    cell_id: str | None = None
    tags: tuple[str, ...] = ()
    unmarked: bool = False
