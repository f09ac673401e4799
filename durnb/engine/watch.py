"""Which names a cell can have changed: those that its code reaches, those that share parts with them, and those that are held from outside."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping
from dataclasses import field
from types import FunctionType

from durnb.fingerprint import CellNames, Circle, circles, notebook_names, reach
from durnb.records import dataclass
from durnb.snapshot.homes import Home, home_of

Keepers = Callable[[], Iterable[Iterable[object]]]
"""Everything by which durnb and the kernel themselves refer to values of the notebook, beside its namespace."""


def no_keepers() -> Iterable[Iterable[object]]:
    return ()


@dataclass(slots=True)
class Watch:
    """Who holds what, as far as it is known: for names whose values nothing can have changed since it was found out."""

    namespace: MutableMapping[str, object]
    keepers: Keepers = no_keepers
    _circles: dict[str, Circle] = field(default_factory=dict)
    _anchors: dict[int, str] = field(default_factory=dict)
    _functions: int = -1
    _hidden: tuple[FunctionType, ...] = ()
    _home: Home = field(init=False, repr=False)  # had from the beginning: one made later would be one more reference to the namespace

    def __post_init__(self) -> None:
        self._home = home_of(self.namespace)

    @property
    def knows_all(self) -> bool:
        """Whether every name of the notebook was looked at since it was bound."""
        return all(name in self._circles for name in notebook_names(self.namespace))

    def suspects(self, cells: Collection[CellNames], before: Mapping[str, object] | None = None) -> frozenset[str]:
        """The names of the notebook that code of `cells` can change in place: what it lets go of may have a finalizer, which is code too.

        `before`, for code that has run already: what names were bound to when it began. What it bound anew is not told of.
        """
        opened = [name for name, circle in self._circles.items() if circle.open]
        read: frozenset[str] = frozenset().union(*(cell.reads for cell in cells))
        were = before or {}
        outside = [source[name] for source in (self.namespace, were) for name in opened if name in source]
        outside += [were[name] for name in read if name in were]
        if before is None:
            unbound = frozenset().union(*(cell.binds | cell.deletes for cell in cells)) - read
            outside += [self.namespace[name] for name in unbound if name in self.namespace]
        asked = CellNames(
            reads=read,
            certain=frozenset(),
            binds=frozenset(),
            deletes=frozenset(),
            everything=any(cell.everything for cell in cells),
            earlier=any(cell.earlier for cell in cells),
        )
        found = reach(asked, self.namespace, [*outside, *self._hidden])
        if found.everything or found.earlier:
            return frozenset(self._circles)
        return self.mates([*opened, *found.names, *found.absent])

    def mates(self, names: Iterable[str]) -> frozenset[str]:
        """`names` and those that share parts with one of them, as far as they are known."""
        return frozenset().union(*(self._circles[name].names for name in names if name in self._circles))

    def circles_of(self, names: Iterable[str]) -> list[frozenset[str]]:
        """The circles of `names`, each once and whole."""
        return list({self._circles[name].names: None for name in names if name in self._circles})

    def forget(self, names: Iterable[str]) -> None:
        """Code may have changed `names`, or they were bound anew: who holds what is to be found out again, for their circles."""
        for name in names:
            circle = self._circles.get(name)
            if circle is not None:
                self._drop(circle)

    def _drop(self, circle: Circle) -> None:
        for name in circle.names:
            self._circles.pop(name, None)
        for anchor in circle.anchors:
            self._anchors.pop(anchor, None)

    def look(self) -> None:
        """Find out about the names of which nothing is known."""
        present = notebook_names(self.namespace)
        gone = self._circles.keys() - set(present)
        self.forget(gone)
        unknown = {name for name in present if name not in self._circles}
        if unknown:
            self._look_at([name for name in present if name in unknown])
        if unknown or gone:
            self._look_for_hidden()

    def _look_at(self, names: list[str]) -> None:
        found = self._found(names)
        met = {self._anchors[anchor] for circle in found for anchor in circle.anchors if anchor in self._anchors}
        if met:  # they lead to classes or functions of names that are known: only together the references can be counted
            known = self.mates(met)
            self.forget(met)
            found = self._found([*names, *sorted(known)])
        for circle in found:
            self._circles.update(dict.fromkeys(circle.names, circle))
            self._anchors.update(dict.fromkeys(circle.anchors, next(iter(circle.names))))

    def _found(self, names: list[str]) -> list[Circle]:
        values = {name: self.namespace[name] for name in names}
        ours = self._ours()
        ours.update(map(id, values.values()))
        return circles(values, ours, self.namespace)

    def _ours(self) -> Counter[int]:
        """How often each value is referred to by the namespace and its keepers. No variable of this call outlives it: it would be one more."""
        results = self.namespace.get("Out")
        ours = Counter(map(id, list(self.namespace.values())))
        for kept in (results.values() if isinstance(results, dict) else (), *self.keepers()):
            ours.update(map(id, kept))
        return ours

    def _look_for_hidden(self) -> None:
        """Functions of the notebook that only others hold, such as callbacks of a library: any cell may run them."""
        known = len(frozenset().union(*(circle.functions for circle in self._circles.values())))
        if sys.getrefcount(self.namespace) - known == self._functions:
            return
        here = [each for each in gc.get_referrers(self.namespace) if type(each) is FunctionType and each.__globals__ is self.namespace]
        self._hidden = tuple(each for each in here if id(each) not in self._anchors)
        del here
        self._functions = sys.getrefcount(self.namespace) - known


class Everything(Watch):
    """The slow right form, by which the other is tested: any code can change any name, and all share parts with all."""

    def suspects(self, cells: Collection[CellNames], before: Mapping[str, object] | None = None) -> frozenset[str]:
        return frozenset(notebook_names(self.namespace))

    def mates(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(notebook_names(self.namespace))

    def circles_of(self, names: Iterable[str]) -> list[frozenset[str]]:
        return [frozenset(notebook_names(self.namespace))]

    def look(self) -> None:
        return None
