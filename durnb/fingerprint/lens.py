"""One look at values: which way each is taken apart, by its exact type, by a library's class among its bases, else as an object."""

from __future__ import annotations

import copyreg
from collections.abc import Callable
from types import FunctionType, ModuleType
from weakref import ref

from durnb.computed import are_there, marks_of, unchanged
from durnb.fingerprint.callables import CALLABLES
from durnb.fingerprint.containers import CONTAINERS
from durnb.fingerprint.definitions import by_module_name, take_class, take_function, take_module
from durnb.fingerprint.libraries import Kind, loaded_kinds
from durnb.fingerprint.looking import instance_dict, is_class, mro, type_name
from durnb.fingerprint.objects import Layout, layout_of, of_object
from durnb.fingerprint.origin import Origin, of_function
from durnb.fingerprint.parts import Parts, Taker, joined, opaque
from durnb.fingerprint.primitives import ITERTOOLS_REDUCE, PRIMITIVES, is_iterator, memory_of
from durnb.fingerprint.remembered import remembered
from durnb.fingerprint.scalars import SCALARS
from durnb.fingerprint.suspended import is_suspended, of_suspended, where_it_stands
from durnb.registered import registration_of

_EXACT: dict[int, Taker] = {id(kind): take for table in (CONTAINERS, SCALARS, CALLABLES, PRIMITIVES) for kind, take in table.items()}
_serials: dict[int, tuple[ref[object], int]] = {}
_next_serial = [0]
_NOTHING = frozenset[str]()
_KEPT = 20_000
"""Objects that one look keeps taken apart, for names that lead to the same: figures and their axes, models and their optimizers."""


class Lens:
    """For content (canonical), or for a probe (within this process: opaque values count by identity)."""

    def __init__(self, *, probing: bool = False) -> None:
        self.probing = probing
        self.probed = False  # whether something was taken apart otherwise than for content, since this was last set
        self.notes: dict[str, None] = {}
        self._kinds = loaded_kinds()
        self._layouts: dict[int, tuple[Layout, Kind | None]] = {}
        self._kept: list[type] = []
        self._met: dict[int, tuple[object, Parts]] = {}
        self._reducers: dict[int, Callable[[object], object]] = {id(kind): how for kind, how in copyreg.dispatch_table.items()}

    def apart(self, value: object) -> Parts:
        """One level of a value; never raises, and a value that can't be looked at is opaque."""
        try:
            parts = self._apart(value)
        except (Exception, SystemExit, GeneratorExit):  # whatever a strange value does
            parts = opaque(type_name(type(value)))
        if self.probing and (parts.opaque or parts.probed):
            self.probed = True
            if parts.opaque:
                parts.head += joined(_identity(value))
        return parts

    def _apart(self, value: object) -> Parts:
        cls = type(value)
        stored = registration_of(cls)
        if stored is not None:
            return Parts(joined("registered", stored.name), (stored.dump(value),), label=lambda _: ".<dumped>", numbered=True)
        take = _EXACT.get(id(cls))
        if take is not None:
            return take(value)
        if id(cls) in self._layouts:  # an object as others that were met: none of what is asked below
            return self._known(value, cls)
        if cls is FunctionType:
            parts = take_function(value, deep=not self.probing, note=self._note)  # type: ignore[arg-type]  # just compared
            parts.probed = of_function(value) is not Origin.INSTALLED  # type: ignore[arg-type]  # the same
            return parts
        if is_class(value):
            return take_class(value)  # type: ignore[arg-type]  # is_class says so
        if any(base is ModuleType for base in mro(cls)):
            parts = by_module_name(value) if self.probing else take_module(value)  # type: ignore[arg-type]  # the same
            parts.probed = True
            return parts
        if is_suspended(cls):
            return where_it_stands(value) if self.probing else of_suspended(value)
        if self.probing and not ITERTOOLS_REDUCE and is_iterator(cls):
            return memory_of(value)
        return self._known(value, cls)

    def _known(self, value: object, cls: type) -> Parts:
        """An object taken apart; nothing changes it while one look lasts."""
        met = self._met.get(id(value))
        if met is not None:
            return met[1]
        parts = self._object(value, cls)
        if len(self._met) < _KEPT and not parts.opaque:
            self._met[id(value)] = value, parts
        return parts

    def _object(self, value: object, cls: type) -> Parts:
        layout, kind = self._layout(cls)
        if kind is not None and kind.take is not None:
            return kind.probe(value) if self.probing and kind.probe is not None else kind.take(value)
        hidden = self._hidden(value, layout, kind)
        parts = of_object(value, layout, self._reducers.get(id(cls)), hidden)
        parts.probed = self.probing and ((kind is not None and kind.remembers is not None) or bool(layout.own and marks_of(value)))
        if kind is not None and kind.frozen:
            parts.shares = False
        return parts

    def _hidden(self, value: object, layout: Layout, kind: Kind | None) -> frozenset[str]:
        """Attributes that mean nothing for what the value holds; a probe sees them all, so that they are stored."""
        if self.probing:
            return _NOTHING
        if kind is not None and kind.remembers is not None:
            return kind.remembers | remembered(type(value), instance_dict(value) or {})
        return unchanged(value, instance_dict(value) or {}) if layout.own and are_there() else _NOTHING

    def _layout(self, cls: type) -> tuple[Layout, Kind | None]:
        known = self._layouts.get(id(cls))
        if known is None:
            kind = next((self._kinds[id(base)] for base in mro(cls) if id(base) in self._kinds), None)
            layout = layout_of(cls, reducer=id(cls) in self._reducers, frozen=kind is not None and kind.frozen)
            known = self._layouts[id(cls)] = (layout, kind)
            self._kept.append(cls)
        return known

    def _note(self, text: str) -> None:
        self.notes[text] = None


def _identity(value: object) -> str:
    """A number that no other value of this process ever has, where the value allows; else its address."""
    known = _serials.get(id(value))
    if known is not None and known[0]() is value:
        return f"#{known[1]}"
    at = id(value)
    try:
        kept = ref(value, lambda _: _serials.pop(at, None))
    except TypeError:
        return f"@{at}"
    _next_serial[0] += 1
    _serials[at] = (kept, _next_serial[0])
    return f"#{_next_serial[0]}"


def has_serial(value: object) -> bool:
    """Whether a weak reference to `value` is kept here."""
    known = _serials.get(id(value))
    return known is not None and known[0]() is value
