"""An analysis of what a cell surely and possibly reads, binds and deletes (definite assignment, as in Java's specification)."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from durnb.fingerprint import scopes
from durnb.fingerprint.expressions import Expressions

_NO_CALL = frozenset(
    {
        "dataclass",
        "define",
        "frozen",
        "mutable",
        "attrs",
        "s",
        "property",
        "staticmethod",
        "classmethod",
        "cache",
        "lru_cache",
        "wraps",
        "total_ordering",
    }
)
_SWALLOWS = frozenset({"suppress", "raises", "assertRaises", "ignore", "catch"})


class Flow(Expressions):
    """Follows the flow of a cell's statements; `bound` is None where no control comes."""

    def __init__(self) -> None:
        super().__init__()
        self.loops: list[tuple[list[set[str] | None], list[set[str] | None]]] = []

    # -- flow ------------------------------------------------------------------------------------

    def statements(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            if self.bound is None:
                return
            handler = getattr(self, "on_" + type(statement).__name__, None)
            if handler is not None:
                handler(statement)
            else:
                for child in ast.iter_child_nodes(statement):
                    self.node(child)

    def branch(self, body: Iterable[ast.stmt], start: set[str] | None) -> set[str] | None:
        """The state after `body`, run from `start`; what it reads is not certain."""
        self.bound = None if start is None else set(start)
        with self.unsure():
            self.statements(body)
        return self.bound

    def on_If(self, node: ast.If) -> None:
        ends: list[set[str] | None] = []
        rest: list[ast.stmt] = [node]
        sure = self.sure
        while len(rest) == 1 and isinstance(rest[0], ast.If):  # a long elif chain is deep, not wide
            node = rest[0]
            self.expr(node.test)
            start = self.bound
            ends.append(self.branch(node.body, start))
            self.bound, self.sure, rest = start, False, node.orelse
        ends.append(self.branch(rest, self.bound))
        self.sure = sure
        self.bound = join(ends)

    def on_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.expr(node.iter)
        self._loop(node, endless=False)

    on_AsyncFor = on_For

    def on_While(self, node: ast.While) -> None:
        self.expr(node.test)
        self._loop(node, endless=isinstance(node.test, ast.Constant) and bool(node.test.value))

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, *, endless: bool) -> None:
        before = self.bound
        breaks: list[set[str] | None] = []
        end: set[str] | None = before
        for _ in range(2 if len(self.loops) < 4 else 1):  # the second pass meets functions that the first one defined
            continues: list[set[str] | None] = []
            self.loops.append((breaks, continues))
            self.bound = None if before is None else set(before)
            if not isinstance(node, ast.While):
                with self.unsure():
                    self.target(node.target)
            end = join([self.branch(node.body, self.bound), *continues])
            self.loops.pop()
        done = None if endless else join([before, end])
        after = self.branch(node.orelse, done)
        self.bound = join([after, *breaks])

    def on_Break(self, _node: ast.Break) -> None:
        if self.loops:
            self.loops[-1][0].append(self.bound)
        self.bound = None

    def on_Continue(self, _node: ast.Continue) -> None:
        if self.loops:
            self.loops[-1][1].append(self.bound)
        self.bound = None

    def on_Raise(self, node: ast.Raise) -> None:
        for child in ast.iter_child_nodes(node):
            self.node(child)
        self.bound = None

    def on_Return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.expr(node.value)
        self.bound = None

    def on_Assert(self, node: ast.Assert) -> None:
        self.expr(node.test)
        if node.msg is not None:
            with self.unsure():
                before = set(self.bound or ())
                self.expr(node.msg)
                self.bound = before

    def on_Try(self, node: ast.Try | ast.TryStar) -> None:
        start = set(self.bound or ())
        end = self.branch(node.body, start)
        torn = start - _unbound_in(node.body)
        ends = [self.branch(node.orelse, end)]
        for handler in node.handlers:
            ends.append(self._handler(handler, torn))
        after = join(ends)
        if node.finalbody:
            self.branch(node.finalbody, torn - _unbound_in([*node.orelse, *node.handlers]))
            after = self.branch(node.finalbody, after)
        self.bound = after

    on_TryStar = on_Try

    def _handler(self, handler: ast.ExceptHandler, start: set[str]) -> set[str] | None:
        self.bound = set(start)
        with self.unsure():
            if handler.type is not None:
                self.expr(handler.type)
            if handler.name:
                self.bind(handler.name)
            self.statements(handler.body)
            if handler.name:
                self.deletes.add(handler.name)
                if self.bound is not None:
                    self.bound.discard(handler.name)
        return self.bound

    def on_With(self, node: ast.With | ast.AsyncWith) -> None:
        swallows = False
        for item in node.items:
            self.expr(item.context_expr)
            if item.optional_vars is not None:
                self.target(item.optional_vars)
            swallows |= any(_last_word(part) in _SWALLOWS for part in ast.walk(item.context_expr))
        if not swallows:
            self.statements(node.body)
            return
        start = set(self.bound or ())
        self.bound = join([start - _unbound_in(node.body), self.branch(node.body, start)])

    on_AsyncWith = on_With

    def on_Match(self, node: ast.Match) -> None:
        self.expr(node.subject)
        start = set(self.bound or ())
        ends: list[set[str] | None] = []
        total = False
        for case in node.cases:
            self.bound = set(start)
            with self.unsure():
                self.node(case.pattern)
                for name in sorted(scopes.pattern_names(case.pattern)):
                    self.bind(name)
                if case.guard is not None:
                    self.expr(case.guard)
            ends.append(self.branch(case.body, self.bound))
            total |= case.guard is None and isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
        self.bound = join(ends if total else [*ends, start])

    # -- statements that bind ----------------------------------------------------------------------

    def on_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.value, ast.Lambda) and all(isinstance(target, ast.Name) for target in node.targets):
            for value in scopes.defaults(node.value.args):
                self.expr(value)
            for name in [target.id for target in node.targets if isinstance(target, ast.Name)]:
                self.bind(name)
                self.defer(name, scopes.free_names(node.value))
            return
        self.expr(node.value)
        for target in node.targets:
            self.target(target)

    def on_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.load(node.target.id)
        else:
            self.expr(node.target)
        self.expr(node.value)
        self.target(node.target)

    def on_AnnAssign(self, node: ast.AnnAssign) -> None:
        with self.unsure():
            self.expr(node.annotation)
        if node.value is not None:
            self.expr(node.value)
            self.target(node.target)
        elif not isinstance(node.target, ast.Name):
            self.target(node.target)

    def on_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self.target(target)

    def on_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom):
            self.imports.add("." * node.level + (node.module or ""))
        else:
            self.imports.update(alias.name for alias in node.names)
        self.everything |= scopes.reaches_everything(node)
        for alias in node.names:
            if alias.name != "*":
                self.bind(scopes.bound_by_import(alias))

    on_ImportFrom = on_Import

    def on_Global(self, _node: ast.Global) -> None:
        """Says nothing at the top of a cell."""

    def on_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for expression in (*node.decorator_list, *scopes.defaults(node.args)):
            self.expr(expression)
        with self.unsure(), self.scope(_types(node)):
            for expression in scopes.annotated(node):
                self.expr(expression)
        found = scopes.free_names(node)
        self._define(node, found)

    on_AsyncFunctionDef = on_FunctionDef

    def on_ClassDef(self, node: ast.ClassDef) -> None:
        for expression in (*node.decorator_list,):
            self.expr(expression)
        with self.scope(_types(node)):
            for expression in (*node.bases, *(keyword.value for keyword in node.keywords)):
                self.expr(expression)
        self.class_body(node)

    def class_body(self, node: ast.ClassDef) -> None:
        """The body runs at once, with names of its own; its methods run later."""
        inner = _ClassReader(self)
        inner.statements(node.body)
        later = inner.later
        own = {"__module__", "__qualname__"} | _types(node)
        self.everything |= inner.everything
        self.uses += [use for use in inner.uses if use[0] not in own]
        for name in inner.reads - own:
            if self.bound is None or name not in self.bound:
                self.reads.add(name)
        self.certain |= (inner.certain & inner.reads) - own if self.sure else set()
        self._define(node, later)

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, found: scopes.Free) -> None:
        if any(_last_word(decorator) not in _NO_CALL for decorator in node.decorator_list):
            self.use(found)
        self.bind(node.name)
        self.defer(node.name, found)

    def on_TypeAlias(self, node: ast.stmt) -> None:
        with self.unsure(), self.scope(_types(node)):
            self.expr(node.value)  # type: ignore[attr-defined]  # ast.TypeAlias is Python 3.12's
        self.target(node.name)  # type: ignore[attr-defined]  # the same


