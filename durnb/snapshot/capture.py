"""From a namespace to groups of bytes.

The slow right form: every name is pickled into nothing to see what it shares and whether it can be stored; then each group is
written with one memo. A group that depends on code nobody vouches for is loaded again into a scratch place before it is believed.
"""

from __future__ import annotations

import pickle
import types
from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Any

from durnb import trees
from durnb.records import dataclass
from durnb.snapshot import axes, pickler, rebuild
from durnb.snapshot.definitions import Notebook, is_handmade, lookup, names_used, twins
from durnb.snapshot.kinds import Debris, Kinds, verdict
from durnb.snapshot.links import linked, reached_definitions
from durnb.snapshot.model import CantStore, Captured, Dropped, Group, Lost
from durnb.snapshot.paths import path_to
from durnb.snapshot.place import Lender
from durnb.snapshot.reducer import Call
from durnb.snapshot.restore import load
from durnb.snapshot.survey import DefinitionSurvey, Survey, survey, survey_definition
from durnb.snapshot.writer import Writer

LENT = (types.FunctionType, type, types.ModuleType, int, float, str, bytes, tuple, frozenset)
UNLINKED = frozenset(map(id, (type(None), bool, int, float, complex, str, bytes)))  # these alone: a subclass of `str` may hold a list


def capture(
    namespace: Mapping[str, object], names: Collection[str], *, among: Collection[str] | None = None, home: object | None = None
) -> Captured:
    """The groups that hold `names`, with every other name of `namespace` that shares mutable state with them.

    `among` are the names that can share some, where that is known; without it all are looked at. `home` is the notebook's own dict, where `namespace` is only a view of it. Raises nothing but KeyboardInterrupt and MemoryError: what can't be stored is in `lost`.
    """
    taking = _Taking(namespace, frozenset(names), home)
    others = namespace.keys() if among is None else set(among)
    candidates = [name for name, value in namespace.items() if name in taking.wanted or (name in others and not _is_unlinked(name, value))]
    taking.survey(candidates)
    taking.lose()
    taking.look_for_indexes()
    for members in linked(taking.surveys, taking.definitions):
        if taking.wanted.intersection(members):
            taking.write(members)
    lost = sorted(taking.lost.values(), key=lambda each: each.name)
    return Captured(groups=tuple(taking.groups), lost=tuple(lost), dropped=tuple(taking.dropped), sources=taking.sources)


def _is_unlinked(name: str, value: object) -> bool:
    kind = type(value)
    return (
        id(kind) in UNLINKED
        or (issubclass(kind, types.ModuleType) and not is_handmade(value))
        or (name.startswith("__") and name.endswith("__"))
    )


