"""What a process has beside its variables: generators, folder, search path, environment, options, and what users register.

Each component is a pseudo-variable such as ``@random`` or ``@environ:LANG``. Taking all of them is fast, since it is done before
and after every cell: where a look shows what the last one did, nothing is written down or digested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from blake3 import blake3

from durnb.errors import UsageError
from durnb.records import dataclass
from durnb.snapshot import generators, library_state, logging_state, process_state, registered, settings_state

Change = Literal["set", "advanced", "gone"]


@dataclass(frozen=True, slots=True)
class AmbientState:
    """One component as it was: `payload` is how to set it back, a pickle of plain values."""

    digest: str
    payload: bytes | None


class Component(Protocol):
    """A kind of ambient state, found by the start of its names."""

    prefix: str

    def look(self) -> object:
        """What there is now, quickly: equal to an earlier look where nothing changed, and itself never changed by what happens later."""
        ...

    def take(self, seen: Any) -> Mapping[str, bytes]:
        """The payload of every pseudo-variable of this kind that there was at a look."""
        ...

    def put(self, name: str, payload: bytes | None) -> str | None:
        """Sets one back, None: to what it is without. Returns a note where it could not."""
        ...

    def follows(self, before: bytes, after: bytes) -> bool:
        """Whether `after` comes from `before` by mere use, as a generator's state does by drawing."""
        ...

    def as_loaded(self) -> bool:
        """Whether a pseudo-variable that is there for the first time came with its library, and was not set by code since."""
        ...


COMPONENTS: tuple[Component, ...] = (
    generators.Random(),
    generators.NumpyRandom(),
    generators.TorchRandom(),
    generators.TorchCudaRandom(),
    process_state.WorkingFolder(),
    process_state.SearchPath(),
    process_state.Environment(),
    process_state.Locale(),
    process_state.RecursionLimit(),
    settings_state.PandasOptions(),
    settings_state.RcParams(),
    settings_state.WarningFilters(),
    settings_state.DecimalContext(),
    library_state.NumpyPrintOptions(),
    library_state.NumpyErrors(),
    library_state.SklearnConfig(),
    library_state.PolarsConfig(),
    logging_state.Loggers(),
)
_seen: dict[str, tuple[object, dict[str, AmbientState]]] = {}


def ambient() -> dict[str, AmbientState]:
    """Every component as it is now."""
    found: dict[str, AmbientState] = {}
    for each in (*COMPONENTS, *registered.components()):
        found.update(_taken(each))
    return found


def ambient_born() -> dict[str, AmbientState]:
    """The components whose present value counts as the process's own, and not as set by code: all but those that users registered."""
    return {name: state for each in COMPONENTS for name, state in _taken(each).items()}


def _taken(component: Component) -> dict[str, AmbientState]:
    now, known = component.look(), _seen.get(component.prefix)
    if known is None or not _is_equal(known[0], now):
        states = {name: AmbientState(blake3(payload).hexdigest(), payload) for name, payload in component.take(now).items()}
        known = _seen[component.prefix] = now, states
    return known[1]


def _is_equal(one: object, other: object) -> bool:
    try:
        return bool(one == other)
    except Exception:  # a library's options may hold anything, arrays too
        return False


def register_ambient(
    name: str, *, take: Callable[[], object], put: Callable[[Any], object], advanced: Callable[[Any, Any], object] | None = None
) -> None:
    """Have a setting that durnb does not know kept like those that it knows; one of the same name is replaced.

    `take()` gives its value, plain; `put(value)` sets it; `advanced(before, after)` tells whether it merely moved on by use. From here on it
    counts as set by code. Raises UsageError for a name that can't be, and where `take` fails.
    """
    if any(name == each.prefix.strip("@:") for each in COMPONENTS):
        raise UsageError(f"register_ambient: durnb keeps {name!r} itself; register yours under another name")
    registered.register(name, take, put, advanced)


def ambient_changes(before: Mapping[str, AmbientState], after: Mapping[str, AmbientState]) -> dict[str, Change]:
    """The components that differ: ``advanced`` where `after` follows from `before` by drawing (or came with its library just now),
    ``gone`` where there is none now."""
    changes: dict[str, Change] = {name: "gone" for name in before if name not in after}
    for name, state in after.items():
        earlier = before.get(name)
        if earlier is None:
            changes[name] = "advanced" if _component(name).as_loaded() else "set"
        elif earlier.digest != state.digest:
            known = earlier.payload is not None and state.payload is not None
            changes[name] = "advanced" if known and _component(name).follows(earlier.payload or b"", state.payload or b"") else "set"
    return changes


def set_ambient(states: Mapping[str, AmbientState | None]) -> list[str]:
    """Sets components back, None meaning that there was none; returns notes on what could not be set. Raises nothing."""
    notes: list[str] = []
    for name, state in states.items():
        component = _find(name)
        if component is None:
            setting = name.removeprefix("@")
            notes.append(f"the setting {setting} is not known in this kernel: durnb.register_ambient({setting!r}, …) in a plain cell above")
            continue
        try:
            note = component.put(name, state.payload if state is not None else None)
        except Exception as error:
            note = f"{name} could not be set: {type(error).__name__}: {error}"
        if note is not None:
            notes.append(note)
    return notes


def is_ambient(name: str) -> bool:
    """Whether this kernel has such a component; one that a user registers it has only from then on."""
    return _find(name) is not None


def unkept(before: Mapping[str, AmbientState], after: Mapping[str, AmbientState]) -> list[str]:
    """What of `after` can't be set back in another process, where it differs from `before`: handlers of loggers that durnb can't make again."""
    notes: list[str] = []
    for name, state in after.items():
        if name.startswith(logging_state.Loggers.prefix) and state.payload is not None:
            earlier = before.get(name)
            note = logging_state.unkept(name, earlier.payload if earlier is not None else None, state.payload)
            notes += [note] if note is not None else []
    return notes


def _component(name: str) -> Component:
    found = _find(name)
    if found is None:
        raise KeyError(f"no ambient component {name}")
    return found


def _find(name: str) -> Component | None:
    for each in (*COMPONENTS, *registered.components()):
        if name == each.prefix or (each.prefix.endswith(":") and name.startswith(each.prefix)):
            return each
    return None
