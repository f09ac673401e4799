"""What a checkpoint says of itself: the signed table of contents of a finished step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any, Final

from durnb.records import dataclass

TAKEN_AS_DONE: Final = "taken as done by %durable resolve"
"""Why a name is lost that a step would have bound, had a person not said that it is done."""

UNKNOWN_WAYS: Final = "unknown"
"""How inputs shared state in a checkpoint of a time when that was not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGroup:
    """Variables stored together: the digests of their stream and of its buffers; which buffers are read-only, and which plain numbers."""

    names: tuple[str, ...]
    stream: str
    buffers: tuple[str, ...] = ()
    readonly: tuple[bool, ...] = ()
    plain: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredName:
    """A variable of the checkpoint: its recorded digest, and its type's name."""

    digest: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LostName:
    """A variable that could not be stored: the path to the culprit, and why. `moves`: it stands somewhere, as a file or a generator does."""

    path: str
    reason: str
    digest: str = "opaque"
    moves: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """A file that the step made: the digest of its content, and its size in bytes."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAmbient:
    """An ambient component that the step changed. `derived` is "set" where the value follows from one that code set, else "born".

    `payload` is the digest of the bytes that set it back; empty where the component is gone.
    """

    digest: str
    payload: str
    derived: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The whole checkpoint (`same` names hold the object that they held before the body; `aliased` shared state with one that the body changed in place, through a definition, and are not held): namespace delta, ambient delta, outputs (digest of a JSON list), the name of the Out value's entry, imports.

    `linked` are names, not held either, that shared state before the body with what it can read, and where. `creates` are the files that the step made, for each pattern of its header by their paths.
    `among` are the names that shared state with one another before the body, of those that it read or could change, and `ways` tells where.
    `unseen` is what a value counts as that is not stored: it is another one where the step's code or inputs were others.
    """

    step: str
    names: Mapping[str, StoredName] = field(default_factory=dict)
    companions: tuple[str, ...] = ()
    groups: tuple[StoredGroup, ...] = ()
    deleted: tuple[str, ...] = ()
    lost: Mapping[str, LostName] = field(default_factory=dict)
    same: tuple[str, ...] = ()
    aliased: tuple[str, ...] = ()
    linked: Mapping[str, str] = field(default_factory=dict)
    unsaved: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    ambient: Mapping[str, StoredAmbient] = field(default_factory=dict)
    outputs: str = ""
    has_value: bool = False
    imports: tuple[str, ...] = ()
    sources: str = ""
    notes: tuple[str, ...] = ()
    creates: Mapping[str, Mapping[str, MadeFile]] = field(default_factory=dict)
    unseen: str = "opaque"
    among: tuple[str, ...] = ()
    ways: str = UNKNOWN_WAYS

    def encode(self) -> str:
        return json.dumps(_plain(self), default=_plain, sort_keys=True, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> Manifest:
        """The inverse of `encode`. Raises ValueError, KeyError or TypeError for text that is none."""
        read: object = json.loads(text)
        plain: dict[str, Any] = read if isinstance(read, dict) else {}
        if not all(isinstance(plain.get(part), dict) for part in ("names", "lost", "ambient")):
            raise ValueError("it is not a checkpoint's table of contents")
        plain["names"] = {n: StoredName(**v) for n, v in plain["names"].items()}
        plain["lost"] = {n: LostName(**v) for n, v in plain["lost"].items()}
        plain["ambient"] = {n: StoredAmbient(**v) for n, v in plain["ambient"].items()}
        plain["groups"] = tuple(
            StoredGroup(
                names=tuple(g["names"]),
                stream=g["stream"],
                buffers=tuple(g["buffers"]),
                readonly=tuple(g["readonly"]),
                plain=tuple(g.get("plain", (False,) * len(g["buffers"]))),
            )
            for g in plain["groups"]
        )
        plain["creates"] = {
            pattern: {path: MadeFile(**v) for path, v in files.items()} for pattern, files in plain.get("creates", {}).items()
        }
        plain.setdefault("same", ())
        plain.setdefault("aliased", ())
        plain.setdefault("among", ())
        for name in ("companions", "same", "aliased", "deleted", "unsaved", "dropped", "imports", "notes", "among"):
            plain[name] = tuple(plain[name])
        return cls(**plain)

    def binds(self, name: str) -> bool:
        """Whether the checkpoint says anything of `name`: stored, deleted, lost or left out."""
        return name in self.names or name in self.deleted or name in self.lost or name in self.unsaved


OUT = "@out"  # the entry under which the Out value is stored among the names of a group


def _plain(part: Any) -> dict[str, Any]:
    """A dataclass by its fields, for JSON: many times as fast as `asdict`, which copies what it finds."""
    return {each.name: getattr(part, each.name) for each in fields(part)}
