"""Loops of ``durnb.loop`` that change what their ``save=`` does not name: a loop that goes on after a crash would not find it as it was."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from durnb.advice.findings import Finding
from durnb.advice.reading import ReadCell
from durnb.engine.carrying import carried_by
from durnb.engine.work import dotted

_MAKERS: Final = frozenset({"list", "dict", "set", "bytearray", "deque", "defaultdict", "OrderedDict", "Counter"})


def find(cells: Sequence[ReadCell]) -> Iterator[Finding]:
    """A warning on each such loop."""
    containers = frozenset(_containers(statement for cell in cells for statement in cell.statements()))
    for cell in cells:
        if not cell.is_step or cell.tree is None:
            continue
        for loop in ast.walk(cell.tree):
            if isinstance(loop, ast.For | ast.AsyncFor) and (call := _durable(loop)) is not None and (saved := _saved(call)) is not None:
                yield from _unsaved(cell, loop, saved, containers)


def _unsaved(cell: ReadCell, loop: ast.For | ast.AsyncFor, saved: Sequence[str], containers: frozenset[str]) -> Iterator[Finding]:
    carried = carried_by(loop)
    missing = sorted((carried.sets | (carried.grown & containers)) - frozenset(saved))
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        what = f"its loop changes {names} from item to item, and save= does not name {'it' if len(missing) == 1 else 'them'}"
        every = ", ".join(repr(name) for name in [*saved, *missing])
        cure = f"save=[{every}]: a loop that goes on after a crash finds what is saved, and of all else what was bound before it"
        yield cell.finding("warning", "loop-not-saved", what, cure, loop)


def _durable(loop: ast.For | ast.AsyncFor) -> ast.Call | None:
    """The call of ``durnb.loop`` that the loop goes through, bare or inside another such as tqdm's."""
    calls = (node for node in ast.walk(loop.iter) if isinstance(node, ast.Call))
    return next((call for call in calls if dotted(call.func) == "durnb.loop"), None)


def _saved(call: ast.Call) -> list[str] | None:
    """The names in its ``save=``; None where its text does not tell."""
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "save"), None)
    items = given.elts if isinstance(given, ast.List | ast.Tuple | ast.Set) else [given] if given is not None else []
    names = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return names if len(names) == len(items) and all(keyword.arg is not None for keyword in call.keywords) else None


def _containers(statements: Iterable[ast.stmt]) -> Iterator[str]:
    """Names that are bound to a list, dict or set."""
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_container(value):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if _is_container(value):
                yield name
            case _:
                pass


def _is_container(value: ast.expr) -> bool:
    made = isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] in _MAKERS
    return made or isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)
