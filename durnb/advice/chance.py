"""Steps that draw without a seed, or look at the clock: finished they keep what they got, and run again they get something else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from durnb.advice.findings import Finding
from durnb.advice.reading import ReadCell
from durnb.advice.repeating import draws, is_seeding
from durnb.engine.work import dotted

_CLOCK: Final = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "Timestamp.now", "uuid1", "uuid4")


def find(cells: Sequence[ReadCell]) -> Iterator[Finding]:
    """Notes: one on seeds, where the notebook sets none, and one for each step that asks for the time or an identity."""
    steps = [cell for cell in cells if cell.is_step]
    if not any(is_seeding(call) for cell in cells for call in cell.calls):
        drawing = [(cell, call) for cell in steps for call in cell.calls if draws(call)]
        if drawing:
            cell, call = drawing[0]
            others = len({other.number for other, _ in drawing}) - 1
            beside = f", and {others} more step{'s' * (others > 1)}" if others else ""
            what = f"{dotted(call.func)}() draws without a seed{beside}: a step that runs again draws other numbers"
            yield cell.finding("note", "no-seed", what, "set a seed in a plain cell at the top, or use default_rng(42)", call)
    for cell in steps:
        asked = next((call for call in cell.calls if any(f".{dotted(call.func)}".endswith(f".{ending}") for ending in _CLOCK)), None)
        if asked is not None:
            what = f"{dotted(asked.func)}() gives another value when the step runs again; while it is finished, it keeps this one"
            yield cell.finding(
                "note", "clock-in-a-step", what, "if every cell has to see the same value, make it in a step of its own", asked
            )
