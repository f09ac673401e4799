"""``%durable check``."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from durnb.advice import check as check_cells
from durnb.advice import examine, in_order
from durnb.engine.cells import NotebookCell
from durnb_kernel_ext.commands import command, no_words
from durnb_widgets.tables import advice_table

if TYPE_CHECKING:
    from durnb_kernel_ext.extension import Extension  # the extension's magic calls the commands


@command("check", "[--json]", looks=True)
def check(extension: Extension, words: list[str]) -> Any:
    """what may bite in a long run, and how big the checkpoints would be; nothing is run or kept"""
    as_json = "--json" in words
    no_words("check", [word for word in words if word != "--json"])
    cells = extension.cells()
    seen, sizes = examine(extension.engine, cells, os.environ)
    findings = in_order([*check_cells(cells, seconds=_seconds(extension, cells)), *seen])
    if not as_json:
        return advice_table(findings, sizes)
    total = sum(size.bytes for size in sizes)
    return json.dumps({"findings": [asdict(one) for one in findings], "sizes": [asdict(size) for size in sizes], "bytes": total}, indent=1)


def _seconds(extension: Extension, cells: Sequence[NotebookCell]) -> dict[int, float]:
    code = [cell.source.strip() for cell in cells if cell.type == "code" and cell.source.strip()]
    return {number: extension.slow[source] for number, source in enumerate(code, start=1) if source in extension.slow}
