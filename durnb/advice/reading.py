"""The code cells of a notebook as a check reads them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import field

from durnb.advice.findings import Finding, Severity
from durnb.engine.cells import NotebookCell, header_of, title
from durnb.engine.header import FoundHeader
from durnb.engine.work import python_of
from durnb.fingerprint import CellNames, cell_magic, names_of
from durnb.records import dataclass

NO_NAMES = CellNames(reads=frozenset(), certain=frozenset(), binds=frozenset(), deletes=frozenset(), everything=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCell:
    """A code cell: its place among them from 1, its step's header, its Python (None where there is none, or it can't be read) and that one's names."""

    number: int
    cell: NotebookCell
    header: FoundHeader | None
    tree: ast.Module | None
    names: CellNames = NO_NAMES
    first_line: int = 1
    calls: tuple[ast.Call, ...] = field(default=(), repr=False)

    @property
    def is_step(self) -> bool:
        return self.header is not None

    @property
    def body(self) -> str:
        """The cell without its header."""
        return self.header.body if self.header is not None else self.cell.source

    @property
    def where(self) -> str:
        """How people know the cell."""
        if self.header is None:
            return f"cell {self.number} ({title(self.cell.source)})"
        name = f"step {self.header.header.name}"
        return f"{name} ({title(self.body)})" if self.header.spelling == "unmarked" else name

    @property
    def place(self) -> str:
        """The same, where its text must not be told."""
        return f"cell {self.number}" if self.header is None else f"step {self.header.header.name}"

    def finding(self, severity: Severity, kind: str, what: str, cure: str, node: ast.AST | None = None) -> Finding:
        """A finding in this cell, at the line of `node`."""
        line = getattr(node, "lineno", 0)
        at = line + self.first_line - 1 if line else 0
        return Finding(severity=severity, kind=kind, where=self.where, what=what, cure=cure, cell=self.number, line=at)

    def statements(self) -> Iterator[ast.stmt]:
        """The statements at the top of the cell, and in its branches and loops: not those of functions and classes."""
        waiting: list[ast.AST] = list(reversed(self.tree.body)) if self.tree is not None else []
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.stmt):
                yield node
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
                waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def read_cells(cells: Sequence[NotebookCell]) -> list[ReadCell]:
    """The code cells that are not empty; steps are marked in `cells` already where ``%durable all`` makes them."""
    code = [cell for cell in cells if cell.type == "code" and cell.source.strip()]
    return [_read(number, cell) for number, cell in enumerate(code, start=1)]


def _read(number: int, cell: NotebookCell) -> ReadCell:
    header = header_of(cell)
    body = header.body if header is not None else cell.source
    tree = python_of(body)
    magic = cell_magic(body)
    above = cell.source.count("\n") - (magic.body if magic is not None else body).count("\n")
    calls = tuple(node for node in ast.walk(tree) if isinstance(node, ast.Call)) if tree is not None else ()
    names = names_of(tree) if tree is not None else NO_NAMES
    return ReadCell(number=number, cell=cell, header=header, tree=tree, names=names, first_line=above + 1, calls=calls)