@dataclass(slots=True)
class _Taking:
    """One capture as it goes."""

    namespace: Mapping[str, Any]
    wanted: frozenset[str]
    home: object | None = None
    notebook: Notebook = field(init=False)
    kinds: Kinds = field(default_factory=Kinds)
    surveys: dict[str, Survey] = field(default_factory=dict)
    definitions: dict[int, DefinitionSurvey] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)
    indexes: dict[int, axes.Shared] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    lost: dict[str, Lost] = field(default_factory=dict)
    dropped: list[Dropped] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.notebook = Notebook(self.namespace, self.home, self.wanted)

    def survey(self, names: Collection[str]) -> None:
        """Looks at every name, then at every definition that they reach."""
        for name in names:
            value = self.namespace[name]
            told = _debris(value)
            if told is not None:
                if name in self.wanted:
                    self.dropped.append(Dropped(name=name, note=f"{name}: {told.what}"))
                continue
            self.surveys[name] = survey(self._value(value), self.notebook, self.kinds)
        queue = [definition for found in self.surveys.values() for definition in found.definitions]
        while queue:
            definition = queue.pop()
            if id(definition) not in self.definitions:
                found = self.definitions[id(definition)] = survey_definition(definition, self.notebook, self.kinds)
                queue += found.whole.definitions

    def _value(self, value: object) -> object:
        return Call(rebuild.live_globals) if value is self.notebook.home else value

    def _stored_form(self, name: str) -> object:
        value = self.namespace[name]
        if self.surveys[name].tree:
            return Call(rebuild.tree, type(value).__name__, *map(pickle.PickleBuffer, trees.pieces(value)))
        return self._value(value)

    def lose(self) -> None:
        """Takes out the names that can't be stored."""
        for name in list(self.surveys):
            trouble = self._trouble(name)
            if trouble is not None:
                del self.surveys[name]
                if name in self.wanted:
                    self.lost[name] = trouble

    def _trouble(self, name: str) -> Lost | None:
        value, found = self.namespace[name], self.surveys[name]
        if found.failure is not None:
            return self._lost(name, value, "", found.failure)
        for held in reached_definitions(found, self.definitions).values():
            way = path_to(value, held.definition)
            start = f"{way or ''}" if way is not None else f" {held.definition.__qualname__}"
            if held.whole.failure is not None:
                return self._lost(name, held.definition, start, held.whole.failure)
            if held.missing and not self._is_left_to_live(held.definition):
                address, (label, failure) = min(held.missing.items(), key=lambda item: item[1][0].startswith("._"))
                part = next(part for part in held.whole.held if id(part) == address)
                return self._lost(name, part, start + label, failure)
            self.missing.update(held.missing)
        return None

    def _is_left_to_live(self, definition: Any) -> bool:
        """Whether a definition is bound by a cell that runs before, so that parts of it that can't be stored will be there."""
        path = self.notebook.path_of(definition)
        if path is None or path.partition(".")[0] in self.wanted:
            return False
        return any(found is definition for found in twins(lookup(self.namespace, path)))

    def _lost(self, name: str, root: object, start: str, failure: CantStore) -> Lost:
        way = path_to(root, failure.culprit) if failure.culprit is not None else ""
        where = f"{name}{start}{way}" if way is not None else f"{name}{start} … {type(failure.culprit).__name__}"
        return Lost(name=name, path=where, reason=failure.reason)

    def look_for_indexes(self) -> None:
        """Finds out which indexes of pandas more than one name holds."""
        met = [*self.surveys.values(), *(each.whole for each in self.definitions.values())]
        if not any(found.indexes for found in met):
            return
        held = {
            name: found.indexes
            | {at: each for known in reached_definitions(found, self.definitions).values() for at, each in known.whole.indexes.items()}
            for name, found in self.surveys.items()
        }
        self.indexes = axes.shared(held, self.wanted, self.namespace, self.notebook.home)

    def write(self, members: list[str]) -> None:
        """Writes a group; where it fails, member by member, so that one bad name costs the others nothing but their ties to it."""
        try:
            group, writer = self._written(members)
        except CantStore as failure:
            good = [name for name in members if self._fits(name)]
            if len(good) == len(members):
                self.lost.update({name: Lost(name=name, path=name, reason=failure.reason) for name in good if name in self.wanted})
            elif self.wanted.intersection(good):
                self.write(good)
            return
        self.groups.append(group)
        self.sources.update(writer.sources)
        for obj, what in writer.debris:
            name, path = self._place_of(obj, members)
            self.dropped.append(Dropped(name=name, note=f"{path}: {what}"))

    def _fits(self, name: str) -> bool:
        try:
            self._written([name])
        except CantStore as failure:
            if name in self.wanted:
                self.lost[name] = self._lost(name, self.namespace[name], "", failure)
            return False
        return True

    def _written(self, members: list[str]) -> tuple[Group, Writer]:
        reached = {address: each for name in members for address, each in reached_definitions(self.surveys[name], self.definitions).items()}
        met = [self.surveys[name] for name in members] + [each.whole for each in reached.values()]
        group, writer = self._with(members, met, reached, {})
        if writer.unproven and not self._proves(group):
            needs = self._needs(reached)
            group, writer = self._with(members, met, reached, needs)
            self._proves(group)
        return group, writer

    def _proves(self, group: Group) -> bool:
        """Proves a group by itself, else with what plain cells define: classes of unusual metaclasses can't be made from their parts."""
        try:
            return _prove(group)
        except CantStore:
            return _prove(group, Lender(self.notebook.home, self.wanted))

    def _with(
        self, members: list[str], met: list[Survey], reached: Mapping[int, DefinitionSurvey], needs: Mapping[str, bytes]
    ) -> tuple[Group, Writer]:
        writer = Writer(
            self.notebook,
            self.kinds,
            shared=_shared(met),
            missing=self.missing,
            twice=self._twice(reached),
            whole={address for each in met for address in each.spaces},
            checks=any(each.unproven for each in met),
            indexes=self.indexes,
        )
        values = {name: self._stored_form(name) if len(members) == 1 else self._value(self.namespace[name]) for name in members}
        try:
            return writer.write(values, needs), writer
        except (CantStore, MemoryError):
            raise
        except Exception as error:
            raise CantStore(None, f"{type(error).__name__}: {error}") from error

    def _needs(self, reached: Mapping[int, DefinitionSurvey]) -> dict[str, bytes]:
        """What code that runs while the group is loaded may look up in the notebook: definitions, modules and constants, each by itself."""
        needs: dict[str, bytes] = {}
        queue = [each.definition for each in reached.values()]
        while queue:
            for name in names_used(queue.pop()):
                value = self.namespace.get(name)
                if name in needs or value is None or not issubclass(type(value), LENT):
                    continue
                try:
                    needs[name] = pickler.write(value, Writer(self.notebook, self.kinds, missing=self.missing), lambda _: True)
                except CantStore:
                    continue
                if issubclass(type(value), (types.FunctionType, type)):
                    queue.append(value)
        return needs

    def _twice(self, reached: Mapping[int, DefinitionSurvey]) -> set[int]:
        """Definitions whose name belongs to another one of the group: an earlier `f` beside the `f` of now."""
        by_path: dict[str, list[Any]] = {}
        for each in reached.values():
            path = self.notebook.path_of(each.definition)
            if path is not None:
                by_path.setdefault(path, []).append(each.definition)
        crowded = {path: found for path, found in by_path.items() if len(found) > 1}
        bound = {path: {id(each) for each in twins(lookup(self.namespace, path))} for path in crowded}
        return {id(each) for path, found in crowded.items() for each in found if id(each) not in bound[path]}

    def _place_of(self, obj: object, members: list[str]) -> tuple[str, str]:
        for name in members:
            way = path_to(self.namespace[name], obj)
            if way is not None:
                return name, name + way
        return members[0], members[0]


