"""What the texts of plain cells say of the names and settings that steps depend on, and which of them a kernel has run as they stand. Pure."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Final

from durnb.engine.exposure import exposed
from durnb.engine.touches import changes_given, does_more, given_to, handled, touched
from durnb.engine.work import dotted, imported_by, is_setting_magic, python_of, sets_option
from durnb.fingerprint import Written, magic_of, names_of, written
from durnb.records import dataclass

_SETS_TOO: Final = frozenset({"chdir", "putenv", "getcontext", "setcontext"})
_NOTHING: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText:
    """One cell's text: the names that it binds and reads, and whether it may set an option or, `everything`, bind what it does not name.

    `imported` are the names that it only imports, with their modules; `fixed` those whose value the text tells. It `acts` where running it runs code
    that it does not show; `handled` are the names that it reads to do more than call them, `touches` those whose values it visibly changes or lends out;
    `given` are pairs of a function that it calls and a name whose value that is given, and
    `changes_given` says that a function of the cell visibly changes what it is given.
    """

    binds: frozenset[str] = _NOTHING
    reads: frozenset[str] = _NOTHING
    imported: Mapping[str, str] = field(default_factory=dict[str, str])
    fixed: Mapping[str, Written] = field(default_factory=dict[str, Written])
    acts: bool = False
    handled: frozenset[str] = _NOTHING
    touches: frozenset[str] = _NOTHING
    given: frozenset[tuple[str, str]] = frozenset()
    changes_given: bool = False
    sets: bool = False
    everything: bool = False


@lru_cache(maxsize=4096)  # a panel plans again at each change of the run
def read_plain(source: str) -> PlainText:
    """Read a cell as it was typed; of one that can't be read, nothing is known."""
    tree = python_of(source)
    if tree is None:
        return PlainText(acts=True)
    names, imported = names_of(tree), imported_by(tree)
    nodes = list(ast.walk(tree))
    bound = Counter(name for node in nodes for name in _bound_by(node))
    modules = {name: module for statement in tree.body for name, module in _imports(statement) if bound[name] == 1}
    fixed = {name: value for statement in tree.body for name, value in written(statement) if bound[name] == 1}
    return PlainText(
        binds=names.binds | names.deletes,
        reads=names.reads,
        imported=modules,
        fixed={name: value for name, value in fixed.items() if name not in names.deletes},
        acts=any(map(does_more, tree.body)),
        handled=handled(tree),
        touches=(touched(tree) | (exposed(tree) - modules.keys())) & (names.reads | names.binds),
        given=given_to(tree),
        changes_given=changes_given(tree),
        sets=any(_sets(node, imported) for node in nodes),
        everything=names.everything,
    )


