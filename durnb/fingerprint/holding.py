"""Who holds what: which names can be changed by way of which others, and which from outside the notebook.

A value that only names of the notebook lead to can be changed only by code that reaches one of them. That is told by counting: an object to
which there are more references than its holders' own is held by somebody else as well (pyplot holds the current figure), and its names are
*open*. Names that share a part are one *circle*. Nothing is digested here, and no code of the values runs.
"""

from __future__ import annotations

import gc
import sys
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field
from enum import Enum
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MappingProxyType, ModuleType, TracebackType
from typing import Any
from weakref import getweakrefcount

from durnb import mapped, trees
from durnb.computed import marks_of
from durnb.fingerprint import leaves
from durnb.fingerprint.belongings import is_own_class_cell, without_everybodys
from durnb.fingerprint.callables import CALLABLES
from durnb.fingerprint.lens import has_serial
from durnb.fingerprint.libraries import frozen_kinds
from durnb.fingerprint.looking import derives, has_no_dict, is_class, module_of, mro, qualname
from durnb.fingerprint.origin import Origin, is_of_own_globals, module_dict, of_class, of_function
from durnb.fingerprint.scalars import SCALARS
from durnb.records import dataclass

MOST: int = 2_000_000
"""Parts of a name from which on it is taken for open without more counting."""

