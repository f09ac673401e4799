"""Takes the checkpoint of a step whose body has ended, and commits it."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from durnb.digests import digest_of
from durnb.engine import creations, remaking
from durnb.engine.changes import Changes
from durnb.engine.checkpoints import store_groups
from durnb.engine.differences import GENERATORS
from durnb.engine.live import LiveNames, by_import
from durnb.engine.manifest import OUT, UNKNOWN_WAYS, LostName, Manifest, StoredAmbient, StoredGroup, StoredName
from durnb.engine.outdated import ATOMS
from durnb.engine.signatures import signed_facts
from durnb.engine.versions import Durable
from durnb.events import Input
from durnb.fingerprint import Lens, content
from durnb.journal import Draft, Journal
from durnb.records import dataclass
from durnb.snapshot import Captured, capture, unkept


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A body that ended well, and what is known of it before anything is saved. `folder` is where it began to work."""

    step: str
    execution: int
    attempt: int
    started_seq: int
    fingerprint: str
    source: str
    binds: frozenset[str]
    changes: Changes
    outputs: list[dict[str, Any]]
    has_value: bool
    value: object
    ran: float
    save: tuple[str, ...] | None
    always: bool
    imports: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    beside: tuple[Input, ...] = ()
    linked: Mapping[str, str] = field(default_factory=dict)
    among: tuple[str, ...] = ()
    ways: str = UNKNOWN_WAYS
    creates: tuple[str, ...] = ()
    folder: str = ""
    lent: frozenset[str] = frozenset()


def delta_of(ended: Ended, live: LiveNames, below: Collection[str] = ()) -> list[str]:
    """The names that the body bound, rebound or changed in place; not what steps `below` it left, which it changed by way of a class alone."""
    values = live.values()
    return sorted(
        name for name in (ended.changes.changed | ended.binds) - ended.ignore - (ended.changes.same & set(below)) if name in values
    )


def deleted_by(ended: Ended) -> tuple[str, ...]:
    """The names that the body deleted."""
    return tuple(sorted(ended.changes.deleted - ended.ignore))


def take(draft: Draft, ended: Ended, live: LiveNames, names: Iterable[str], below: Collection[str] = ()) -> Manifest:
    """The manifest of a checkpoint of `names`, its bytes put into the draft, with nothing of steps `below`. What can't be stored is lost, by name."""
    chosen = list(names)
    wanted = [n for n in chosen if ended.save is None or n in ended.save]
    values = live.values()
    entries = [*wanted, OUT] if ended.has_value else wanted
    alone = all(type(values[n] if n != OUT else ended.value) in ATOMS for n in entries)  # they share nothing: no need to look who has them
    unknown = ended.has_value and not _is_known(ended.value, [values[n] for n in wanted])
    captured = capture(
        {**values, OUT: ended.value} if ended.has_value else values,
        entries,
        among=() if alone else {*live.mates(wanted), *(ended.changes.near if unknown else ())} - set(below),
        home=live.namespace,
    )
    groups, sources = store_groups(draft, captured)
    lens = Lens()
    stored = {
        name: _stored_name(name, values[name], group, live, ended, name in wanted, lens)
        for group in groups
        for name in group.names
        if name != OUT
    }
    unseen = _unseen(ended)
    lost = _lost(captured, values, wanted, unseen)
    in_place = ended.changes.same & stored.keys() & set(wanted)
    creates = creations.record(ended.creates, ended.folder)
    return Manifest(
        step=ended.step,
        names=stored,
        companions=tuple(sorted(stored.keys() - set(wanted))),
        groups=groups,
        deleted=deleted_by(ended),
        lost=lost,
        same=tuple(sorted(n for n in stored if n not in wanted or n in ended.changes.same)),
        aliased=tuple(sorted(live.sharing(in_place) - stored.keys())) if in_place else (),
        linked={name: ways for name, ways in ended.linked.items() if name not in stored} if in_place else {},
        unsaved=tuple(n for n in chosen if n not in stored and n not in lost),
        dropped=tuple(d.note for d in captured.dropped),
        ambient=_ambient(draft, ended, live),
        outputs=draft.add(json.dumps(ended.outputs).encode()) if ended.outputs else "",
        has_value=any(OUT in group.names for group in groups),
        imports=tuple(sorted(name for name in ended.imports if name in sys.modules)),
        sources=sources,
        notes=(
            *(f"--save {name}: the step bound no such name" for name in ended.save or () if name not in chosen),
            *(f"{name} is a name of IPython's own: what the step bound to it is not kept" for name in sorted(ended.lent)),
            *creations.notes_on(creates),
            *_unkept_ambient(ended, live),
        ),
        creates=creates,
        unseen=unseen,
        among=ended.among,
        ways=ended.ways,
    )


