"""What a name or a definition reaches, found by pickling it into nothing.

A survey stops at notebook definitions: what those hold is surveyed once, for all who hold them. What was met and can be shared is kept alive
until groups are formed, because a freed temporary's address comes again. What only its own holder refers to can't be shared, and is not kept.
"""

from __future__ import annotations

import enum
import gc
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import field
from itertools import compress
from types import BuiltinFunctionType, MappingProxyType, MethodType
from typing import Any

from durnb import trees
from durnb.records import dataclass
from durnb.snapshot import arrays, axes, pickler, spaces
from durnb.snapshot.definitions import CLASS_NAMES, OWN, Notebook, class_parts, function_parts, virtual_subclasses
from durnb.snapshot.kinds import Kinds
from durnb.snapshot.model import CantStore
from durnb.snapshot.reducer import Reducer, Reduction


@dataclass(slots=True)
class Survey:
    """What was met directly: objects that can be shared by address, types by address, definitions, arrays by memory, pandas' indexes by address; and why it can't be stored.

    `spaces` are the namespaces of code that values hold, by address. `tree`: it is a tree of builtin containers, none of which anything else refers to.
    """

    met: dict[int, object] = field(default_factory=dict)
    types: dict[int, type] = field(default_factory=dict)
    definitions: list[Any] = field(default_factory=list)
    memories: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    indexes: dict[int, object] = field(default_factory=dict)
    spaces: dict[int, object] = field(default_factory=dict)
    held: list[object] = field(default_factory=list)
    debris: list[tuple[object, str]] = field(default_factory=list)
    unproven: bool = False
    failure: CantStore | None = None
    tree: bool = False

    def add(self, other: Survey) -> None:
        """Takes in what another survey met."""
        self.met.update(other.met)
        self.types.update(other.types)
        self.definitions += other.definitions
        for key, addresses in other.memories.items():
            self.memories.setdefault(key, set()).update(addresses)
        self.indexes.update(other.indexes)
        self.spaces.update(other.spaces)
        self.held += other.held
        self.debris += other.debris
        self.unproven |= other.unproven


class Surveyor(Reducer):
    """Takes objects apart to see what they share; array contents are not looked at."""

    def __init__(self, notebook: Notebook, kinds: Kinds, survey: Survey) -> None:
        super().__init__(notebook, kinds)
        self.survey = survey

    def definition(self, obj: Any) -> Reduction:
        self.survey.definitions.append(obj)
        return tuple, ()

    def handmade(self, obj: types.ModuleType) -> None:
        self.survey.memories.setdefault(("module", id(obj)), set()).add(id(obj))

    def plain_array(self, obj: Any, *, shares: bool) -> Reduction:
        self.survey.held.append(obj)
        if shares:
            memory = arrays.memory_of(obj)
            self.survey.held.append(memory.root)
            self.survey.memories.setdefault(memory.key, set()).add(id(obj))
        if obj.dtype.hasobject:
            held = obj.view(arrays.plain_type()).ravel().tolist()
            return (tuple, ()) if _ATOMS.issuperset(map(id, map(type, held))) else (tuple, (), held)
        return (tuple, ()) if arrays.is_plain(obj) else obj.__reduce__()


def survey(value: object, notebook: Notebook, kinds: Kinds) -> Survey:
    """Pickles `value` into nothing, and says what it met."""
    found = Survey()
    if type(value) is _Met:
        found.met = {id(each): each for each in value.objects}
        found.types = {id(type(each)): type(each) for each in value.objects}
        return found
    if id(type(value)) in _BULKY and len(value) >= trees.MANY and _survey_tree(value, found):  # type: ignore[arg-type]  # a container
        return found
    by_itself, visited = _pickled(value, notebook, kinds, None)
    if any(map(spaces.is_space, visited if by_itself.failure is not None else by_itself.met.values())):
        by_name, _ = _pickled(value, notebook, kinds, lambda: spaces.Naming({}, lambda _, own: own))
        return by_name
    return by_itself


def _pickled(value: object, notebook: Notebook, kinds: Kinds, naming: Callable[[], spaces.Naming] | None) -> tuple[Survey, list[object]]:
    """The survey, and all that was visited. With `naming`, namespaces of code are met as such, and Python's builtins are not entered."""
    found = Survey()
    surveyor = Surveyor(notebook, kinds, found)
    visited: list[object] = []
    try:
        named = pickler.visit(value, surveyor, visited, naming)
        found.spaces.update(named.met if named is not None else {})
    except CantStore as failure:
        found.failure = failure
    except Exception as error:
        found.failure = CantStore(value, f"{type(error).__name__}: {error}")
    met = visited if found.failure is None else []
    found.debris, found.unproven = surveyor.debris, surveyor.unproven
    found.types = _types(met)
    found.met = _shareable(met, found.types, kinds)
    found.indexes = _held_twice(met, {address for address, kind in found.types.items() if issubclass(kind, axes.kinds())})
    for each in surveyor.named:
        found.met.pop(id(each), None)
    if naming is not None:
        found.met.pop(id(spaces.BUILTINS), None)  # everybody's
    for address in found.spaces.keys() - {id(spaces.BUILTINS)}:
        found.memories.setdefault(("space", address), set()).add(address)
    found.held += [*surveyor.named, *found.spaces.values()]
    return found, visited


