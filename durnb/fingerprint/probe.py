"""Probes: what a value holds now, comparable within this process only, to find out whether something changed it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from types import FunctionType
from typing import NamedTuple

from durnb.fingerprint.lens import Lens
from durnb.fingerprint.looking import is_class
from durnb.fingerprint.naming import is_hidden
from durnb.fingerprint.walk import Seen, SeenTree, Walk, path_text
from durnb.records import dataclass
from durnb.trees import outermost


@dataclass(frozen=True, slots=True)
class Probe:
    """The content of a value, and by which paths it shares mutable parts with names before it in the namespace.

    `canonical`: the digest is the one that `content` would give.
    """

    content: str
    links: tuple[tuple[str, str], ...]
    canonical: bool = field(default=False, compare=False)

    def without(self, names: Collection[str]) -> Probe:
        """Without the links to names that were bound anew, or deleted: that such a link came or went is no change of this value."""
        kept = tuple(link for link in self.links if link[1].partition(":")[0] not in names)
        return self if len(kept) == len(self.links) else Probe(self.content, kept, self.canonical)


def probe(namespace: Mapping[str, object]) -> dict[str, Probe]:
    """One probe for each name: it changes whenever a part of the value that code can see changes."""
    owners: dict[object, _Owner] = {}
    kept: list[object] = []
    lens = Lens(probing=True)
    found: dict[str, Probe] = {}
    for name, value in list(namespace.items()):
        if type(name) is str and not is_hidden(name):
            found[name] = _probe_one(name, value, lens, owners, kept)
    return found


def _probe_one(name: str, value: object, lens: Lens, owners: dict[object, _Owner], kept: list[object]) -> Probe:
    links: list[tuple[str, str]] = []

    def meet(seen: Seen) -> bool:
        if is_class(seen.value):
            return True
        if type(seen.value) is FunctionType:
            return False
        shared, place = (seen.value, "") if seen.parts.linked is None else seen.parts.linked
        key = shared if type(shared) is tuple else id(shared)
        owner = owners.get(key)
        if owner is None:
            owners[key] = _Owner(name, seen, place)
            kept.append(shared)
            return False
        if owner.name == name and seen.parts.linked is None:
            return False
        links.append((_path(seen) + place, f"{owner.name if owner.name != name else ''}:{owner.path()}"))
        return owner.name != name

    def meet_tree(tree: SeenTree) -> None:
        root = path_text(tree.trail)

        def is_met(ordinal: int, part: object) -> bool:
            owner = owners.setdefault(id(part), _Owner(name, None, f"{root}#{ordinal}"))
            if owner.name == name:
                kept.append(part)
                return False
            links.append((f"{root}#{ordinal}", f"{owner.name}:{owner.path()}"))
            return True

        outermost(tree.held, is_met)

    lens.probed = False
    digest = Walk(lens, meet, meet_tree).digest(value)
    return Probe(digest.hex(), tuple(links), not lens.probed)


class _Owner(NamedTuple):
    """The name that a mutable part is of, and where in its value it stands."""

    name: str
    seen: Seen | None
    place: str

    def path(self) -> str:
        return self.place if self.seen is None else _path(self.seen) + self.place


def _path(seen: Seen) -> str:
    """Exact for what people write, and of bounded length for what is deep."""
    depth, trail = 0, seen.trail
    while trail is not None and depth <= 16:
        depth, trail = depth + 1, trail.above
    return path_text(seen.trail) if depth <= 16 else f"#{seen.number}"
