"""The cell that sets a run's parameters in its notebook."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any, Final

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

PARAMETERS_TAG: Final = "parameters"
INJECTED_TAG: Final = "injected-parameters"


def inject(notebook: NotebookNode, parameters: Mapping[str, Any]) -> NotebookNode:
    """A copy of the notebook with a cell that sets the parameters, where papermill would put it.

    It replaces a cell tagged ``injected-parameters``, else follows the one tagged ``parameters``, else comes first.
    """
    injected = copy.deepcopy(notebook)
    if not parameters:
        return injected
    cell = _parameters_cell(parameters, with_id=(injected.nbformat, injected.nbformat_minor) >= (4, 5))
    old, defaults = _tagged(injected, INJECTED_TAG), _tagged(injected, PARAMETERS_TAG)
    if old is not None:
        injected.cells[old] = cell
    else:
        injected.cells.insert(0 if defaults is None else defaults + 1, cell)
    return injected


def _parameters_cell(parameters: Mapping[str, Any], *, with_id: bool) -> NotebookNode:
    source = "\n".join(["# Parameters", *(f"{name} = {literal(value)}" for name, value in parameters.items())])
    cell: NotebookNode = new_code_cell(source=source, id=INJECTED_TAG, metadata={"tags": [INJECTED_TAG]})
    if not with_id:
        del cell["id"]
    return cell


def _tagged(notebook: NotebookNode, tag: str) -> int | None:
    return next((i for i, cell in enumerate(notebook.cells) if tag in cell.metadata.get("tags", [])), None)


def literal(value: Any) -> str:
    """Python source for a JSON-like value, NaN and the infinities included."""
    match value:
        case float() if not math.isfinite(value):
            return f"float({str(value)!r})"
        case list():
            return f"[{', '.join(literal(item) for item in value)}]"
        case dict():
            return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
        case _:
            return repr(value)
