"""The cell that sets a run's parameters in its notebook."""

from __future__ import annotations

import ast
import copy
import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from durnb.engine.cells import NotebookCell, header_of, title
from durnb.engine.suggestions import nearest
from durnb.engine.work import does_work, python_of
from durnb.errors import UsageError
from durnb.fingerprint import CellNames, magic_of, names_of
from durnb.records import dataclass
from durnb.runner.cells import notebook_cells

PARAMETERS_TAG: Final = "parameters"
INJECTED_TAG: Final = "injected-parameters"
HOW_TO_TAG: Final = "in JupyterLab: the gears at the right, Cell Tags"


def inject(notebook: NotebookNode, parameters: Mapping[str, Any]) -> NotebookNode:
    """A copy of the notebook with a cell that sets the parameters, where papermill would put it.

    It replaces a cell tagged ``injected-parameters``, else follows the one tagged ``parameters``, else comes first.
    Raises UsageError for a parameter that the notebook does not know, and for one that a cell below would overwrite.
    """
    if not parameters:
        return copy.deepcopy(notebook)
    old, defaults = _tagged(notebook, INJECTED_TAG), _tagged(notebook, PARAMETERS_TAG)
    place = old if old is not None else 0 if defaults is None else defaults + 1
    cells = notebook_cells(notebook)
    read = [_read(cell) for cell in cells]
    if defaults is None:
        _refuse_overwritten(cells, read, place, parameters)
        _refuse_unread(read, parameters)
    else:
        _refuse_unknown(read, parameters)
    injected = copy.deepcopy(notebook)
    injected.cells[place : place if old is None else place + 1] = [
        _parameters_cell(parameters, with_id=(injected.nbformat, injected.nbformat_minor) >= (4, 5))
    ]
    return injected


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a cell says of names. `mentions` are those of which its text may take the value, though Python does not read them there: a shell's, a magic's."""

    names: CellNames | None
    mentions: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    defaults: bool = False

    @property
    def binds(self) -> frozenset[str]:
        return self.names.binds if self.names is not None else frozenset()

    @property
    def reads(self) -> frozenset[str]:
        return self.mentions | (self.names.reads if self.names is not None else frozenset())

    @property
    def everything(self) -> bool:
        return self.names is not None and self.names.everything

    def overwrites(self, name: str) -> bool:
        """Whether it binds the name whatever that was before: ``n = 1``, and not ``n = n + 1`` or ``if "n" not in globals(): n = 1``."""
        if self.names is None or name not in self.names.binds or name in self.names.reads:
            return False
        return not (self.names.everything and name in self.texts)


_NOTHING: Final = _Read(names=None)


def _read(cell: NotebookCell) -> _Read:
    if cell.type != "code" or INJECTED_TAG in cell.tags:
        return _NOTHING
    header = header_of(cell)
    source = header.body if header is not None else cell.source
    tree = python_of(source)
    if tree is None:  # a shell's or another language's, into which IPython may put variables
        return _Read(names=None, mentions=_words(source))
    nodes = list(ast.walk(tree))
    lines = [magic.line for node in nodes if (magic := magic_of(node)) is not None]
    return _Read(
        names=names_of(tree),
        mentions=frozenset().union(*map(_words, lines)),
        texts=frozenset(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)),
        defaults=PARAMETERS_TAG in cell.tags,
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text))


def _refuse_overwritten(cells: Sequence[NotebookCell], read: Sequence[_Read], place: int, parameters: Mapping[str, Any]) -> None:
    """A value that a cell below replaces would name the run, and be computed with nowhere."""
    for index, name in ((i, name) for i in range(place, len(read)) for name in parameters if read[i].overwrites(name)):
        cell, header = cells[index], header_of(cells[index])
        number = sum(each.type == "code" and bool(each.source.strip()) for each in cells[: index + 1])
        tag = f"put what sets {name} into a cell of its own, and tag that" if header or does_work(cell.source) else "tag that cell"
        raise UsageError(
            f"-p {name}={parameters[name]}: code cell {number} ({f'step {header.header.name}' if header else title(cell.source)}) sets {name}, so the "
            f"value that you give would be lost: {tag} `{PARAMETERS_TAG}` ({HOW_TO_TAG}); your value then comes after the one there"
        )


def _refuse_unread(read: Sequence[_Read], parameters: Iterable[str]) -> None:
    """A name that no cell reads or binds would change the run's key and nothing else."""
    if any(cell.everything for cell in read):  # globals(), exec, %run -i: whatever is there
        return
    bound = frozenset[str]().union(*(cell.binds for cell in read))
    known = bound | frozenset[str]().union(*(cell.reads for cell in read))
    for name in parameters:
        if name not in known:
            near = nearest(name, sorted(_from_outside(read)))
            raise UsageError(
                f"no cell of the notebook reads {name!r}, so -p {name}=… would change nothing{f': did you mean {near}?' if near else ''}. "
                f"What -p sets is a variable; a cell tagged `{PARAMETERS_TAG}` ({HOW_TO_TAG}) holds the defaults"
            )


def _refuse_unknown(read: Sequence[_Read], parameters: Iterable[str]) -> None:
    """Where the notebook has a parameters cell, a name that neither that cell binds nor another reads would change the run's key and nothing else."""
    defaults = frozenset[str]().union(*(cell.binds for cell in read if cell.defaults))
    known = defaults | _from_outside(read)
    unknown = [name for name in parameters if name not in known] if defaults else []
    if unknown:
        near = difflib.get_close_matches(unknown[0], sorted(known), n=1)
        raise UsageError(
            f"the notebook has no parameter {unknown[0]!r}{f', did you mean {near[0]}?' if near else ':'} its parameters cell sets "
            f"{', '.join(sorted(defaults))}. Where {unknown[0]} is meant, give it a default there"
        )


def _from_outside(read: Iterable[_Read]) -> frozenset[str]:
    """The names that cells read though no cell above binds them."""
    bound = free = frozenset[str]()
    for cell in read:
        free |= cell.reads - bound
        bound |= cell.binds
    return free


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