_BULKY = frozenset(map(id, (list, dict, tuple)))
_ATOMS = frozenset(map(id, (type(None), bool, int, float, complex, str, bytes)))  # stored by what they are, whoever else has them


def _survey_tree(value: object, found: Survey) -> bool:
    taken = trees.bulk(value)
    if taken is None:
        return False
    found.types = {id(kind): kind for kind in (type(value), list, dict)}
    found.met = {id(each): each for each in ([] if type(value) is tuple else [value]) + [part for _, part in taken.held]}
    found.tree = not taken.held
    return True


def _types(visited: list[object]) -> dict[int, type]:
    return {id(each): each for each in dict(zip(map(id, map(type, visited)), map(type, visited), strict=True)).values()}


def _shareable(visited: list[object], types: dict[int, type], kinds: Kinds) -> dict[int, object]:
    """What of `visited` can be two owners': mutable, and with more references than its holder's, or inside something immutable that has them."""
    linking = {address for address, kind in types.items() if kinds.links(kind)}
    found = _held_twice(visited, linking)
    through = _held_twice(visited, {address for address, kind in types.items() if _leads_on(kind)})
    queue = list(through.values())
    while queue:
        inner = {id(each): each for each in gc.get_referents(*queue)}
        found.update({address: each for address, each in inner.items() if kinds.links(type(each))})
        queue = [each for address, each in inner.items() if address not in through and _leads_on(type(each))]
        through.update({id(each): each for each in queue})
    return found


def _leads_on(kind: type) -> bool:
    """Whether an immutable of this type may hold what can be changed."""
    return id(kind) not in _ATOMS and issubclass(kind, _HOLDING) and not issubclass(kind, enum.Enum)


def _held_twice(visited: list[object], types: set[int]) -> dict[int, object]:
    chosen = list(compress(visited, map(types.__contains__, map(id, map(type, visited)))))
    counts = list(map(sys.getrefcount, chosen))
    return {id(each): each for each, count in zip(chosen, counts, strict=True) if count > _ALONE}


_ATOMS = frozenset(map(id, (bool, int, float, complex, str, bytes)))
_HOLDING = (tuple, frozenset, int, float, complex, str, bytes, MappingProxyType, MethodType, BuiltinFunctionType)


def _alone() -> int:
    """What `sys.getrefcount` says, in `_shareable`, of an object with no reference but its holder's."""
    visited: list[Any] = [[[]]]
    visited.append(visited[0][0])
    mutable = list(compress(visited, [True, True]))
    return list(map(sys.getrefcount, mutable))[1]


_ALONE = _alone()


@dataclass(slots=True)
class DefinitionSurvey:
    """What a definition holds, part by part; `missing` are the parts that can't be stored, by the address of their value."""

    definition: Any
    whole: Survey
    missing: dict[int, tuple[str, CantStore]] = field(default_factory=dict)


def survey_definition(definition: Any, notebook: Notebook, kinds: Kinds) -> DefinitionSurvey:
    found = DefinitionSurvey(definition, Survey())
    for label, value, essential in _parts(definition, notebook):
        part = survey(value, notebook, kinds)
        if part.failure is not None and not essential:
            found.missing[id(value)] = (label, part.failure)
            found.whole.held.append(value)
            continue
        found.whole.failure = found.whole.failure or part.failure
        found.whole.add(part)
    return found


def _parts(definition: Any, notebook: Notebook) -> Iterator[tuple[str, Any, bool]]:
    """(label, value, whether the definition is nothing without it)."""
    if isinstance(definition, type):
        yield "", (type(definition), definition.__bases__, virtual_subclasses(definition)), True
        yield from ((f".{name}", value, False) for name, value in class_parts(definition).items())
        return
    parts = function_parts(definition, notebook)
    yield "", _Met([definition.__globals__] if parts.home == OWN else []), True
    yield "", _Met([cell for name, cell in parts.cells.items() if name not in ("__class__", CLASS_NAMES)]), True
    yield from ((label, value, False) for label, value in parts.labelled())


class _Met:
    """Objects that are met by themselves: cells, whose contents are parts of their own."""

    def __init__(self, objects: list[object]) -> None:
        self.objects = objects
