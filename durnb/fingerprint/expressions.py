"""What the expressions of a cell read and bind, in the order in which they are evaluated."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager

from durnb.fingerprint import scopes
from durnb.fingerprint.magics import Effects, names_in_text, special


class Expressions:
    """The state of the analysis, and its steps over expressions."""

    is_class = False

    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.certain: set[str] = set()
        self.binds: set[str] = set()
        self.deletes: set[str] = set()
        self.imports: set[str] = set()
        self.uses: list[tuple[str, str | None]] = []
        self.everything = False
        self.bound: set[str] | None = set()
        self.maybe: set[str] = set()
        self.sure = True
        self.pending: dict[str, scopes.Free] = {}
        self.hidden: list[set[str]] = []

    # -- state ------------------------------------------------------------------------------------

    @contextmanager
    def unsure(self) -> Iterator[None]:
        """What is read inside is not read for certain."""
        before, self.sure = self.sure, False
        try:
            yield
        finally:
            self.sure = before

    @contextmanager
    def scope(self, names: set[str]) -> Iterator[None]:
        """`names` are local inside."""
        self.hidden.append(names)
        try:
            yield
        finally:
            self.hidden.pop()

    def is_local(self, name: str) -> bool:
        return any(name in names for names in self.hidden)

    def is_bound(self, name: str) -> bool:
        return self.bound is not None and name in self.bound

    def load(self, name: str, attribute: str | None = None) -> None:
        """`name` is read here."""
        if self.is_local(name):
            return
        self.call(name)
        self.uses.append((name, attribute))
        if self.is_bound(name):
            return
        self.reads.add(name)
        if self.sure and name not in self.maybe:
            self.certain.add(name)
        if name in scopes.ANYTHING and name not in self.maybe:
            self.everything = True

    def bind(self, name: str) -> None:
        """`name` is bound here."""
        self.binds.add(name)
        self.maybe.add(name)
        if self.bound is not None:
            self.bound.add(name)

    def delete(self, name: str) -> None:
        """Deleting needs the name to be there, so a second attempt needs its value: it counts as read."""
        self.load(name)
        self.deletes.add(name)
        self.maybe.add(name)
        if self.bound is not None:
            self.bound.discard(name)

    def defer(self, name: str, found: scopes.Free) -> None:
        """A function's body reads when it is called, so not before its name is used."""
        self.stores(found)
        before = self.pending.get(name)
        if before is not None:
            found.reads |= before.reads
            found.globals |= before.globals
        self.pending[name] = found

    def call(self, name: str) -> None:
        """From here on the function of that name, if the cell defines it, may run."""
        found = self.pending.pop(name, None)
        if found is not None:
            self.use(found)

    def use(self, found: scopes.Free) -> None:
        """A function runs, perhaps: its free names are read, none for certain."""
        self.stores(found)
        with self.unsure():
            for name in sorted(found.reads | found.globals):
                self.call(name)
                if not self.is_local(name) and not self.is_bound(name):
                    self.reads.add(name)

    def stores(self, found: scopes.Free) -> None:
        self.binds |= found.stores
        self.maybe |= found.stores | found.deletes
        self.deletes |= found.deletes
        self.everything |= found.everything
        self.uses += found.uses
        found.uses = []

    def finish(self) -> None:
        """Functions that the cell only defines read what the cell does not surely leave bound."""
        for name in list(self.pending):
            self.call(name)

    # -- nodes ------------------------------------------------------------------------------------

    def node(self, node: ast.AST) -> None:
        """Any node: expressions, patterns, keywords, slices."""
        if isinstance(node, ast.expr):
            self.expr(node)
        else:
            for child in ast.iter_child_nodes(node):
                self.node(child)

    def expr(self, node: ast.expr) -> None:
        """An expression that is evaluated here."""
        match node:
            case ast.Name(ctx=ast.Load()):
                self.load(node.id)
            case ast.Name():
                self.target(node)
            case ast.Attribute(value=ast.Name(id=name, ctx=ast.Load()), ctx=ast.Load()):
                self.load(name, node.attr)
            case ast.NamedExpr():
                self.expr(node.value)
                self.bind(node.target.id)
            case ast.BoolOp():
                self._first_then_maybe(node.values[:1], node.values[1:])
            case ast.Compare():
                self._first_then_maybe([node.left, node.comparators[0]], node.comparators[1:])
            case ast.IfExp():
                self._choice(node)
            case ast.BinOp():
                self._chain(node)
            case ast.Lambda():
                self._lambda(node)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node)
            case ast.Call():
                self._call(node)
            case ast.Dict():
                for key, value in zip(node.keys, node.values, strict=True):
                    if key is not None:
                        self.expr(key)
                    self.expr(value)
            case _:
                for child in ast.iter_child_nodes(node):
                    self.node(child)

    def target(self, node: ast.expr) -> None:
        """An expression that is assigned to, or deleted."""
        match node:
            case ast.Name(ctx=ast.Del()):
                self.delete(node.id)
            case ast.Name():
                self.bind(node.id)
            case ast.Tuple() | ast.List():
                for part in node.elts:
                    self.target(part)
            case ast.Starred():
                self.target(node.value)
            case _:  # an attribute or an item: its owner is read
                for child in ast.iter_child_nodes(node):
                    self.node(child)

    def _first_then_maybe(self, first: list[ast.expr], rest: list[ast.expr]) -> None:
        for part in first:
            self.expr(part)
        before = None if self.bound is None else set(self.bound)
        with self.unsure():
            for part in rest:
                self.expr(part)
        self.bound = before

    def _choice(self, node: ast.IfExp) -> None:
        self.expr(node.test)
        before = set(self.bound or ())
        with self.unsure():
            self.expr(node.body)
            first = set(self.bound or ())
            self.bound = set(before)
            self.expr(node.orelse)
        self.bound = first & set(self.bound or ())

    def _chain(self, node: ast.BinOp) -> None:
        """``a + b + c + …`` is as deep as it is long."""
        right: list[ast.expr] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            right.append(left.right)
            left = left.left
        self.expr(left)
        for part in reversed(right):
            self.expr(part)

    def _lambda(self, node: ast.Lambda) -> None:
        for value in scopes.defaults(node.args):
            self.expr(value)
        self.use(scopes.free_names(node))

    def _comprehension(self, node: scopes.Comprehension) -> None:
        self.expr(node.generators[0].iter)
        own = {name for generator in node.generators for name in scopes.target_names(generator.target)}
        before = None if self.bound is None else set(self.bound)
        if self.is_class:  # a comprehension does not see the names of a class body
            self.bound = set()
        with self.unsure(), self.scope(own):
            for at, generator in enumerate(node.generators):
                for part in (*([generator.iter] if at else ()), *generator.ifs):
                    self.expr(part)
                if not isinstance(generator.target, ast.Name):
                    self._reads_of_target(generator.target)
            for part in scopes.comprehended(node):
                self.expr(part)
        self.bound = before

    def _reads_of_target(self, target: ast.expr) -> None:
        for part in ast.walk(target):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
                self.load(part.id)

    def _call(self, node: ast.Call) -> None:
        effects = special(node)
        if effects is not None:
            self.effects(effects)
            return
        names, blind = names_in_text(node)
        with self.unsure():
            for name in sorted(names):
                self.load(name)
        function = node.func
        bare = isinstance(function, ast.Name) and function.id in scopes.BARE_ANYTHING and not node.args and not node.keywords
        imports_main = any(isinstance(arg, ast.Constant) and arg.value == "__main__" for arg in node.args)
        self.everything |= blind or bare or imports_main
        for child in ast.iter_child_nodes(node):
            self.node(child)

    def effects(self, effects: Effects) -> None:
        """A magic or a shell line."""
        with self.unsure():
            for name in sorted(effects.reads):
                self.load(name)
        self.everything |= effects.everything
        body = [statement for tree in effects.trees for statement in tree.body]
        if effects.trees_bind:
            self.statements(body)
        else:
            self._beside(body)
        for name in sorted(effects.binds):
            self.bind(name)

    def _beside(self, body: list[ast.stmt]) -> None:
        """Code that runs with the cell's names and binds none of them."""
        kept = self.bound, set(self.binds), set(self.maybe)
        self.bound = None if self.bound is None else set(self.bound)
        with self.unsure():
            self.statements(body)
        self.bound, self.binds, self.maybe = kept

    def statements(self, body: list[ast.stmt]) -> None:
        """Statements inside an expression: the body of a magic."""
        raise NotImplementedError
