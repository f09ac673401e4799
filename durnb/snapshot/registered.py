"""Ambient state that users register: how it is read and set is their code, whose errors are said and cost nothing else."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from durnb.errors import UsageError
from durnb.records import dataclass
from durnb.snapshot.plain import plain, spelled

_NAME: Final = re.compile(r"[^\W\d][\w.-]*")


@dataclass(slots=True, eq=False)
class Registered:
    """A component that a user registered. `last` is what was read last, which holds where reading fails."""

    prefix: str
    reading: Callable[[], object]
    writing: Callable[[Any], object]
    advancing: Callable[[Any, Any], object] | None
    last: bytes | None = None

    def look(self) -> object:
        try:
            self.last = spelled(plain(self.reading()))
        except Exception as error:  # it is the user's code; durnb goes on with what it knew
            _say(self, "could not be read and counts as unchanged", error)
        return self.last

    def take(self, seen: Any) -> Mapping[str, bytes]:
        return {} if seen is None else {self.prefix: seen}

    def put(self, name: str, payload: bytes | None) -> str | None:
        if payload is not None:
            self.writing(pickle.loads(payload))
        return None

    def follows(self, before: bytes, after: bytes) -> bool:
        if self.advancing is None:
            return False
        try:
            return bool(self.advancing(pickle.loads(before), pickle.loads(after)))
        except Exception as error:  # as above; a change that can't be told from mere use counts as one
            _say(self, "could not be compared and counts as set anew", error)
            return False

    def as_loaded(self) -> bool:
        return False


_registered: Final[dict[str, Registered]] = {}
_problems: Final[dict[str, None]] = {}
_said: Final[set[str]] = set()


def components() -> Iterable[Registered]:
    """Those that are registered, in the order of their first registration."""
    return tuple(_registered.values())


def register(name: str, take: Callable[[], object], put: Callable[[Any], object], advanced: Callable[[Any, Any], object] | None) -> None:
    """See `durnb.snapshot.register_ambient`."""
    if not _NAME.fullmatch(str(name)):
        raise UsageError(f"register_ambient: {name!r} is no name for a setting: letters, digits, and _ . - after the first letter")
    for word, function in (("take", take), ("put", put), ("advanced", take if advanced is None else advanced)):
        if not callable(function):
            raise UsageError(f"register_ambient({name!r}): {word}= has to be a function, and is {str(function)[:80]!r}")
    try:
        first = spelled(plain(take()))
    except Exception as error:  # it is the user's code, and this is where its author sees what is wrong
        raise UsageError(f"register_ambient({name!r}): take() failed: {type(error).__name__}: {error}") from error
    _registered[f"@{name}"] = Registered(f"@{name}", take, put, advanced, first)


def problems() -> list[str]:
    """What went wrong in users' functions since the last call; each is told once."""
    found = list(_problems)
    _problems.clear()
    return found


def _say(component: Registered, text: str, error: Exception) -> None:
    problem = f"the setting {component.prefix.removeprefix('@')} {text} ({type(error).__name__}: {error})"
    if problem not in _said:
        _said.add(problem)
        _problems[problem] = None
