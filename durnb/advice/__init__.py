"""What may bite in a long run, told before it: from a notebook's cells, and from a live kernel. Nothing is run."""

from __future__ import annotations

from durnb.advice.check import check, in_order
from durnb.advice.findings import CHECK_EXITS, Finding, Severity, Size, exit_code
from durnb.advice.kernel import examine

__all__ = ["CHECK_EXITS", "Finding", "Severity", "Size", "check", "examine", "exit_code", "in_order"]
