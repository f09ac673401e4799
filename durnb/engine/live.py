"""What the names of this kernel's namespace hold now: which version each is, and what plain cells did to it.

The slow right form: the whole namespace is probed where something can have changed it, before and after each durable body and after plain cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from types import FunctionType
from typing import Final, Literal

from durnb.engine.outdated import ATOMS, holds_any
from durnb.fingerprint import Probe, notebook_names, probe
from durnb.snapshot import AmbientState, ambient, ambient_changes


@dataclass(frozen=True, slots=True)
class Durable:
    """Made by a finished step: its name, and its checkpoint's number."""

    step: str
    checkpoint: int


@dataclass(frozen=True, slots=True)
class Tried:
    """Left behind by an attempt that did not finish."""

    step: str
    execution: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Plain:
    """Made by a plain cell, or by nobody that durnb knows."""


PLAIN: Final = Plain()
Version = Durable | Tried | Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A name of the namespace. `gone`: the version is an absence (a step deleted it). `digest` is the recorded one of a durable version.

    `touched` are the plain cells (their sources) that changed the value in place since; `unstable` says that its probe changes by itself.
    """

    version: Version
    value: object = None
    digest: str = ""
    gone: bool = False
    touched: tuple[str, ...] = ()
    unstable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAmbient:
    """An ambient component. `derived` is "set" where its value follows from one that code set; `touched`: a plain cell drew from it since.

    `tick` is when a plain cell set it, by the session's count of cells.
    """

    version: Version
    derived: Literal["set", "born"]
    state: AmbientState | None
    touched: bool = False
    tick: int = 0


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
    """The namespace as versions. Between `settle` and the next plain cell nothing can change, so nothing is probed."""

    namespace: MutableMapping[str, object]
    names: dict[str, Live] = field(default_factory=dict)
    ambient: dict[str, LiveAmbient] = field(default_factory=dict)
    _probes: dict[str, Probe] = field(default_factory=dict)
    _plain: list[str] = field(default_factory=list)
    _settled: bool = False
    born: dict[str, AmbientState] | None = None
    tick: int = 0
    _old_definitions: dict[int, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        born = self.born if self.born is not None else ambient()
        self.ambient = {name: LiveAmbient(version=PLAIN, derived="born", state=state) for name, state in born.items()}

    def values(self) -> dict[str, object]:
        """The notebook's names and their values, as they are now."""
        return {name: self.namespace[name] for name in notebook_names(self.namespace)}

    def plain_cell(self, source: str) -> None:
        """A plain cell is about to run."""
        if self.names and not self._settled:
            self._probes, self._settled = probe(self.values()), True
        self._plain.append(source)
        self.tick += 1

    def observe(self) -> None:
        """Attribute to plain cells what changed since the last durable act."""
        if not self._plain and self.names:
            return
        values = self.values()
        now = probe(values)
        for name in [n for n, live in self.names.items() if n not in values and not live.gone]:
            self.names[name] = Live(version=PLAIN, gone=True)
        for name, value in values.items():
            self._observe_name(name, value, now)
        self._observe_ambient()
        self._probes, self._settled = now, True
        self._plain.clear()

    def _observe_name(self, name: str, value: object, now: dict[str, Probe]) -> None:
        live = self.names.get(name)
        if live is None or live.gone or live.value is not value:
            if live is not None:
                self._replaced(live.value)
            self.names[name] = Live(version=PLAIN, value=value)
        elif name in self._probes and self._probes[name] != now[name] and not live.unstable:
            if probe({name: value})[name].content != probe({name: value})[name].content:
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

    def probes(self) -> dict[str, Probe]:
        """The probes of all names, as they are now."""
        if not self._settled:
            self._probes, self._settled = probe(self.values()), True
        return self._probes

    def before_body(self) -> Shot:
        """Probe everything: the state that the body's changes are told from."""
        self.probes()
        return Shot(values=self.values(), probes=dict(self._probes), ambient=ambient())

    def after_body(self, before: Shot) -> Changes:
        """What changed since `before`; the namespace counts as settled."""
        values = self.values()
        probes = probe(values)
        changed = {n for n in values if n not in before.values or before.values[n] is not values[n] or before.probes.get(n) != probes[n]}
        now = ambient()
        self._probes, self._settled = probes, True
        self._plain.clear()
        return Changes(
            changed=frozenset(changed),
            same=frozenset(n for n in changed if n in before.values and before.values[n] is values[n]),
            deleted=frozenset(before.values.keys() - values.keys()),
            ambient=ambient_changes(before.ambient, now),
            now=now,
        )

    def became(self, name: str, version: Version, digest: str = "") -> None:
        """The name's live value is `version` from here on."""
        if name in self.namespace:
            held = self.names.get(name)
            if held is not None and held.value is not self.namespace[name]:
                self._replaced(held.value)
            self.names[name] = Live(version=version, value=self.namespace[name], digest=digest)
        else:
            self.names[name] = Live(version=version, gone=True)

    def rename(self, old: str, new: str) -> None:
        """Versions of the step `old` are of `new` from here on."""
        self.names = {name: replace(live, version=_renamed(live.version, old, new)) for name, live in self.names.items()}
        self.ambient = {name: replace(held, version=_renamed(held.version, old, new)) for name, held in self.ambient.items()}

    def bind(self, values: dict[str, object], unbind: Iterable[str] = ()) -> None:
        """Put values into the namespace, or take names away; probes are taken again when they are next needed."""
        self.namespace.update(values)
        for name in unbind:
            self.namespace.pop(name, None)
        self._settled = False

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
        results = self.namespace.get("Out")
        if isinstance(results, dict):
            for count in [count for count, value in results.items() if id(value) in anew]:
                results[count] = anew[id(results[count])]
        for name in [n for n in self.namespace if n[:1] == "_" and n[1:].isdecimal() and id(self.namespace[n]) in anew]:
            self.namespace[name] = anew[id(self.namespace[name])]


def _renamed(version: Version, old: str, new: str) -> Version:
    match version:
        case Durable(step, number) if step == old:
            return Durable(new, number)
        case Tried(step, execution, attempt) if step == old:
            return Tried(new, execution, attempt)
        case _:
            return version


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """The namespace and the ambient state just before a body."""

    values: dict[str, object]
    probes: dict[str, Probe]
    ambient: dict[str, AmbientState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a body changed; `same` are those of the changed names that hold the object they held. `ambient` says how, `now` is the state after it."""

    changed: frozenset[str]
    deleted: frozenset[str]
    ambient: dict[str, Literal["set", "advanced", "gone"]]
    now: dict[str, AmbientState]
    same: frozenset[str] = frozenset()
