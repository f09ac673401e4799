"""What a load changes of what is live, so that it can be taken back: a load that only looks leaves functions, classes and figures as they were."""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import field
from typing import Any

from durnb.records import dataclass
from durnb.snapshot import ctypes_data
from durnb.snapshot.definitions import is_empty, virtual_subclasses

Way = Callable[[], None]


@dataclass(slots=True)
class Undo:
    """Each live thing that loads have changed, by its address, and how it becomes again what it was."""

    found: dict[int, tuple[object, Way]] = field(default_factory=dict)

    @contextmanager
    def following(self) -> Iterator[None]:
        """While something is loaded: what it changes is remembered here."""
        token = _undo.set(self)
        try:
            yield
        finally:
            _undo.reset(token)

    def take_back(self, *, but: Iterable[object] | None = None) -> None:
        """Everything remembered is again what it was, but what the values of `but` lead to."""
        kept = _led_to(but, set(self.found)) if but is not None and self.found else set[int]()
        for address in [address for address in reversed(self.found) if address not in kept]:
            self.found.pop(address)[1]()

    def add(self, later: Undo) -> None:
        """Takes over what was changed after what is remembered here."""
        self.found = {**later.found, **self.found}


_undo: ContextVar[Undo | None] = ContextVar("durnb_undo", default=None)


def about_to_change(thing: Any, way: Way | None = None) -> None:
    """Told before something that may be live is changed; `way` takes the change back where the thing's kind does not say how."""
    undo = _undo.get()
    if undo is not None and id(thing) not in undo.found:
        undo.found[id(thing)] = thing, way or _way_back(thing)


def _way_back(thing: Any) -> Way:
    if isinstance(thing, types.FunctionType):
        return _of_function(thing)
    if isinstance(thing, types.CellType):
        return _of_cell(thing)
    if isinstance(thing, type):
        return _of_class(thing)
    return _of_names(thing if type(thing) is dict else vars(thing))


def _of_function(function: types.FunctionType) -> Way:
    before = {name: getattr(function, name) for name in ("__code__", "__defaults__", "__kwdefaults__", "__doc__")}
    attributes = _of_names(vars(function))

    def back() -> None:
        for name, value in before.items():
            setattr(function, name, value)
        attributes()

    return back


def _of_cell(cell: types.CellType) -> Way:
    contents = () if is_empty(cell) else (cell.cell_contents,)

    def back() -> None:
        for value in contents:
            cell.cell_contents = value
        if not contents and not is_empty(cell):
            del cell.cell_contents

    return back


def _of_names(names: dict[str, Any]) -> Way:
    before = dict(names)

    def back() -> None:
        names.clear()
        names.update(before)

    return back


def _of_class(cls: type) -> Way:
    before, virtual = dict(vars(cls)), virtual_subclasses(cls)
    put, take = (setattr, delattr) if ctypes_data.is_data(cls) else (type.__setattr__, type.__delattr__)

    def back() -> None:
        now = dict(vars(cls))
        for name in now.keys() - before.keys():
            take(cls, name)
        for name, value in before.items():
            if now.get(name) is not value or name not in now:
                put(cls, name, value)
        register(cls, virtual)

    return back


def register(cls: Any, virtual: tuple[type, ...]) -> None:
    """Gives an abstract base class exactly these virtual subclasses."""
    present = virtual_subclasses(cls)
    if any(each not in virtual for each in present):
        cls._abc_registry_clear()
        cls._abc_caches_clear()
    for each in virtual:
        cls.register(each)


def _led_to(values: Iterable[object], sought: set[int]) -> set[int]:
    """Which of the addresses `sought` the values lead to; modules and the globals of functions lead nowhere."""
    found, seen, todo = set[int](), set[int](), list(values)
    while todo and len(found) < len(sought):
        inner = [part for part in todo if id(part) not in seen and not isinstance(part, types.ModuleType)]
        seen.update(map(id, inner))
        found.update(sought.intersection(map(id, inner)))
        functions = [part for part in inner if isinstance(part, types.FunctionType)]
        ends = {id(part.__globals__) for part in functions} | {id(sys.modules)}
        todo = [part for part in gc.get_referents(*inner) if id(part) not in ends]
    return found