_BULKY = frozenset(map(id, (list, dict, tuple)))
_ATOMS = frozenset(map(id, (type(None), bool, int, float, complex, str, bytes, range, type(Ellipsis), type(NotImplemented), CodeType)))
_DESCRIPTORS = frozenset(id(kind) for kind in CALLABLES if "Descriptor" in kind.__name__ or "descriptor" in kind.__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Names that share parts, so that a change under one may be one under another.

    `open`: something outside the notebook holds a part too. `anchors` are the addresses of the notebook's classes and functions among the parts:
    names that come to lead to them belong to the circle. `functions` are those of them that look up names in the notebook.
    """

    names: frozenset[str]
    open: bool
    anchors: frozenset[int] = frozenset()
    functions: frozenset[int] = frozenset()


def circles(values: Mapping[str, object], ours: Mapping[int, int], home: object) -> list[Circle]:
    """The circles of `values`, which must be all that share parts with one another.

    `ours` says how many references to an object, by address, are the notebook's and durnb's own, beside those of the values' parts. At `home`,
    the notebook's namespace, the look ends.
    """
    looking = _Looking(ours, home)
    for name in values:
        looking.take(name, values[name])  # no variable here keeps a value: references are counted
    return looking.circles()


@dataclass(slots=True)
class _Looking:
    ours: Mapping[int, int]
    home: object
    holders: dict[int, str] = field(default_factory=dict)
    held: dict[int, object] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    weak: dict[int, int] = field(default_factory=dict)
    passed: dict[int, object] = field(default_factory=dict)
    passers: set[tuple[int, str]] = field(default_factory=set)
    parents: dict[str, str] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    ends: set[int] = field(default_factory=set)
    frozen: Mapping[int, bool] = field(default_factory=dict)
    settled: dict[int, bool] = field(default_factory=dict)
    bound: set[int] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    arrow: dict[int, bool] = field(default_factory=dict)
    ending: dict[int, bool] = field(default_factory=dict)
    hiding: dict[int, bool] = field(default_factory=dict)
    kinds: list[type] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ends = {id(self.home), id(sys.modules), id(module_dict(sys.modules["builtins"])), id(module_dict(sys.modules["__main__"]))}
        self.frozen = frozen_kinds()

    def take(self, name: str, value: object) -> None:
        """Looks at all that `value` leads to, as the name's."""
        self.parents[name] = name
        self.bound.add(id(value))
        before = len(self.held)
        queue: list[tuple[object, int]] = []
        self._meet(name, value, queue, 0)
        while queue:
            part, references = queue.pop()
            for inner in self._inside(name, part):
                self._meet(name, inner, queue, references)
            if leaves.is_weak(type(part)):
                self._meet_weakly(name, part, queue)
            if len(self.held) - before > MOST:
                self.opened.add(name)
                return

    def _meet(self, name: str, part: object, queue: list[tuple[object, int]], references: int) -> None:
        """Takes a part in, for the `references` that one holder has to it; `queue` gets it with those that it has to its own parts."""
        kind, address = type(part), id(part)
        if id(kind) in _ATOMS or address in self.ends:
            return
        if self._is_foreign(kind):
            self.foreign.add(name)
        if address in self.holders:
            self.counts[address] += references
            first, second = self._root(self.holders[address]), self._root(name)
            if first != second:
                self.parents[second] = first
        elif self._is_counted(part, kind):
            self.holders[address], self.held[address], self.counts[address] = name, part, references
            queue.append((part, 1))
        elif (address, name) not in self.passers and not self._is_nobodys(part, kind):
            self.passers.add((address, name))
            queue.append((part, 0 if address in self.passed else 1))  # looked through again for another name, but counted once
            self.passed[address] = part

    def _is_counted(self, part: object, kind: type) -> bool:
        """Whether a part can be changed, so that it matters who holds it. The rest is looked through."""
        if kind is FunctionType:
            return of_function(part) is not Origin.INSTALLED  # type: ignore[arg-type]  # just compared
        if is_class(part):
            return of_class(part) is not Origin.INSTALLED  # type: ignore[arg-type]  # is_class says so
        if is_own_class_cell(part, kind):
            return False
        if derives(kind, ModuleType):
            return sys.modules.get(str(module_dict(part).get("__name__"))) is not part  # type: ignore[arg-type]  # derives says so
        known = self.settled.get(id(kind))
        if known is None:
            known = self.settled[id(kind)] = self._is_settled(kind)
            self.kinds.append(kind)  # addresses stay true while the classes live
        return not known

    def _is_settled(self, kind: type) -> bool:
        """Whether instances of a class can't be changed, whoever holds them."""
        if derives(kind, Enum):
            return of_class(kind) is Origin.INSTALLED
        if any((module_of(base), qualname(base)) in _FIXED for base in mro(kind)):
            return True
        frozen = next((self.frozen[id(base)] for base in mro(kind) if id(base) in self.frozen), False)
        return has_no_dict(kind) and (frozen or any(id(base) in _SETTLED for base in mro(kind)))

    def _is_nobodys(self, part: object, kind: type) -> bool:
        """Whether a part is everybody's, and leads nowhere that is the notebook's: installed classes, modules."""
        if is_class(part) or derives(kind, ModuleType) or is_own_class_cell(part, kind):
            return True
        return id(kind) in _DESCRIPTORS and of_class(part.__objclass__) is Origin.INSTALLED  # type: ignore[attr-defined]  # descriptors have it

    def _inside(self, name: str, part: object) -> Iterable[object]:
        kind = type(part)
        if kind is FunctionType:
            return _of_function(part, self.ends)  # type: ignore[arg-type]  # just compared
        if is_class(part):
            return gc.get_referents(part)
        if self._ends(kind):
            self.opened.add(name)
            return ()
        if id(kind) in _BULKY and len(part) >= trees.MANY:  # type: ignore[arg-type]  # a container
            tree = trees.bulk(part)
            if tree is not None:
                return [inner for _, inner in tree.held]
        inside = leaves.inside(part, kind)
        if inside is not None:
            return inside
        if self._hides(kind):
            self.opened.add(name)
        return gc.get_referents(part)

    def _is_foreign(self, kind: type) -> bool:
        """Whether values of a class may stand on the memory of an array or a bytearray without referring to it in a way that can be seen."""
        known = self.arrow.get(id(kind))
        if known is None:
            known = self.arrow[id(kind)] = module_of(kind).partition(".")[0] in ("pyarrow", "polars")
            self.kinds.append(kind)
        return known

    def _ends(self, kind: type) -> bool:
        known = self.ending.get(id(kind))
        if known is None:
            known = self.ending[id(kind)] = leaves.is_boundary(kind) or kind is FrameType or kind is TracebackType
            self.kinds.append(kind)
        return known

    def _hides(self, kind: type) -> bool:
        known = self.hiding.get(id(kind))
        if known is None:
            known = self.hiding[id(kind)] = leaves.hides_references(kind)
            self.kinds.append(kind)
        return known

    def _meet_weakly(self, name: str, part: Any, queue: list[tuple[object, int]]) -> None:
        """What a weak reference leads to is shared with its holder, which has no reference to it that counts."""
        referent = leaves.referent(part)
        if referent is not None:
            self.weak[id(referent)] = self.weak.get(id(referent), 0) + 1
            self._meet(name, referent, queue, 0)

    def _root(self, name: str) -> str:
        while self.parents[name] != name:
            self.parents[name] = name = self.parents[self.parents[name]]
        return name

    # -- what was found --------------------------------------------------------------------------

    def circles(self) -> list[Circle]:
        self.kinds.clear()
        remembered = Counter(map(id, trees.references()))  # now: looking at big trees made some
        more = [
            address
            for address, count in self._references()
            if count > self.counts[address] + self.ours.get(address, 0) + remembered[address]
        ]
        left = without_everybodys([self.held[address] for address in more], self.held.values(), self.bound) if more else []
        self.opened.update(self.holders[id(part)] for part in left)
        if any(_is_memory(part) for part in left):  # Arrow's buffers may stand on it, and do not tell
            self.opened |= self.foreign
        for address, part in self.held.items():
            if getweakrefcount(part) > self.weak.get(address, 0) + _our_weak(part) and not _may_be_weakly_held(part):
                self.opened.add(self.holders[address])
        return self._made()

    def _references(self) -> Iterable[tuple[int, int]]:
        parts = list(self.held.values())
        return zip(self.held, (count - _OURS for count in map(sys.getrefcount, parts)), strict=True)

    def _made(self) -> list[Circle]:
        names: dict[str, set[str]] = {}
        for name in self.parents:
            names.setdefault(self._root(name), set()).add(name)
        opened = {self._root(name) for name in self.opened}
        anchors: dict[str, set[int]] = {}
        functions: dict[str, set[int]] = {}
        for address, part in self.held.items():
            if type(part) is FunctionType or is_class(part):
                root = self._root(self.holders[address])
                anchors.setdefault(root, set()).add(address)
                if type(part) is FunctionType and part.__globals__ is self.home:
                    functions.setdefault(root, set()).add(address)
        return [
            Circle(
                names=frozenset(members),
                open=root in opened,
                anchors=frozenset(anchors.get(root, ())),
                functions=frozenset(functions.get(root, ())),
            )
            for root, members in names.items()
        ]


def _of_function(function: FunctionType, ends: Collection[int]) -> Iterable[object]:
    names = function.__globals__
    if id(names) not in ends and is_of_own_globals(function):
        return [part for part in gc.get_referents(function) if type(part) is not CodeType]
    return [part for part in gc.get_referents(function) if part is not names and type(part) is not CodeType]


_FIXED = {
    ("pandas._libs.internals", "BlockPlacement"),
    *((name, "ExtensionDtype") for name in ("pandas.core.dtypes.base", "pandas.api.extensions")),
}
"""Classes whose instances libraries share among all that they make, and that nothing changes."""
_SETTLED = frozenset(map(id, (tuple, frozenset, BuiltinFunctionType, MappingProxyType, *SCALARS)))


def _is_memory(part: object) -> bool:
    """Whether a part is memory that others may stand on."""
    numpy = sys.modules.get("numpy")
    return type(part) is bytearray or type(part) is array or (numpy is not None and derives(type(part), module_dict(numpy)["ndarray"]))  # type: ignore[arg-type]  # a class


def _our_weak(part: object) -> int:
    """The weak references that durnb itself has to an object."""
    return bool(marks_of(part)) + has_serial(part) + mapped.is_ours(part)


def _may_be_weakly_held(part: object) -> bool:
    """Classes and functions are, by their registers and by durnb's own; pandas' blocks by one another; matplotlib's renderers by its caches of text."""
    return type(part) is FunctionType or is_class(part) or module_of(type(part)).startswith(("pandas._libs", "matplotlib.backends."))


def _ours() -> int:
    """What `sys.getrefcount` says beside the holders' references: those of this look itself."""
    held: dict[int, object] = {0: []}
    parts = list(held.values())
    counts = list(map(sys.getrefcount, parts))
    return counts[0]


_OURS = _ours()
