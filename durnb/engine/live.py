"""What the names of this kernel's namespace hold now: which version each is, and what plain cells did to it."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import InitVar, dataclass, field, replace
from types import FunctionType
from typing import Any, Final, Literal

from durnb import trees
from durnb.engine import collector
from durnb.engine.changes import Changes, Shot
from durnb.engine.modules import note_loaded
from durnb.engine.outdated import ATOMS, holds_any, is_everybodys
from durnb.engine.sharing import sharing_with, ways_of
from durnb.engine.versions import PLAIN, Live, LiveAmbient, Plain, Version, renamed
from durnb.engine.watch import Everything, Keepers, Watch, no_keepers
from durnb.fingerprint import CellNames, Probe, notebook_names, probe, read_cell
from durnb.snapshot import AmbientState, ambient, ambient_born, ambient_changes, is_imported

_SET_BY_IMPORTS: Final = (("@environ:", "env"), ("@warnings", "warn"), ("@sys.path", "path"), ("@logging:", "log"))


def by_import(name: str, sources: Iterable[str]) -> bool:
    """Whether the change of an ambient component merely follows from an import: libraries set variables and filters as they load.

    Told by the cells' text: one imports, and none speaks of the component.
    """
    word = next((word for prefix, word in _SET_BY_IMPORTS if name.startswith(prefix)), None)
    texts = list(sources)
    return word is not None and any("import" in text for text in texts) and not any(word in text for text in texts)


@dataclass(slots=True)
class LiveNames:
    """The namespace as versions. What code can have changed is looked at before and after it; all else is as it was.

    `watch` tells what code can change. A name whose value can change has a probe once it was looked at, until it is bound anew; `_unready` are
    those of steps that have none. `shared` are, by step, the names that it did not read and that shared state with what it read when it was last
    run in this kernel, each with those of them that it shared with. What refers to values beside the namespace is told by `keepers` and `in_hand`, for references are counted.
    """

    namespace: MutableMapping[str, object]
    names: dict[str, Live] = field(default_factory=dict)
    ambient: dict[str, LiveAmbient] = field(default_factory=dict)
    born: dict[str, AmbientState] | None = None
    tick: int = 0
    watch: Watch = field(init=False)
    thorough: InitVar[bool] = False
    keepers: Keepers = no_keepers
    in_hand: list[Mapping[str, object]] = field(default_factory=list)
    shared: dict[str, dict[str, frozenset[str]]] = field(default_factory=dict)
    _probes: dict[str, Probe] = field(default_factory=dict)
    _unready: set[str] = field(default_factory=set)
    _plain: list[str] = field(default_factory=list)
    _old_definitions: dict[int, object] = field(default_factory=dict)

    def __post_init__(self, thorough: bool) -> None:
        born = self.born if self.born is not None else ambient_born()
        self.ambient = {name: LiveAmbient(version=PLAIN, derived="born", state=state) for name, state in born.items()}
        self.watch = (Everything if thorough else Watch)(self.namespace, self._keepers)

    def _keepers(self) -> Iterable[Iterable[object]]:
        yield [live.value for live in self.names.values()]
        yield self._old_definitions.values()
        yield from (mapping.values() for mapping in self.in_hand)
        yield from self.keepers()

    @contextmanager
    def holding(self, *mappings: Mapping[str, object]) -> Iterator[None]:
        """While somebody has these mappings in hand."""
        self.in_hand += mappings
        try:
            yield
        finally:
            del self.in_hand[len(self.in_hand) - len(mappings) :]

    def values(self) -> dict[str, object]:
        """The notebook's names and their values, as they are now."""
        return {name: self.namespace[name] for name in notebook_names(self.namespace)}

    # ---- plain cells

    def plain_cell(self, source: str) -> None:
        """A plain cell is about to run."""
        note_loaded()
        if self.names:
            self._be_ready_for(source)
        self._plain.append(source)
        self.tick += 1

    def _be_ready_for(self, source: str) -> None:
        """Have a probe of every value of a step that the cell could change; after that it would be too late."""
        if not self._unready:
            return
        with trees.remembered(), collector.held():
            self.watch.look()
            held = dict(self._probes) if self._plain else {}  # of what the plain cells before this one may have changed
            self._probe_circles(name for name in self.watch.suspects([_names_of(source)]) if self._is_of_step(name))
            self._probes.update(held)

    def _is_of_step(self, name: str) -> bool:
        live = self.names.get(name)
        return live is not None and not live.gone and bool(live.digest)

    def observe(self) -> None:
        """Attribute to plain cells what changed since the last durable act."""
        if not self._plain and self.names:
            return
        before = {name: live.value for name, live in self.names.items() if not live.gone}
        texts = [_names_of(source) for source in self._plain] if self.names else []
        suspects = self.watch.suspects(texts, before) if self.names else frozenset()
        values = self.values()
        kept = {name for name in suspects if name in values and name in before and before[name] is values[name]}
        rebound = values.keys() - {name for name in before if name in values and before[name] is values[name]}
        rebound |= {name for text in texts for name in text.binds if self._may_be_bound_to_the_same(name)} & values.keys()
        for name in [n for n, live in self.names.items() if n not in values and not live.gone]:
            self.names[name] = Live(version=PLAIN, gone=True)
        for name in rebound:
            self._bound_anew(name, values[name])
        gone = before.keys() - values.keys()
        was = {name: self._probes[name] for name in kept if name in self._probes}
        self._look_again({*suspects, *rebound, *gone}, {*rebound, *gone}, before, values)
        self._compare(kept, was, {*rebound, *gone})
        self._observe_ambient()
        self._plain.clear()

    def _may_be_bound_to_the_same(self, name: str) -> bool:
        """Whether the name has from a step what binding it anew gives again: a module or something of one, a small number."""
        live = self.names.get(name)
        return live is not None and not live.gone and not isinstance(live.version, Plain) and is_everybodys(live.value)

    def _bound_anew(self, name: str, value: object) -> None:
        live = self.names.get(name)
        if live is not None:
            self._replaced(live.value)
        self.names[name] = Live(version=PLAIN, value=value)

    def _look_again(
        self, dirty: Collection[str], unbound: Collection[str], before: Mapping[str, object], values: Mapping[str, object]
    ) -> None:
        """What is known of `dirty` names holds no more; `unbound` are those of them that were bound anew, or deleted."""
        mates = self.watch.mates(unbound)
        for name in dirty:
            self._probes.pop(name, None)
        self.watch.forget(dirty)
        with self.holding(before, values):
            self.watch.look()
        for name in mates & self._probes.keys():
            self._probes[name] = self._probes[name].without(unbound)
            if len(self.watch.mates([name])) > 1:  # what they shared by way of the lost name has to be told by another
                del self._probes[name]
                self._unready |= {name} if self._is_of_step(name) else set()

    def _compare(self, kept: Collection[str], was: Mapping[str, Probe], unbound: Collection[str]) -> None:
        """Note which of the values of steps the plain cells changed in place."""
        mine = [name for name in kept if name in was and self._is_of_step(name) and not _is_atom(self.namespace[name])]
        self._probe_circles(mine)
        for name in mine:
            live = self.names[name]
            if live.unstable or was[name].without(unbound) == self._probes[name].without(unbound):
                continue
            if probe({name: live.value})[name].content != probe({name: live.value})[name].content:
                self.names[name] = replace(live, unstable=True)
            else:
                self.names[name] = replace(live, touched=(*live.touched, *self._plain))

    def _observe_ambient(self) -> None:
        now = ambient()
        before = {name: live.state for name, live in self.ambient.items() if live.state is not None}
        for name, how in ambient_changes(before, now).items():
            was = self.ambient.get(name)
            if how == "advanced" and was is not None:
                self.ambient[name] = replace(was, state=now[name], touched=True)
            else:
                derived: Literal["set", "born"] = "born" if how == "advanced" or by_import(name, self._plain) else "set"
                self.ambient[name] = LiveAmbient(version=PLAIN, derived=derived, state=now.get(name), tick=self.tick)

    @contextmanager
    def loading(self) -> Iterator[None]:
        """While values are loaded: what libraries set as they are imported for that is no plain cell's doing."""
        loaded = len(sys.modules)
        yield
        if len(sys.modules) != loaded:
            self._follow_imports()

    def _follow_imports(self) -> None:
        now = ambient()
        before = {name: live.state for name, live in self.ambient.items() if live.state is not None}
        for name in [n for n in ambient_changes(before, now) if n in now and n.startswith(tuple(prefix for prefix, _ in _SET_BY_IMPORTS))]:
            was = self.ambient.get(name, LiveAmbient(version=PLAIN, derived="born", state=None))
            if was.derived == "born":
                self.ambient[name] = replace(was, state=now[name])

    def mates(self, names: Iterable[str]) -> frozenset[str]:
        """`names` and all that can share parts with one of them."""
        self.watch.look()
        return self.watch.mates(names)

    # ---- bodies

    def sharing(self, names: Iterable[str]) -> frozenset[str]:
        """`names` and those that share a part with one of them that can be changed."""
        self.watch.look()
        wanted = [name for name in names if name in self.namespace]
        several = [circle for circle in self.watch.circles_of(wanted) if len(circle) > 1]
        self._probe_circles(name for circle in several for name in circle)
        return frozenset(wanted) | sharing_with(wanted, {n: self._probes[n] for circle in several for n in circle if n in self._probes})

    def circles_of(self, names: Iterable[str]) -> list[frozenset[str]]:
        """The names that can share parts with one another, of those that can with one of `names`."""
        self.watch.look()
        return self.watch.circles_of(names)

    def ways(self, name: str) -> str:
        """Where the name shares what can be changed with others."""
        self._probe_circles([name])
        circles = self.watch.circles_of([name])
        return ways_of([name], {n: self._probes[n] for circle in circles for n in circle if n in self._probes})[name]

    def before_body(self, cell: CellNames) -> Shot:
        """The state that the changes of a body of these names are told from."""
        self.watch.look()
        suspects = self.watch.suspects([cell])
        self._probe_circles(suspects)
        return Shot(
            values=self.values(), probes={n: self._probes[n] for n in suspects if n in self._probes}, suspects=suspects, ambient=ambient()
        )

    @contextmanager
    def loosely(self, before: Shot, holders: Iterable[MutableMapping[str, Any]] = ()) -> Iterator[None]:
        """While a body runs: its values are held weakly where they can be, so that one which the body lets go of goes at once, as it would without us.

        Functions and classes are still held: what refers to those that were defined anew is out of date. `holders` are who else has values in hand.
        """
        refs: dict[str, weakref.ref[Any]] = {}
        for name in [name for name, value in before.values.items() if not isinstance(value, type | FunctionType)]:
            with suppress(TypeError):  # it can't be referred to weakly: then nothing sees that it stays
                refs[name] = weakref.ref(before.values[name])
        held = {name: self.names[name] for name in refs if name in self.names and self.names[name].value is before.values[name]}
        held = {name: replace(live, value=_RELEASED) for name, live in held.items()}
        self.names.update(held)
        before.values.update(dict.fromkeys(refs, _RELEASED))
        for mapping in holders:
            for name in refs:
                mapping.pop(name, None)
        try:
            yield
        finally:
            there = {name: value for name, ref in refs.items() if (value := ref()) is not None}
            before.values.update(there)
            self.names.update({name: replace(live, value=there[name]) for name, live in held.items() if name in there})

    def after_body(self, before: Shot, let_go: Collection[MutableMapping[str, Any]] = ()) -> Changes:
        """What changed since `before`. `let_go` are who else has the values of before in hand, and needs no more those that the body let go of."""
        had = set(before.values)
        if let_go:
            self._release([n for n in had if before.values[n] is not self.namespace.get(n, _RELEASED)], (before.values, *let_go))
        note_loaded()
        values = self.values()
        anew = {n for n in values if n not in before.values or before.values[n] is not values[n]}
        deleted = had - values.keys()
        dirty, unbound = {*before.suspects, *anew}, {*anew, *deleted}
        self._look_again({*dirty, *deleted}, unbound, before.values, values)
        self._probe_circles(dirty)
        same = {n for n in before.suspects if n in values and n not in anew and self._differs(before, n, unbound)}
        now = ambient()
        self._plain.clear()
        return Changes(
            changed=frozenset(anew | same),
            same=frozenset(same),
            near=frozenset(dirty),
            deleted=frozenset(deleted),
            ambient=ambient_changes(before.ambient, now),
            now=now,
            contents={n: found.content for n in dirty if (found := self._probes.get(n)) is not None and found.canonical},
        )

    def _release(self, names: Collection[str], holders: Iterable[MutableMapping[str, Any]] = ()) -> None:
        """Let go of what `names` had: finalizers run now, and what they change is seen by the look that comes after."""
        for mapping in holders:
            for name in names:
                mapping.pop(name, None)
        for name in names:
            held = self.names.get(name)
            if held is not None and not held.gone:
                self._replaced(held.value)
                self.names[name] = replace(held, value=_RELEASED)
                del held  # it has the value

    def _differs(self, before: Shot, name: str, unbound: Collection[str]) -> bool:
        if name not in before.probes:
            return False  # an atom
        return before.probes[name].without(unbound) != self._probes[name].without(unbound)

    def _probe_circles(self, names: Iterable[str]) -> None:
        """Have the probes of `names` and of all that share parts with them, for together they are looked at."""
        wanted = [name for name in names if name in self.namespace and not _is_atom(self.namespace[name])]
        if any(name not in self._probes for name in wanted):
            order = {name: at for at, name in enumerate(self.namespace)}
            for circle in self.watch.circles_of(wanted):
                if any(name not in self._probes for name in circle):
                    self._probes.update(probe({name: self.namespace[name] for name in sorted(circle, key=order.__getitem__)}))
                    self._unready -= circle

    def became(self, name: str, version: Version, digest: str = "") -> None:
        """The name's live value is `version` from here on."""
        if name in self.namespace:
            held = self.names.get(name)
            if held is not None and held.value is not self.namespace[name]:
                self._replaced(held.value)
            elif held is not None and isinstance(held.version, Plain) and is_imported(held.value):
                return  # an import that was made again: the cell above it has not lost it
            beneath = held.covered_by(version) if held is not None and version != PLAIN else ()
            self.names[name] = Live(version=version, value=self.namespace[name], digest=digest, beneath=beneath)
            if digest and name not in self._probes and not _is_atom(self.namespace[name]):
                self._unready.add(name)
        else:
            self.names[name] = Live(version=version, gone=True)

    def rename(self, old: str, new: str) -> None:
        """Versions of the step `old` are of `new` from here on."""
        self.names = {name: replace(live, version=renamed(live.version, old, new)) for name, live in self.names.items()}
        if old in self.shared:
            self.shared[new] = self.shared.pop(old)
        self.ambient = {name: replace(held, version=renamed(held.version, old, new)) for name, held in self.ambient.items()}

    def bind(self, values: dict[str, object], unbind: Iterable[str] = (), *, first: Collection[str] = ()) -> None:
        """Put values into the namespace, or take names away; they are looked at again when that is next needed.

        What the names of `first` had is let go of before anything is bound: what its finalizers change is what is bound over.
        """
        gone = list(unbind)
        self.watch.forget((*values, *gone))
        for name in [name for name in first if name in self.namespace]:
            self._release([name])
            self.namespace[name] = None  # its place in the order of the names stays
        self.namespace.update(values)
        for name in gone:
            self.namespace.pop(name, None)
        for name in (*values, *gone):
            self._probes.pop(name, None)
            self._unready.discard(name)

    def is_very(self, name: str, version: Version) -> bool:
        """Whether the live value is that version, untouched, and of the definitions that are live."""
        live = self.names.get(name)
        if live is None or live.version != version or live.touched:
            return False
        return live.gone or (self.namespace.get(name) is live.value and not holds_any(live.value, self._old_definitions))

    def is_of_a_step(self, name: str) -> bool:
        """Whether the name is bound to what some step left."""
        held = self.names.get(name)
        return held is not None and not held.gone and name in self.namespace and not isinstance(held.version, Plain)

    def _replaced(self, value: object) -> None:
        """A name of the notebook lost `value`: where it is a function or class, what still refers to it is out of date."""
        if isinstance(value, type | FunctionType) and value.__module__ == "__main__":
            self._old_definitions[id(value)] = value

    def follow(self, before: Mapping[str, object]) -> None:
        """`before` are objects that were restored anew under their names: ``Out`` goes with its variables.

        Not ``_``: IPython takes it for the user's own as soon as anybody else binds it.
        """
        anew = {id(old): self.namespace[name] for name, old in before.items() if name in self.namespace and type(old) not in ATOMS}
        if not anew:
            return
        results = self.namespace.get("Out")
        if isinstance(results, dict):
            for count in [count for count, value in results.items() if id(value) in anew]:
                results[count] = anew[id(results[count])]
        for name in [n for n in self.namespace if n[:1] == "_" and n[1:].isdecimal() and id(self.namespace[n]) in anew]:
            self.namespace[name] = anew[id(self.namespace[name])]


_RELEASED: Final = object()
"""Stands for a value that a name had and that nobody needs any more."""
_EVERYTHING: Final = CellNames(reads=frozenset(), certain=frozenset(), binds=frozenset(), deletes=frozenset(), everything=True)
NO_NAMES: Final = CellNames(reads=frozenset(), certain=frozenset(), binds=frozenset(), deletes=frozenset(), everything=False)


def _names_of(source: str) -> CellNames:
    try:
        return read_cell(source).names
    except (SyntaxError, ValueError):  # it will fail to run, or is no Python that could be read here
        return _EVERYTHING


def _is_atom(value: object) -> bool:
    return type(value) in ATOMS