class _ClassReader(Flow):
    """A class body at the top of a cell: what it binds is its own, what it reads may be the cell's."""

    is_class = True

    def __init__(self, outer: Flow) -> None:
        super().__init__()
        self.outer = outer
        self.sure = outer.sure
        self.later = scopes.Free()
        self.said_global: set[str] = set()

    def load(self, name: str, attribute: str | None = None) -> None:
        super().load(name, attribute)
        if not self.is_local(name) and (self.bound is None or name not in self.bound):
            self.outer.call(name)
            if self.outer.is_bound(name):
                self.reads.discard(name)
                self.certain.discard(name)
            if name in self.outer.maybe:
                self.certain.discard(name)

    def on_Global(self, node: ast.Global) -> None:
        self.said_global.update(node.names)

    def bind(self, name: str) -> None:
        if name in self.said_global:
            self.outer.bind(name)
        else:
            super().bind(name)

    def defer(self, name: str, found: scopes.Free) -> None:
        later = self.later
        later.reads |= found.reads
        later.globals |= found.globals
        later.stores |= found.stores
        later.deletes |= found.deletes
        later.everything |= found.everything
        later.uses += found.uses

    def use(self, found: scopes.Free) -> None:
        self.outer.use(found)


def join(ends: Iterable[set[str] | None]) -> set[str] | None:
    """What is bound on every path that gets here."""
    reached = [end for end in ends if end is not None]
    return set.intersection(*reached) if reached else None


def _types(node: ast.AST) -> set[str]:
    names: set[str] = set()
    scopes.type_names(node, names)
    return names


def _unbound_in(body: Iterable[ast.AST]) -> set[str]:
    names: set[str] = set()
    for part in body:
        for node in ast.walk(part):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
                names.add(node.id)
            elif isinstance(node, ast.ExceptHandler) and node.name:
                names.add(node.name)
    return names


def _last_word(node: ast.AST) -> str:
    while isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
