"""Plain cells, which run at every Run All: those that take long, change what steps made, or give another value each time."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from durnb.advice.findings import Finding
from durnb.advice.reading import ReadCell
from durnb.engine.work import dotted

LONG: Final = 5.0  # seconds; what a plain cell may take before it is worth a word

_MUTATORS: Final = frozenset(
    {
        *("append", "extend", "insert", "update", "pop", "popitem", "remove", "clear", "sort", "reverse", "add", "discard", "setdefault"),
        *("appendleft", "extendleft", "fill", "put", "resize"),
    }
)
_CLOCK: Final = (
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "Timestamp.now", "Timestamp.today"),
    *("time.time", "time.time_ns", "time.strftime", "time.ctime", "perf_counter"),
)
_IDENTITY: Final = ("uuid1", "uuid4", "token_hex", "token_urlsafe")
_DRAWS: Final = frozenset({"rand", "randn", "randint", "random", "choice", "permutation", "shuffle", "normal", "uniform", "sample"})
_SEEDS: Final = ("seed", "set_seed", "manual_seed", "seed_everything", "set_random_seed")


def find(cells: Sequence[ReadCell]) -> Iterator[Finding]:
    """Warnings on plain cells: values that differ each time and that steps read, and changes in place of what a step made."""
    seeded = any(is_seeding(call) for cell in cells for call in cell.calls)
    makers: dict[str, ReadCell] = {}
    for at, cell in enumerate(cells):
        if cell.is_step:
            makers.update(dict.fromkeys(cell.names.binds, cell))
            continue
        yield from _changes(cell, makers)
        yield from _volatile(cell, cells[at + 1 :], seeded)


def long_ones(cells: Sequence[ReadCell], seconds: Mapping[int, float]) -> Iterator[Finding]:
    """Warnings on plain cells that took long; `seconds` by the cells' numbers."""
    for cell in cells:
        took = seconds.get(cell.number, 0.0)
        if not cell.is_step and took >= LONG:
            what = f"it took {took:.0f} s when it ran last, and it is plain: it runs at every Run All"
            yield cell.finding("warning", "long-plain-cell", what, "make it a step: a first line %%durable NAME")


def _changes(cell: ReadCell, makers: Mapping[str, ReadCell]) -> Iterator[Finding]:
    told: set[str] = set()
    for statement in cell.statements():
        for name in sorted(_changed_by(statement) & makers.keys() - told):
            told.add(name)
            what = f"it changes `{name}`, which {makers[name].where} made, at every Run All; the step has to put it back each time"
            yield cell.finding("warning", "plain-change", what, "make the change in a step", statement)


def _changed_by(statement: ast.stmt) -> set[str]:
    """Names whose values a statement changes in place."""
    parts: list[ast.expr]
    match statement:
        case ast.Assign(targets=targets):
            parts = [target for target in targets if isinstance(target, ast.Attribute | ast.Subscript)]
        case ast.AugAssign(target=ast.Attribute() | ast.Subscript() as target) | ast.AnnAssign(target=ast.Attribute() as target):
            parts = [target]
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr=attribute), keywords=keywords)):
            in_place = any(k.arg == "inplace" and isinstance(k.value, ast.Constant) and k.value.value is True for k in keywords)
            parts = [owner] if in_place or attribute in _MUTATORS else []
        case _:
            parts = []
    return {root for part in parts if (root := _root(part))}


def _root(part: ast.expr) -> str:
    """The name that a chain of attributes and items begins with; empty where it is a call's result."""
    while isinstance(part, ast.Attribute | ast.Subscript):
        part = part.value
    return part.id if isinstance(part, ast.Name) else ""


def _volatile(cell: ReadCell, below: Sequence[ReadCell], seeded: bool) -> Iterator[Finding]:
    for statement in cell.statements():
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            continue
        source = next((word for call in _calls_in(statement.value) if (word := volatile(call, seeded))), "")
        names = [node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
        reader = next((step for step in below if step.is_step and not step.names.reads.isdisjoint(names)), None)
        if source and reader is not None:
            what = f"`{names[0]}` is another value at every Run All ({source}), so {reader.where}, which reads it, runs again each time"
            yield cell.finding("warning", "volatile-input", what, "make it in a step: then it is kept for the whole run", statement)


def _calls_in(value: ast.expr) -> Iterator[ast.Call]:
    return (node for node in ast.walk(value) if isinstance(node, ast.Call))


def volatile(call: ast.Call, seeded: bool) -> str:
    """The function that gives another value each time; empty for all others."""
    name = dotted(call.func)
    if any(f".{name}".endswith(f".{ending}") for ending in (*_CLOCK, *_IDENTITY)):
        return f"{name}()"
    return f"{name}() without a seed" if not seeded and draws(call) else ""


def draws(call: ast.Call) -> bool:
    """Whether a call draws from a library's own generator, or makes one that has no seed."""
    name = dotted(call.func)
    words = name.split(".")
    if words[-1] == "default_rng" or words[-2:] == ["random", "RandomState"]:
        return not call.args and not call.keywords
    return len(words) > 1 and words[-2] == "random" and words[-1] in _DRAWS and words[0] in ("np", "numpy", "random")


def is_seeding(call: ast.Call) -> bool:
    """Whether a call sets a seed."""
    return dotted(call.func).rpartition(".")[2] in _SEEDS
