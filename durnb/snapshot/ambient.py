"""What a process has beside its variables: generators, folder, search path, environment, options.

Each component is a pseudo-variable such as ``@random`` or ``@environ:LANG``. Taking all of them is fast, since it is done before
and after every cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from blake3 import blake3

from durnb.snapshot import generators, logging_state, process_state, settings_state

Change = Literal["set", "advanced", "gone"]


@dataclass(frozen=True, slots=True)
class AmbientState:
    """One component as it was: `payload` is how to set it back, a pickle of plain values."""

    digest: str
    payload: bytes | None


class Component(Protocol):
    """A kind of ambient state, found by the start of its names."""

    prefix: str

    def take(self) -> Mapping[str, bytes]:
        """The payload of every pseudo-variable of this kind that there is now."""
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
    settings_state.PandasOptions(),
    settings_state.RcParams(),
    settings_state.WarningFilters(),
    settings_state.DecimalContext(),
    logging_state.Loggers(),
)


def ambient() -> dict[str, AmbientState]:
    """Every component as it is now."""
    return {name: AmbientState(blake3(payload).hexdigest(), payload) for each in COMPONENTS for name, payload in each.take().items()}


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
        try:
            note = _component(name).put(name, state.payload if state is not None else None)
        except Exception as error:
            note = f"{name} could not be set: {type(error).__name__}: {error}"
        if note is not None:
            notes.append(note)
    return notes


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
    for each in COMPONENTS:
        if name == each.prefix or (each.prefix.endswith(":") and name.startswith(each.prefix)):
            return each
    raise KeyError(f"no ambient component {name}")
