"""The cell that sets a run's parameters in its notebook."""

from __future__ import annotations

import copy
import difflib
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from durnb.engine.cells import header_of
from durnb.engine.work import python_of
from durnb.errors import UsageError
from durnb.fingerprint import names_of
from durnb.runner.cells import notebook_cells

PARAMETERS_TAG: Final = "parameters"
INJECTED_TAG: Final = "injected-parameters"


def inject(notebook: NotebookNode, parameters: Mapping[str, Any]) -> NotebookNode:
    """A copy of the notebook with a cell that sets the parameters, where papermill would put it.

    It replaces a cell tagged ``injected-parameters``, else follows the one tagged ``parameters``, else comes first.
    Raises UsageError for a parameter that the notebook does not know.
    """
    _refuse_unknown(notebook, parameters)
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


def _refuse_unknown(notebook: NotebookNode, parameters: Iterable[str]) -> None:
    """Where the notebook has a parameters cell, a name that neither that cell binds nor another reads would change the run's key and nothing else."""
    defaults, free = _parameters_of(notebook)
    unknown = [name for name in parameters if name not in defaults | free] if defaults else []
    if unknown:
        near = difflib.get_close_matches(unknown[0], sorted(defaults | free), n=1)
        raise UsageError(
            f"the notebook has no parameter {unknown[0]!r}{f', did you mean {near[0]}?' if near else ':'} its parameters cell sets "
            f"{', '.join(sorted(defaults))}. Where {unknown[0]} is meant, give it a default there"
        )


def _parameters_of(notebook: NotebookNode) -> tuple[frozenset[str], frozenset[str]]:
    """The names that the cell of defaults binds, and those that other cells read though no cell above binds them."""
    defaults: frozenset[str] = frozenset()
    bound: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset()
    for cell in notebook_cells(notebook):
        if cell.type != "code" or INJECTED_TAG in cell.tags:
            continue
        header = header_of(cell)
        source = header.body if header is not None else cell.source
        tree = python_of(source)
        if tree is None:  # a shell's or another language's, into which IPython may put variables
            free |= frozenset(re.findall(r"\w+", source)) - bound
            continue
        names = names_of(tree)
        free |= names.reads - bound
        bound |= names.binds
        defaults |= names.binds if PARAMETERS_TAG in cell.tags else frozenset()
    return defaults, free


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
