"""What a check finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from durnb.records import dataclass

Severity = Literal["error", "warning", "note"]
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")

CHECK_EXITS: Final[Mapping[int, str]] = {
    0: "nothing that needs doing was found (notes do not count)",
    1: "there are warnings",
    2: "there are errors, or the notebook can't be read",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that may bite, and its cure.

    An error stops a run; a warning costs time, loses something or gives it away; a note is good to know. `kind` is a word for programs, `where` the step
    or the cell, `cell` that cell's place among the code cells from 1 and `line` its line (0: the whole cell, or no cell at all).
    """

    severity: Severity
    kind: str
    where: str
    what: str
    cure: str
    cell: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What one group of variables would take in a checkpoint, in bytes."""

    names: tuple[str, ...]
    bytes: int


def exit_code(findings: Iterable[Finding]) -> int:
    """The exit code of ``durnb check``."""
    severities = {finding.severity for finding in findings}
    return 2 if "error" in severities else 1 if "warning" in severities else 0
