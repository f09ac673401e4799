"""The namespace and the ambient state before a body, and what the body changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from durnb.fingerprint import Probe
from durnb.records import dataclass
from durnb.snapshot import AmbientState


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """The namespace and the ambient state just before a body; `suspects` are the names that it can change in place, with their probes."""

    values: dict[str, object]
    probes: dict[str, Probe]
    suspects: frozenset[str]
    ambient: dict[str, AmbientState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a body changed; `same` are those of the changed names that hold the object they held. `ambient` says how, `now` is the state after it.

    `near` are all names that can share something with what the body made; `contents` are digests of what names hold, where they are known, just
    after the body.
    """

    changed: frozenset[str]
    deleted: frozenset[str]
    ambient: dict[str, Literal["set", "advanced", "gone"]]
    now: dict[str, AmbientState]
    same: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()
    contents: Mapping[str, str] = field(default_factory=dict)
