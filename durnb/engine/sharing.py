"""Names that share mutable state: what a step changes in place under one name, it changes under the others."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from durnb.digests import digest_of
from durnb.fingerprint import Probe

_AT: Final = re.compile(r"@(-?\d+)(?=\()")  # bytes, before the strides of an array


def ways_of(names: Collection[str], probes: Mapping[str, Probe]) -> dict[str, str]:
    """For each of `names` a digest of where in its value, and in theirs, it shares mutable parts with others."""
    ways: dict[str, set[str]] = {name: set() for name in names}
    for one, probe in probes.items():
        for path, there in probe.links:
            owner, _, place = there.partition(":")
            if owner not in ("", one):
                mine, other = relative(path, place)
                way = "=".join(sorted((f"{one}{mine}", f"{owner}{other}")))
                for name in (one, owner):
                    if name in ways:
                        ways[name].add(way)
    return {name: digest_of("ways", *sorted(found)) for name, found in ways.items()}


def relative(path: str, there: str) -> tuple[str, str]:
    """Two places that share memory, the first counted from the second: where that begins is another number in each process."""
    mine, other = (list(_AT.finditer(text))[-1:] for text in (path, there))
    if not mine or not other:
        return path, there
    apart = int(mine[0][1]) - int(other[0][1])
    return f"{path[: mine[0].start()]}@{apart}{path[mine[0].end() :]}", f"{there[: other[0].start()]}@0{there[other[0].end() :]}"


def sharing_with(names: Collection[str], probes: Mapping[str, Probe]) -> frozenset[str]:
    """`names` and all names that share a mutable part with one of them, directly or by way of others."""
    neighbours: dict[str, set[str]] = {}
    for name, probe in probes.items():
        for _, there in probe.links:
            owner = there.partition(":")[0]
            if owner and owner != name:
                neighbours.setdefault(name, set()).add(owner)
                neighbours.setdefault(owner, set()).add(name)
    found = set(names) & probes.keys()
    waiting = list(found)
    while waiting:
        for other in neighbours.get(waiting.pop(), set()) - found:
            found.add(other)
            waiting.append(other)
    return frozenset(found)
