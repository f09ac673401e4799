"""Keeps the plain values that a body can reach, so that it can be run again from clean inputs."""

from __future__ import annotations

from collections.abc import Collection

from durnb.engine.checkpoints import store_groups
from durnb.engine.live import LiveNames
from durnb.engine.manifest import Manifest, StoredAmbient, StoredName
from durnb.engine.outdated import ATOMS
from durnb.engine.versions import Durable
from durnb.journal import Draft
from durnb.records import dataclass
from durnb.snapshot import Captured, Group, capture, is_imported


@dataclass(frozen=True, slots=True, kw_only=True)
class Prestate:
    """`manifest` is None where there was nothing to keep; `unkept` are plain names that could not be, or did not fit."""

    manifest: Manifest | None
    unkept: frozenset[str]
    notes: tuple[str, ...]


def keep(draft: Draft, step: str, live: LiveNames, reached: Collection[str], limit: int) -> Prestate:
    """Store the plain values among `reached`, smallest groups first, up to `limit` bytes; and the ambient state that code set."""
    plain = [name for name in sorted(reached) if _is_plain(live, name) and not is_imported(live.namespace[name])]
    alone = all(type(live.namespace[name]) in ATOMS for name in plain)
    captured = (
        capture(live.values(), plain, among=() if alone else live.mates(plain), home=live.namespace)
        if plain
        else Captured(groups=(), lost=(), dropped=(), sources={})
    )
    fitting, too_big = _fit(captured.groups, limit)
    groups, sources = store_groups(draft, Captured(groups=fitting, lost=(), dropped=(), sources=captured.sources))
    ambient = _keep_ambient(draft, live)
    unkept = frozenset({lost.name for lost in captured.lost} | {n for group in too_big for n in group.names})
    notes = tuple(f"{', '.join(g.names)}: {_bytes_of(g) / 1e6:.0f} MB, more than max_prestate keeps for a clean retry" for g in too_big)
    if not groups and not ambient:
        return Prestate(manifest=None, unkept=unkept, notes=notes)
    names = {n: StoredName(digest="", type="") for g in groups for n in g.names}
    manifest = Manifest(step=step, names=names, groups=groups, ambient=ambient, sources=sources if groups else "")
    return Prestate(manifest=manifest, unkept=unkept, notes=notes)


def _is_plain(live: LiveNames, name: str) -> bool:
    held = live.names.get(name)
    return name in live.namespace and (held is None or (not held.gone and (bool(held.touched) or not isinstance(held.version, Durable))))


def _bytes_of(group: Group) -> int:
    return len(group.stream) + sum(memoryview(buffer).nbytes for buffer in group.buffers)


def _fit(groups: Collection[Group], limit: int) -> tuple[tuple[Group, ...], list[Group]]:
    fitting: list[Group] = []
    too_big: list[Group] = []
    for group in sorted(groups, key=_bytes_of):
        limit -= _bytes_of(group)
        (fitting if limit >= 0 else too_big).append(group)
    return tuple(fitting), too_big


def _keep_ambient(draft: Draft, live: LiveNames) -> dict[str, StoredAmbient]:
    return {
        name: StoredAmbient(digest=held.state.digest, payload=draft.add(held.state.payload), derived="set")
        for name, held in live.ambient.items()
        if held.derived == "set" and held.state is not None and held.state.payload is not None
    }
