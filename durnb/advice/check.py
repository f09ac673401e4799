"""The check of a notebook's cells: every rule, in the order of the cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from durnb.advice import chance, effects, files, headers, loops, losing, repeating, secrets
from durnb.advice.findings import SEVERITIES, Finding
from durnb.advice.reading import ReadCell, read_cells
from durnb.engine.cells import NotebookCell

_RULES: Final = (headers.find, losing.find, repeating.find, files.find, loops.find, effects.find, secrets.find, chance.find)


def check(
    cells: Sequence[NotebookCell], *, outputs: Mapping[int, str] | None = None, seconds: Mapping[int, float] | None = None
) -> list[Finding]:
    """What may bite when the notebook of these cells is run; those that ``%durable all`` makes steps are marked in them.

    `outputs` is what its code cells show, and `seconds` how long they took when they ran last, by their place among the code cells from 1.
    """
    read = read_cells(cells)
    found = [finding for rule in _RULES for finding in rule(read)]
    found += secrets.in_outputs(read, outputs or {})
    found += repeating.long_ones(read, seconds or {})
    return in_order([*found, *_nothing_durable(read)])


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, then in the order of the cells."""
    return sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), finding.cell, finding.line))


def _nothing_durable(cells: Sequence[ReadCell]) -> list[Finding]:
    if any(cell.is_step for cell in cells):
        return []
    what = "no cell is durable, so nothing is kept when the kernel dies"
    cure = "begin cells with %%durable NAME, or the notebook with %durable all (durnb run --all needs no change)"
    return [Finding(severity="note", kind="nothing-durable", where="the notebook", what=what, cure=cure)]
