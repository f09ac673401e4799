"""The cells of a notebook: which step each is, and what its outputs tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from durnb.engine.cells import NotebookCell, step_names, title
from durnb.engine.unmarked import Blanket, covered
from durnb.runner.places import CellPlace

if TYPE_CHECKING:  # nbformat takes a second to import, and who only looks at a run may not need it
    from nbformat import NotebookNode

_LOADS: Final = re.compile(r"^\s*%?(?:re)?load_ext\s+durnb\b", re.MULTILINE)


def notebook_cells(notebook: NotebookNode) -> list[NotebookCell]:
    """The cells of a notebook, as the engine wants them."""
    return [
        NotebookCell(source=cell.source, id=cell.get("id"), type=cell.cell_type, tags=tuple(cell.metadata.get("tags", ())))
        for cell in notebook.cells
    ]


def code_cells(notebook: NotebookNode, every: bool = False) -> tuple[CellPlace, ...]:
    """The notebook's cells that a kernel executes, in order. `every`: all of them are steps, as by ``%durable all``."""
    cells = covered(notebook_cells(notebook), Blanket() if every else None)
    found = [(index, cell) for index, cell in enumerate(cells) if cell.type == "code" and cell.source.strip()]
    return tuple(
        CellPlace(
            index=index,
            number=number,
            total=len(found),
            step=next(iter(step_names([cell])), None),
            title=title(cell.source),
            marked=cell.unmarked is None,
        )
        for number, (index, cell) in enumerate(found, start=1)
    )


def loads_durnb(notebook: NotebookNode) -> bool:
    """Whether a cell of the notebook loads durnb by itself; loading it a second time would leave IPython's remark in the output."""
    return any(cell.cell_type == "code" and _LOADS.search(cell.source) for cell in notebook.cells)


def is_badge(output: Mapping[str, Any]) -> bool:
    """Whether an output is durnb's own word on the cell, and not the cell's."""
    return bool(_mark(output).get("badge"))


def says_waiting(notebook: NotebookNode, step: str) -> bool:
    """Whether the badge of the step says that it waits without a kernel, or there is none that could."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    states = [_mark(output).get("state") for output in outputs if _mark(output).get("step") == step]
    return not states or "waiting" in states


def was_restored(outputs: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the outputs are a replay of a finished step, by its badge and by the mark that replayed displays carry."""
    return any(_mark(output).get("replayed") or (is_badge(output) and _is_of_reuse(output)) for output in outputs)


def _mark(output: Mapping[str, Any]) -> Mapping[str, Any]:
    mark = output.get("metadata", {}).get("durnb", {})
    return mark if isinstance(mark, Mapping) else {}


def _is_of_reuse(badge: Mapping[str, Any]) -> bool:
    return _mark(badge).get("state") == "reused" or "durnb-reused" in str(badge.get("data", {}).get("text/html", ""))