def _bound_by(node: ast.AST) -> Iterator[str]:
    """The names that a node binds itself; those of a function's body too, which its ``global`` may make the cell's."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in aliases)
        case _:
            return


def _imports(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """The names that an import binds, each with its module; not those of ``from m import a as b``, for `b` does not say what it is."""
    match statement:
        case ast.Import(names=aliases):
            yield from ((alias.asname or alias.name.partition(".")[0], alias.name) for alias in aliases)
        case ast.ImportFrom(module=str(module), names=aliases, level=0):
            yield from ((alias.name, module) for alias in aliases if alias.asname is None)
        case _:
            return


def _sets(node: ast.AST, imported: frozenset[str]) -> bool:
    if isinstance(node, ast.Call):
        magic = magic_of(node)
        if magic is not None:
            return magic.name == "cd" or (is_setting_magic(magic) and magic.name not in ("load_ext", "reload_ext"))
        return isinstance(node.func, ast.Attribute | ast.Name) and dotted(node.func).rpartition(".")[2] in _SETS_TOO
    return isinstance(node, ast.stmt) and sets_option(node, imported)


@dataclass(slots=True)
class PlainCells:
    """The plain cells above a place in the saved notebook, in order; `ran` are the texts that the kernel has run, the last one last."""

    ran: Sequence[str] = ()
    texts: list[str] = field(default_factory=list)
    _binding: dict[str, list[int]] = field(default_factory=dict)
    _reading: dict[str, list[int]] = field(default_factory=dict)
    _replaced: set[int] = field(default_factory=set)
    _everything: int = 0
    _by_acting: set[int] | None = None
    _last: dict[str, int] = field(init=False)
    _bound: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self._last = {text.strip(): at for at, text in enumerate(self.ran)}
        self._bound = {name: at for at, text in enumerate(self.ran) for name in read_plain(text).binds}

    def add(self, text: str, *, replaced: bool = False) -> None:
        """The next cell of the notebook; `replaced` where a runner puts other values in the place of those that it binds."""
        at, read = len(self.texts), read_plain(text)
        self._by_acting = None
        self.texts.append(text.strip())
        self._everything += read.everything
        if replaced:
            self._replaced.add(at)
        for name in read.binds:
            self._binding.setdefault(name, []).append(at)
        for name in read.reads:
            self._reading.setdefault(name, []).append(at)

    def bind(self, name: str) -> bool:
        """Whether one of them binds `name`."""
        return name in self._binding or self._everything > 0

    def modules(self, name: str) -> frozenset[str]:
        """The modules that `name` is, or comes from, where imports alone bind it."""
        found = [read_plain(self.texts[at]).imported.get(name, "") for at in self._binding.get(name, ())]
        return frozenset(found) if all(found) else _NOTHING

    def fixed(self, name: str) -> Written | None:
        """What `name` is bound to, where the texts tell it, and that nothing changes it after that."""
        binding = self._binding.get(name, ())
        values = {read_plain(self.texts[at]).fixed.get(name) for at in binding}
        found = values.pop() if len(values) == 1 else None
        if found is None or self._everything or not self._replaced.isdisjoint(binding):
            return None
        if found.how in ("atom", "module"):
            return found
        for at in self._reached():
            read = read_plain(self.texts[at])
            if name in (read.handled if found.how == "code" else read.reads):
                return None
        return found if len(binding) == 1 else None

    def is_module(self, name: str) -> bool:
        """Whether a cell binds `name` to a module."""
        found = [read_plain(self.texts[at]).fixed.get(name) for at in self._binding.get(name, ())]
        return any(one is not None and one.how == "module" for one in found)

    def binds(self, name: str) -> bool:
        """Whether the text of one of them binds `name`."""
        return name in self._binding

    def defined(self, name: str) -> bool:
        """Whether `name` is the notebook's own, not merely imported."""
        return any(name not in read_plain(self.texts[at]).imported for at in self._binding.get(name, ()))

    def behind(self, names: Iterable[str]) -> list[str]:
        """The texts of the cells that define what those names stand for, and what goes into it."""
        return [self.texts[at] for at in sorted(self._behind(at for name in names for at in self._binding.get(name, ())))]

    def acting(self) -> list[str]:
        """The texts of the cells whose running runs code that it does not show, with the cells that define that code; those that have run are left out."""
        if not self.ran:
            return [self.texts[at] for at in self._reached()]
        return [
            self.texts[at]
            for at in self._behind(at for at, text in enumerate(self.texts) if not self.has_run(text) and read_plain(text).acts)
        ]

    def _reached(self) -> set[int]:
        """The cells that act, and those that define what these run."""
        if self._by_acting is None:
            self._by_acting = self._behind(at for at, text in enumerate(self.texts) if read_plain(text).acts)
        return self._by_acting

    def _behind(self, cells: Iterable[int]) -> set[int]:
        """Those cells, and all that bind what they read."""
        found: set[int] = set()
        waiting = list(cells)
        while waiting:
            at = waiting.pop()
            if at not in found:
                found.add(at)
                waiting.extend(other for name in read_plain(self.texts[at]).reads for other in self._binding.get(name, ()))
        return found

    def may_set(self) -> bool:
        """Whether one of them that has not run as it stands may set an option."""
        return any(text not in self._last and read_plain(text).sets for text in self.texts)

    def have_bound(self, name: str, *, can_change: bool) -> bool:
        """Whether `name`, which is live, is what running them again would make of it, as far as their texts tell.

        So it is where none of them binds it, and where those that bind it, and what goes into it, were the last to do so and ran in order as they stand; a value that `can_change` in
        place needs those run, too, that only read it.
        """
        names, order = self._sources(name)
        if any(self._bound.get(one) != self._last.get(self.texts[self._binding[one][-1]], -1) for one in names):
            return False
        indices = [self._last.get(self.texts[at], -1) for at in sorted(order)]
        readers = self._reading.get(name, ()) if can_change else ()
        rest = [at for at, text in enumerate(self.texts) if read_plain(text).everything] if self._everything else []
        return min(indices, default=0) >= 0 and indices == sorted(indices) and all(self.texts[at] in self._last for at in (*readers, *rest))

    def has_run(self, text: str) -> bool:
        """Whether the kernel has run the cell as it stands."""
        return text in self._last

    def speak_of(self, name: str) -> bool:
        """Whether one of them reads or binds `name`."""
        return name in self._reading or name in self._binding

    def have_touched(self, name: str) -> bool:
        """Whether those of them that speak of `name` have run as they stand."""
        return all(self.texts[at] in self._last for at in (*self._reading.get(name, ()), *self._binding.get(name, ())))

    def _sources(self, name: str) -> tuple[set[str], set[int]]:
        """The names that plain cells bind and that go into `name`, and the cells that bind them."""
        names: set[str] = set()
        cells: set[int] = set()
        waiting: list[str] = [name]
        while waiting:
            one = waiting.pop()
            if one in names or one not in self._binding:
                continue
            names.add(one)
            for at in self._binding[one]:
                cells.add(at)
                waiting.extend(self._going_into(at))
        return names, cells

    def _going_into(self, at: int) -> Iterable[str]:
        read = read_plain(self.texts[at])
        return read.reads if read.binds - read.imported.keys() else ()
