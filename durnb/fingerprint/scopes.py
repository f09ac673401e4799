"""What a function's text reads and sets of the namespace around it."""

from __future__ import annotations

import ast
from dataclasses import field

from durnb.fingerprint.magics import Effects, names_in_text, special
from durnb.records import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

ANYTHING = frozenset({"globals", "exec", "eval", "get_ipython"})
"""Builtins by which code reaches every name."""
BARE_ANYTHING = frozenset({"locals", "vars", "dir"})
"""The same where they are called without arguments at the top of a cell."""


@dataclass(slots=True)
class Free:
    """Names that a function takes from outside, and what it does to global ones."""

    reads: set[str] = field(default_factory=set)
    globals: set[str] = field(default_factory=set)  # read, and said to be global: no enclosing function owns them
    stores: set[str] = field(default_factory=set)
    deletes: set[str] = field(default_factory=set)
    everything: bool = False
    uses: list[tuple[str, str | None]] = field(default_factory=list)  # (name, attribute taken directly from it)


def bound_by_import(alias: ast.alias) -> str:
    """The name that ``import a.b`` or ``from a import b as c`` binds."""
    return alias.asname or alias.name.split(".")[0]


def reaches_everything(node: ast.Import | ast.ImportFrom) -> bool:
    """Star imports bind who knows what; ``import __main__`` is the namespace itself."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "__main__" or any(alias.name == "*" for alias in node.names)
    return any(alias.name == "__main__" for alias in node.names)


def parameters(arguments: ast.arguments) -> set[str]:
    """The names of a function's parameters."""
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    found += [arg for arg in (arguments.vararg, arguments.kwarg) if arg is not None]
    return {arg.arg for arg in found}


def pattern_names(pattern: ast.AST) -> set[str]:
    """The names that a match pattern captures."""
    names: set[str] = set()
    for node in ast.walk(pattern):
        if isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names.add(node.rest)
    return names


def target_names(target: ast.AST) -> set[str]:
    """The names that an assignment target binds."""
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def free_names(function: Function) -> Free:
    """What `function`'s body takes from outside; its defaults, decorators and annotations belong to the place of definition."""
    scope = _Scope(bound=parameters(function.args))
    body = [function.body] if isinstance(function, ast.Lambda) else function.body
    type_names(function, scope.bound)
    for statement in body:
        scope.visit(statement)
    return scope.close()


def type_names(node: ast.AST, into: set[str]) -> None:
    """Type parameters (``def f[T]``, Python 3.12) are names of the definition's own."""
    for parameter in getattr(node, "type_params", None) or ():
        into.add(parameter.name)


class _Scope(ast.NodeVisitor):
    """Collects the names of one function or class scope."""

    def __init__(self, bound: set[str], *, is_class: bool = False) -> None:
        self.bound = bound
        self.is_class = is_class
        self.hidden: list[set[str]] = []
        self.found = Free()
        self.said_global: set[str] = set()
        self.said_nonlocal: set[str] = set()
        self.stored: set[str] = set()
        self.deleted: set[str] = set()

    def close(self) -> Free:
        own = (self.bound | self.stored | self.deleted) - self.said_global - self.said_nonlocal
        found = self.found
        found.globals |= found.reads & self.said_global
        visible = set() if self.is_class else own  # a class body may read the outer name before it binds its own
        found.reads = found.reads - visible - self.said_global
        found.stores |= self.stored & self.said_global
        found.deletes |= self.deleted & self.said_global
        found.globals |= self.deleted & self.said_global
        found.uses = [use for use in found.uses if use[0] not in visible]
        return found

    def add(self, inner: Free) -> None:
        self.found.reads |= inner.reads
        self.found.globals |= inner.globals
        self.found.stores |= inner.stores
        self.found.deletes |= inner.deletes
        self.found.everything |= inner.everything
        self.found.uses += inner.uses

    def load(self, name: str, attribute: str | None = None) -> None:
        if any(name in names for names in self.hidden):
            return
        self.found.reads.add(name)
        self.found.uses.append((name, attribute))
        if name in ANYTHING and name not in self.bound:
            self.found.everything = True

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.load(node.id)
        elif isinstance(node.ctx, ast.Store):
            self.stored.add(node.id)
        else:
            self.deleted.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.value, ast.Name) and isinstance(node.ctx, ast.Load):
            self.load(node.value.id, node.attr)
        else:
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.load(node.target.id)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> None:
        self.said_global.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.said_nonlocal.update(node.names)

    def visit_Import(self, node: ast.Import) -> None:
        self.stored.update(bound_by_import(alias) for alias in node.names)
        self.found.everything |= reaches_everything(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.stored.update(bound_by_import(alias) for alias in node.names if alias.name != "*")
        self.found.everything |= reaches_everything(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.stored.add(node.name)
        self.generic_visit(node)

    def visit_match_case(self, node: ast.match_case) -> None:
        self.stored |= pattern_names(node.pattern)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        effects = special(node)
        if effects is not None:
            self._effects(effects)
            return
        names, blind = names_in_text(node)
        for name in names:
            self.load(name)
        self.found.everything |= blind
        self.generic_visit(node)

    def _effects(self, effects: Effects) -> None:
        for name in effects.reads:
            self.load(name)
        self.found.everything |= effects.everything
        for tree in effects.trees:  # IPython runs it in the namespace, whatever function it stands in
            for name in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}:
                self.load(name)
            if effects.trees_bind:
                self.found.stores |= target_names(tree)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._define(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._define(node)

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for expression in (*node.decorator_list, *defaults(node.args), *annotated(node)):
            self.visit(expression)
        self.stored.add(node.name)
        self.add(free_names(node))

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for expression in defaults(node.args):
            self.visit(expression)
        inner = free_names(node)
        inner.reads = {name for name in inner.reads if not any(name in names for names in self.hidden)}
        self.add(inner)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for expression in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.visit(expression)
        self.stored.add(node.name)
        self.add(class_names(node))

    def _comprehend(self, node: Comprehension) -> None:
        self.visit(node.generators[0].iter)
        self.hidden.append({name for generator in node.generators for name in target_names(generator.target)})
        for at, generator in enumerate(node.generators):
            for expression in (generator.target, *([generator.iter] if at else ()), *generator.ifs):
                self._inner(expression)
        for expression in comprehended(node):
            self._inner(expression)
        self.hidden.pop()

    def _inner(self, expression: ast.expr) -> None:
        before = set(self.stored)
        self.visit(expression)
        walrus = {n.target.id for n in ast.walk(expression) if isinstance(n, ast.NamedExpr)}
        self.stored = before | (self.stored & walrus)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehend


def class_names(node: ast.ClassDef) -> Free:
    """What a class's body and its methods take from outside the class."""
    scope = _Scope(bound=set(), is_class=True)
    for statement in node.body:
        scope.visit(statement)
    found = scope.close()
    own: set[str] = {"__module__", "__qualname__"}
    type_names(node, own)
    found.reads -= own
    return found


def comprehended(node: Comprehension) -> tuple[ast.expr, ...]:
    """The element of a comprehension."""
    return (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)


def defaults(arguments: ast.arguments) -> list[ast.expr]:
    """Default values, which are evaluated where the function is defined."""
    return [*arguments.defaults, *(value for value in arguments.kw_defaults if value is not None)]


def annotated(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    """The annotations of a function's parameters and result."""
    arguments = function.args
    found = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    found += [arg for arg in (arguments.vararg, arguments.kwarg) if arg is not None]
    notes = [arg.annotation for arg in found if arg.annotation is not None]
    return notes + ([function.returns] if function.returns is not None else [])
