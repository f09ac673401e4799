"""What of a namespace a cell can read: by its names, and by walking what they hold to the functions inside."""

from __future__ import annotations

import builtins
import gc
import sys
from collections.abc import Iterable, Mapping
from dataclasses import field
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, FunctionType, GeneratorType, ModuleType, TracebackType

from durnb import trees
from durnb.fingerprint import leaves
from durnb.fingerprint.bytecode import Globals, globals_of
from durnb.fingerprint.looking import class_dict, derives, is_class, mro
from durnb.fingerprint.names import CellNames
from durnb.fingerprint.naming import is_earlier, is_hidden, notebook_names
from durnb.fingerprint.origin import Origin, is_handmade, may_be_notebook, module_dict, of_class, of_globals, of_module
from durnb.records import dataclass

_BULKY = frozenset(map(id, (list, dict, tuple)))
_SUSPENDED = (GeneratorType, CoroutineType, AsyncGeneratorType)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The names that a cell can read, by its text and by what their values hold."""

    names: frozenset[str]
    everything: frozenset[str]
    """Those of `names` that came only because all names can be read."""
    absent: frozenset[str]
    """Names that the cell or a function that it reaches reads, and that are neither in the namespace nor builtins."""
    stores: frozenset[str] = frozenset()
    """Global names that reached functions may bind or delete, present or not."""
    attributes: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """For names that the cell and all that it reaches use only as ``name.attribute``: those attributes."""
    earlier: bool = False
    """Whether the cell, or a function that it reaches, takes what an earlier cell displayed."""


def reach(names: CellNames, namespace: Mapping[str, object], also: Iterable[object] = ()) -> Reach:
    """What the cell of these names can read in `namespace`, and by way of the values `also`. Changes nothing, and runs no code of the values."""
    walk = _Walk(names, namespace)
    for value in also:
        walk.add(value)
    walk.run()
    found = frozenset(name for name in notebook_names(walk.found) if name in namespace)
    everything = frozenset(notebook_names(namespace)) - found if walk.everything else frozenset[str]()
    return Reach(
        names=found | everything,
        everything=everything,
        absent=frozenset(name for name in walk.absent if not is_hidden(name)),
        stores=frozenset(name for name in walk.stores if not is_hidden(name)),
        attributes={name: frozenset(taken) for name, taken in sorted(walk.attributes.items()) if taken and name in found},
        earlier=walk.earlier,
    )


class _Walk:
    """Breadth first over everything that reached values refer to, as the garbage collector sees it."""

    def __init__(self, names: CellNames, namespace: Mapping[str, object]) -> None:
        self.namespace = namespace
        self.everything = names.everything
        self.earlier = names.earlier
        self.found: set[str] = set()
        self.absent: set[str] = set()
        self.stores: set[str] = set()
        self.attributes: dict[str, set[str] | None] = {}
        self.seen: set[int] = {id(vars(builtins))}  # in every namespace of code, and no cell's own
        self.whole = {id(namespace), id(module_dict(sys.modules["__main__"]))}
        self.kept: list[object] = []  # temporaries, so that their ids stay theirs
        self.hiding: dict[int, bool] = {}
        self.todo: list[object] = []
        for name in names.reads:
            taken = names.attributes.get(name)
            self._use(name, None if taken is None else set(taken))
        self._read(names.reads)

    def run(self) -> None:
        while self.todo:
            batch, self.todo = self.todo, []
            walked: list[object] = []
            for value in batch:
                key = id(value)
                if key in self.whole:
                    self.everything = True
                    continue
                if key in self.seen:
                    continue
                self.seen.add(key)
                if self._step_in(value):
                    walked.append(value)
            if walked:
                self.todo += [part for part in gc.get_referents(*walked) if not leaves.is_leaf(type(part))]

    # -- names -----------------------------------------------------------------------------------

    def _use(self, name: str, taken: set[str] | None) -> None:
        before = self.attributes.setdefault(name, set())
        if taken is None or before is None:
            self.attributes[name] = None
        else:
            before |= taken

    def _read(self, names: Iterable[str]) -> None:
        for name in names:
            if is_hidden(name) or name in self.found:
                continue
            if name in self.namespace:
                self.found.add(name)
                self.add(self.namespace[name])
            elif not hasattr(builtins, name):
                self.absent.add(name)

    def _globals(self, found: Globals, names: dict[str, object]) -> None:
        """The global names of code whose globals are `names`."""
        origin = of_globals(names)
        self.everything |= found.everything and (names is self.namespace or origin is Origin.NOTEBOOK)
        if origin is Origin.NOTEBOOK and not self._foreign(names):
            for name, attribute in found.uses:
                self._use(name, None if attribute is None else {attribute})
            self.stores |= found.stores
            self.earlier |= any(map(is_earlier, found.reads))
            self._read(found.reads)
        if origin is Origin.PROJECT or (origin is Origin.NOTEBOOK and self._foreign(names)):
            for name in found.reads:
                if name in names and name != "__builtins__":
                    self.add(names[name])

    def _foreign(self, names: dict[str, object]) -> bool:
        """Globals of code that was run by ``exec`` in a namespace of its own."""
        if names is self.namespace:
            return False
        if id(names) in self.whole or "__name__" not in names:
            return id(names) not in self.whole
        name = names["__name__"]
        return not may_be_notebook(names) or (name != "__main__" and name != self.namespace.get("__name__"))

    # -- values ----------------------------------------------------------------------------------

    def add(self, value: object) -> None:
        if not leaves.is_leaf(type(value)):
            self.todo.append(value)

    def _step_in(self, value: object) -> bool:
        """Takes in what a value means for names; whether its referents are then to be looked at."""
        cls = type(value)
        if cls is FunctionType:
            self._function(value)  # type: ignore[arg-type]  # just compared
        elif cls is CodeType:
            return False
        elif is_class(value):
            self._class(value)  # type: ignore[arg-type]  # is_class says so
        elif derives(cls, ModuleType):
            self._module(value)  # type: ignore[arg-type]  # the same
        elif any(cls is each for each in _SUSPENDED):
            self._suspended(value)
            return True
        elif cls is FrameType or cls is TracebackType:
            return False
        elif leaves.is_weak(cls):
            self.add(leaves.referent(value))
            return True
        elif leaves.is_boundary(cls) or self._is_tree(value, cls):
            return False
        else:
            self._instance(value, cls)
            return True
        return False

    def _function(self, function: FunctionType) -> None:
        self._globals(globals_of(function.__code__), function.__globals__)
        for part in (function.__defaults__, function.__kwdefaults__, function.__closure__, function.__dict__):
            if part:
                self.kept.append(part)
                self.todo.append(part)
        annotations = getattr(function, "__annotations__", None) if of_globals(function.__globals__) is not Origin.INSTALLED else None
        if annotations:
            self.todo += [part for part in annotations.values() if is_class(part)]

    def _class(self, cls: type) -> None:
        if of_class(cls) is Origin.INSTALLED:
            return
        for part in (*class_dict(cls).values(), *mro(cls)[1:], type(cls)):
            self.add(part)

    def _module(self, module: ModuleType) -> None:
        names = module_dict(module)
        if id(names) in self.whole or names.get("__name__") == "__main__":
            self.everything = True
        elif of_module(module) is Origin.PROJECT or is_handmade(module):
            for name, value in list(names.items()):
                if name != "__builtins__":
                    self.add(value)

    def _suspended(self, value: object) -> None:
        """A generator or coroutine: the code that will go on."""
        for code, frame in (("gi_code", "gi_frame"), ("cr_code", "cr_frame"), ("ag_code", "ag_frame")):
            running = getattr(value, frame, None)
            if isinstance(running, FrameType):
                self._globals(globals_of(getattr(value, code)), running.f_globals)

    def _is_tree(self, value: object, cls: type) -> bool:
        """Whether a value is made of builtin containers and atoms only, so that no function is in it."""
        return id(cls) in _BULKY and len(value) >= trees.MANY and trees.bulk(value) is not None  # type: ignore[arg-type]  # a container

    def _instance(self, value: object, cls: type) -> None:
        self.add(cls)
        inside = leaves.inside(value, cls)
        if inside is None:
            self.everything |= self._hides(cls)
        else:
            self.kept.append(inside)
            self.todo += [part for part in inside if not leaves.is_leaf(type(part))]

    def _hides(self, cls: type) -> bool:
        known = self.hiding.get(id(cls))
        if known is None:
            known = self.hiding[id(cls)] = leaves.hides_references(cls)
            self.kept.append(cls)  # so that its id stays its own
        return known
