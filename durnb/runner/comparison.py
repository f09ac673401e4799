"""Whether two runs came to the same: the content of every variable that every step made, and what the cells show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from nbformat import NotebookNode

from durnb.engine.manifest import Manifest
from durnb.fold import History
from durnb.records import dataclass
from durnb.runner.cells import is_badge

_OBJECT_AT: Final = re.compile(r"(?<=at )0x[0-9a-f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What was compared, and what differs, in people's words; `differences` is empty where the runs came to the same."""

    steps: int
    variables: int
    cells: int
    differences: tuple[str, ...] = ()


def compare_runs(left: History, right: History, shown_left: NotebookNode, shown_right: NotebookNode) -> Comparison:
    """Compare by the recorded digests of variables, and by the outputs of the executed notebooks without durnb's own badges."""
    contents_left, contents_right = contents(left), contents(right)
    differ = [
        f"the variable {name} of step {step}"
        for step, name in sorted(contents_left.keys() | contents_right.keys())
        if contents_left.get((step, name)) != contents_right.get((step, name))
    ]
    outputs_left, outputs_right = shown(shown_left), shown(shown_right)
    differ += [f"the output of cell {n}" for n, (a, b) in enumerate(zip(outputs_left, outputs_right, strict=False), start=1) if a != b]
    if len(outputs_left) != len(outputs_right):
        differ.append("the number of cells")
    steps = len({step for step, _ in contents_left})
    return Comparison(steps=steps, variables=len(contents_left), cells=len(outputs_left), differences=tuple(differ))


def contents(history: History) -> Mapping[tuple[str, str], str]:
    """For each step and each variable that its current checkpoint holds: the digest of the content."""
    found: dict[tuple[str, str], str] = {}
    for step in history.steps.values():
        if step.checkpoint is not None:
            manifest = Manifest.decode(step.checkpoint.manifest)
            found.update({(step.name, name): stored.digest for name, stored in manifest.names.items()})
    return found


def shown(notebook: NotebookNode) -> list[list[dict[str, Any]]]:
    """For each code cell what it shows: text joined as it was printed, data by type, badges and counters left out."""
    return [_shown(cell.outputs) for cell in notebook.cells if cell.cell_type == "code"]


def _shown(outputs: list[Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for output in outputs:
        if is_badge(output):
            continue
        if output["output_type"] == "stream":
            before = items[-1] if items and items[-1].get("stream") == output["name"] else None
            if before is None:
                items.append({"stream": output["name"], "text": output["text"]})
            else:
                before["text"] += output["text"]
        elif output["output_type"] == "error":
            items.append({"error": f"{output['ename']}: {output['evalue']}"})
        else:
            items.append({kind: _OBJECT_AT.sub("0x", data) if isinstance(data, str) else data for kind, data in output["data"].items()})
    return items
