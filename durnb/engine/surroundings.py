"""Ambient state as versions: how a place sees randomness, cwd, environ and the like, and how it is set to that."""

from __future__ import annotations

from collections.abc import Mapping

from durnb.engine.differences import GENERATORS
from durnb.engine.live import LiveNames
from durnb.engine.manifest import Manifest, StoredAmbient
from durnb.engine.place import Place
from durnb.engine.versions import PLAIN, Durable, LiveAmbient, Plain, Tried, Version
from durnb.events import Input
from durnb.records import dataclass
from durnb.snapshot import AmbientState, ambient, is_ambient, set_ambient
from durnb.steps import Execution

UNREAD = ("@logging:",)
"""Components that are put back and are nobody's input: what is logged is for people to read, and another level must not cost a night's training."""


ABSENT_AT_DEFAULT = ("@environ:", "@logging:", "@pandas:", "@numpy.", "@sklearn.", "@polars.", "@rcParams")
"""Components that are there only while they differ from what the process, or their library, came with; to be without them means something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A component that the place does not see as it is live: stored by a step of the line, kept when the step began, or (`born`) as the process was."""

    step: str
    stored: StoredAmbient
    version: Version
    born: AmbientState | None = None


def see(place: Place, name: str) -> Kept | None:
    """How the place sees the component where that is not as it is live; None for live."""
    live = place.live.ambient.get(name)
    version = live.version if live is not None else None
    if isinstance(version, Plain) and not (live is not None and live.tick and place.is_further_down(live.tick)):
        return None
    if isinstance(version, Tried) and version.step != place.step:
        return None
    if name in place.wrote.ambient:
        last, manifest = place.wrote.ambient[name]
        return None if version == last else Kept(step=last.step, stored=manifest.ambient[name], version=last)
    return _kept_at_start(place, name) if version is not None else None


def _kept_at_start(place: Place, name: str) -> Kept:
    """What the step kept when it last began, where code had set it; else what the process was born with."""
    mine = place.history.steps.get(place.step)
    kept = place.shelf.prestate(place.step, mine.last) if mine is not None and mine.last is not None else None
    if kept is not None and name in kept.ambient and kept.ambient[name].derived == "set":
        return Kept(step=place.step, stored=kept.ambient[name], version=PLAIN)
    born = (place.live.born or {}).get(name)
    return Kept(step=place.step, stored=StoredAmbient(digest="", payload="", derived="born"), version=PLAIN, born=born)


def inputs(place: Place) -> list[Input]:
    """The components that count: those that follow from a value which code set."""
    found: list[Input] = []
    for name in sorted(_unsettled(place)):
        kept = see(place, name)
        live = place.live.ambient.get(name)
        if name.startswith(UNREAD):
            continue
        if kept is not None and kept.stored.derived == "set":
            found.append(Input(name=name, kind="ambient", digest=kept.stored.digest, maker=kept.step))
        elif kept is None and live is not None and live.derived == "set":
            found.append(Input(name=name, kind="ambient", digest=live.state.digest if live.state else "gone"))
    return found


def _unsettled(place: Place) -> set[str]:
    """All components but those that are as the process was born with them, and that no step of the line speaks of: these are seen as they are."""
    others = {
        name for name, held in place.live.ambient.items() if held.derived == "set" or held.tick or not isinstance(held.version, Plain)
    }
    return others | place.wrote.ambient.keys()


def unknown(last: Execution | None) -> list[str]:
    """The settings that the step read when it was last executed, and that nobody has registered in this kernel yet."""
    return [i.name.removeprefix("@") for i in (last.inputs if last is not None else ()) if i.kind == "ambient" and not is_ambient(i.name)]


def set_as_seen(place: Place) -> list[str]:
    """Set every component to what the place sees; notes on what could not be. Raises CheckpointUnreadable."""
    kept = {name: found for name in _unsettled(place) if (found := see(place, name)) is not None and _can_be_set(name, found)}
    states = {name: _state(place, found) for name, found in kept.items()}
    notes = put_over(place.live, states)
    note_live(place.live, {name: (found.version, found.stored.derived) for name, found in kept.items()})
    return notes


def put_over(live: LiveNames, states: Mapping[str, AmbientState | None]) -> list[str]:
    """Set components; an environment variable goes over a value that this notebook's code set, never over one that the process was given."""
    ours = [
        n
        for n, state in states.items()
        if state is not None and n.startswith("@environ:") and n in live.ambient and n not in (live.born or {})
    ]
    return set_ambient(dict.fromkeys(ours)) + set_ambient(states)


def _can_be_set(name: str, kept: Kept) -> bool:
    """What the process was born with is brought back only where it means something: not for generators, nor where there is no telling what it was."""
    if kept.stored.payload or kept.stored.digest == "gone":
        return True
    return name not in GENERATORS and (kept.born is not None or name.startswith(ABSENT_AT_DEFAULT))


def _state(place: Place, kept: Kept) -> AmbientState | None:
    if not kept.stored.payload:
        return kept.born
    return AmbientState(kept.stored.digest, place.shelf.payload(kept.step, kept.stored.payload))


def set_from(place_live: LiveNames, manifest: Manifest, version: Durable, payloads: Mapping[str, bytes]) -> list[str]:
    """Set the ambient delta of a checkpoint that is reused, where the live state is not that very version."""
    due = {n: s for n, s in manifest.ambient.items() if not _is_very(place_live, n, version)}
    notes = put_over(place_live, {n: AmbientState(s.digest, payloads[n]) if s.payload else None for n, s in due.items()})
    note_live(place_live, {n: (version, s.derived) for n, s in due.items()})
    return notes


def due(live: LiveNames, manifest: Manifest, version: Durable) -> list[str]:
    """The components of a checkpoint that are not live as that very version."""
    return [n for n in manifest.ambient if not _is_very(live, n, version)]


def _is_very(live: LiveNames, name: str, version: Durable) -> bool:
    held = live.ambient.get(name)
    return held is not None and held.version == version and not held.touched


def note_live(live: LiveNames, versions: Mapping[str, tuple[Version, str]]) -> None:
    """Record that the components are, from here on, those versions with what is live now."""
    if not versions:
        return
    now = ambient()
    for name, (version, derived) in versions.items():
        live.ambient[name] = LiveAmbient(version=version, derived="set" if derived == "set" else "born", state=now.get(name))