def _unseen(ended: Ended) -> str:
    """What a value counts as that the step made and that can't be looked at later: the code and the inputs that it follows from."""
    return digest_of("unseen", ended.fingerprint)


def _is_known(value: object, saved: Iterable[object]) -> bool:
    """Whether nobody can share parts of what the cell displays but those who share parts of what is `saved` with it."""
    kind = type(value)
    return kind in ATOMS or (issubclass(kind, int | float | str) and not hasattr(value, "__dict__")) or any(value is each for each in saved)


def bare(draft: Draft, ended: Ended, live: LiveNames, names: Iterable[str], why: str, *, look: bool = True) -> Manifest:
    """The manifest of a step that is done and not saved: all of `names` are lost, for the reason `why`. `look`: its files are recorded."""
    return Manifest(
        step=ended.step,
        lost={name: LostName(path=name, reason=why, digest=_unseen(ended)) for name in sorted(names)},
        deleted=deleted_by(ended),
        ambient=_ambient(draft, ended, live),
        outputs=draft.add(json.dumps(ended.outputs).encode()) if ended.outputs else "",
        imports=tuple(sorted(name for name in ended.imports if name in sys.modules)),
        creates=creations.record(ended.creates, ended.folder) if look else creations.unlooked(ended.creates),
        unseen=_unseen(ended),
    )


def _stored_name(name: str, value: object, group: StoredGroup, live: LiveNames, ended: Ended, own: bool, lens: Lens) -> StoredName:
    held = live.names.get(name)
    if not own and held is not None and held.digest and not held.touched:
        return StoredName(digest=held.digest, type=_type_name(value))
    known = ended.changes.contents.get(name)
    if known is not None:  # nothing of the notebook has run since, but what values run as they are pickled
        return StoredName(digest=known, type=_type_name(value))
    found = content(value, lens=lens)
    mixed = found.digest if not found.opaque or ended.always else digest_of("opaque", found.digest, group.stream, *group.buffers)
    return StoredName(digest=mixed, type=_type_name(value))


def _type_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.").removeprefix("__main__.")


def _lost(captured: Captured, values: Mapping[str, object], wanted: Iterable[str], unseen: str) -> dict[str, LostName]:
    own = set(wanted)
    return {
        one.name: LostName(
            path=one.path,
            reason=one.reason,
            digest=unseen,
            moves=remaking.moves(values[one.name], one.reason),
        )
        for one in captured.lost
        if one.name in own
    }


def _ambient(draft: Draft, ended: Ended, live: LiveNames) -> dict[str, StoredAmbient]:
    found: dict[str, StoredAmbient] = {}
    for name, how in ended.changes.ambient.items():
        state = ended.changes.now.get(name)
        if how == "gone" or state is None:
            found[name] = StoredAmbient(digest="gone", payload="", derived="set")
            continue
        before = live.ambient.get(name)
        by_code = (how == "set" and not by_import(name, [ended.source])) or (before is not None and before.derived == "set")
        derived = "set" if by_code else "born"
        found[name] = StoredAmbient(
            digest=state.digest, payload=draft.add(state.payload) if state.payload is not None else "", derived=derived
        )
    return found


def _unkept_ambient(ended: Ended, live: LiveNames) -> list[str]:
    before = {name: held.state for name, held in live.ambient.items() if held.state is not None}
    return unkept(before, {name: ended.changes.now[name] for name in ended.changes.ambient if name in ended.changes.now})


def undrawn(inputs: Iterable[str], changes: Changes) -> tuple[str, ...]:
    """The generators among the inputs that the body did not draw from: it did not read them."""
    return tuple(sorted((GENERATORS & set(inputs)) - changes.ambient.keys()))


def sign(journal: Journal, manifest: Manifest, started_seq: int, what: str) -> tuple[str, str]:
    """The manifest as text, and its signature."""
    text = manifest.encode()
    return text, journal.sign(signed_facts(journal, started_seq, what), text.encode())


def became_durable(live: LiveNames, manifest: Manifest, version: Durable) -> None:
    """The names that the manifest speaks of are, as they are live, that version."""
    for name, stored in manifest.names.items():
        live.became(name, version, stored.digest)
    for name, lost in manifest.lost.items():
        live.became(name, version, lost.digest)
    for name in manifest.unsaved:
        live.became(name, version, manifest.unseen)
    for name in manifest.deleted:
        live.became(name, version)


def without(manifest: Manifest, names: Iterable[str]) -> Manifest:
    """The manifest with `names` left out of what is stored."""
    gone = set(names)
    return replace(
        manifest, unsaved=tuple(sorted({*manifest.unsaved, *gone})), lost={n: v for n, v in manifest.lost.items() if n not in gone}
    )