def _debris(value: object) -> Debris | None:
    try:
        told = verdict(value)
    except Exception:
        return None
    return told if isinstance(told, Debris) else None


def _shared(surveys: list[Survey]) -> set[tuple[str, int]]:
    """The memories that more than one object of the group stands on."""
    standing: dict[tuple[str, int], set[int]] = {}
    for each in surveys:
        for key, addresses in each.memories.items():
            standing.setdefault(key, set()).update(addresses)
    met = {address for each in surveys for address in each.met}
    return {key for key, addresses in standing.items() if len(addresses | ({key[1]} & met if key[0] == "object" else set())) > 1}


def _prove(group: Group, lender: Lender | None = None) -> bool:
    """Loads a group in a scratch place: what a custom `__reduce__` wrote must come back. False where a name of the notebook was needed.

    The buffers are the live ones, lent so that nothing can write to them; only what can't be made of such is given a copy.
    """
    lent = [memoryview(each).toreadonly() for each in group.buffers]
    try:
        load(group.stream, lent, {}, {}, scratch=True, lender=lender)
        return True
    except KeyboardInterrupt:
        raise
    except BaseException:  # what is wrong with it, if anything, is told by the load from copies
        return _proves_of_copies(group, lender)


def _proves_of_copies(group: Group, lender: Lender | None) -> bool:
    buffers = [
        bytearray(memoryview(each)) if not readonly else bytes(memoryview(each))
        for each, readonly in zip(group.buffers, group.readonly, strict=True)
    ]
    try:
        load(group.stream, buffers, {}, {}, scratch=True, lender=lender)
    except KeyboardInterrupt:
        raise
    except NameError:
        return False
    except BaseException as error:
        raise CantStore(None, f"it can't be loaded again: {type(error).__name__}: {error}") from error
    return True
