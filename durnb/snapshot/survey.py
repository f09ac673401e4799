"""What a name or a definition reaches, found by pickling it into nothing.

A survey stops at notebook definitions: what those hold is surveyed once, for all who hold them. Everything met is kept alive until
groups are formed, because a freed temporary's address comes again.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from durnb.snapshot import arrays, pickler
from durnb.snapshot.definitions import Notebook, class_parts, function_parts, virtual_subclasses
from durnb.snapshot.kinds import Kinds
from durnb.snapshot.model import CantStore
from durnb.snapshot.reducer import Reducer, Reduction


@dataclass(slots=True)
class Survey:
    """What was met directly: objects by address, definitions, arrays by memory; and why it can't be stored, if it can't."""

    met: dict[int, object] = field(default_factory=dict)
    definitions: list[Any] = field(default_factory=list)
    memories: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    held: list[object] = field(default_factory=list)
    debris: list[tuple[object, str]] = field(default_factory=list)
    unproven: bool = False
    failure: CantStore | None = None

    def add(self, other: Survey) -> None:
        """Takes in what another survey met."""
        self.met.update(other.met)
        self.definitions += other.definitions
        for key, addresses in other.memories.items():
            self.memories.setdefault(key, set()).update(addresses)
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
            return tuple, (), obj.view(arrays.plain_type()).ravel().tolist()
        return (tuple, ()) if arrays.is_plain(obj) else obj.__reduce__()


def survey(value: object, notebook: Notebook, kinds: Kinds) -> Survey:
    """Pickles `value` into nothing, and says what it met."""
    found = Survey()
    if type(value) is _Met:
        found.met = {id(each): each for each in value.objects}
        return found
    surveyor = Surveyor(notebook, kinds, found)
    try:
        found.met = pickler.discard(value, surveyor)
    except CantStore as failure:
        found.failure = failure
    except Exception as error:
        found.failure = CantStore(value, f"{type(error).__name__}: {error}")
    found.debris, found.unproven = surveyor.debris, surveyor.unproven
    for each in surveyor.named:
        found.met.pop(id(each), None)
    found.held += surveyor.named
    return found


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
    yield "", _Met([cell for name, cell in parts.cells.items() if name != "__class__"]), True
    yield from ((label, value, False) for label, value in parts.labelled())


class _Met:
    """Objects that are met by themselves: cells, whose contents are parts of their own."""

    def __init__(self, objects: list[object]) -> None:
        self.objects = objects
