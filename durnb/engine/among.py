"""How the inputs of a step share state with one another: a copy in an alias's place holds the same, and what the step changes of it is another thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from durnb.digests import digest_of
from durnb.engine.live import LiveNames
from durnb.engine.manifest import UNKNOWN_WAYS
from durnb.engine.place import LIVE, Place
from durnb.engine.sharing import relative
from durnb.events import Input
from durnb.fingerprint import CellSource, circles, probe

_VALUES = ("durable", "plain", "opaque")


def value_names(inputs: Iterable[Input]) -> list[str]:
    """The inputs that are values of the notebook."""
    return [i.name for i in inputs if i.kind in _VALUES]


def ways_among(live: LiveNames, names: Collection[str], fetched: Mapping[str, object]) -> tuple[tuple[str, ...], str]:
    """Which of `names` share mutable parts with one another, and a digest of where; nothing and "" where none do. `fetched` are values that are not live."""
    suspects = sorted(_suspects(live, names, fetched))
    if not suspects:
        return (), ""
    values = {name: fetched[name] if name in fetched else live.namespace[name] for name in suspects}
    together = {name for circle in circles(values, Counter(), live.namespace) if len(circle.names) > 1 for name in circle.names}
    probes = probe({name: value for name, value in values.items() if name in together})
    links = [
        (one, *relative(path, there))
        for one, found in probes.items()
        for path, there in found.links
        if there.partition(":")[0] not in ("", one)
    ]
    linked = {name for one, _, there in links for name in (one, there.partition(":")[0])}
    return tuple(sorted(linked)), digest_of("among", *(part for link in sorted(links) for part in link)) if links else ""


def _suspects(live: LiveNames, names: Collection[str], fetched: Mapping[str, object]) -> set[str]:
    """Those of the names that may share something with another one of them, as far as it is known without a look."""
    if len(names) < 2:
        return set()
    mine = {name for name in names if name not in fetched and name in live.namespace}
    away = set(names) & fetched.keys()
    found = {name for circle in live.circles_of(mine) if len(circle & mine) > 1 for name in circle & mine}
    found |= away | (mine if away else set())
    return found if len(found) > 1 else set()


def parted(place: Place, cell: CellSource, inputs: Collection[Input], fetched: Mapping[str, object]) -> Iterator[int]:
    """The checkpoints of the step, of this code and these inputs, whose inputs shared state with one another otherwise than they do now."""
    step = place.history.steps.get(place.step)
    now = {(i.name, i.digest) for i in inputs}
    for checkpoint in step.checkpoints.values() if step is not None else ():
        if checkpoint.code != cell.digest or any(i.kind in _VALUES and (i.name, i.digest) not in now for i in checkpoint.inputs):
            continue
        manifest = place.shelf.manifest(checkpoint)
        names = {*value_names(checkpoint.inputs), *manifest.among}
        if manifest.ways == UNKNOWN_WAYS or any(place.see(name).how == "lost" for name in names):
            continue
        there = {name for name in names if name in fetched or (name in place.live.namespace and place.see(name) is LIVE)}
        if ways_among(place.live, there, fetched)[1] != manifest.ways:
            yield checkpoint.number
