"""Clean inputs: a body begins with what its place sees, and so does its next attempt."""

from __future__ import annotations

from dataclasses import replace

from durnb.engine import surroundings
from durnb.engine.changes import Changes, Shot
from durnb.engine.live import LiveNames
from durnb.engine.look import Look
from durnb.engine.place import Place
from durnb.engine.versions import PLAIN, Live, LiveAmbient, Tried, is_of
from durnb.fingerprint import probe


def set_as_seen(place: Place, live: LiveNames, look: Look) -> list[str]:
    """Set what the cell can read to what its place sees; what has to be said of it."""
    set_back = [n for n in sorted(look.fetched) if (held := live.names.get(n)) is not None and isinstance(held.version, Tried)]
    live.bind(dict(look.fetched), look.unbind)
    for name in look.fetched:
        _became_as_seen(place, live, name)
    for name in look.unbind:
        live.names.pop(name, None)
    _set_along(place, live, look)
    said = [f"{', '.join(set_back)} set back to before the failed attempt (rebind, to give another value)"] if set_back else []
    return said + surroundings.set_as_seen(place)


def _set_along(place: Place, live: LiveNames, look: Look) -> None:
    """Set what the cell can change without reading it (an instance, by its class) to what its place sees, where a step that is cut has left another."""
    line = set(place.line)
    cut = {name for name, held in live.names.items() if not held.gone and not is_of(line, held.version)}
    if not cut:
        return
    live.watch.look()
    along = [n for n in live.watch.suspects([look.cell.names]) & cut if n not in look.fetched and place.see(n).how == "stored"]
    fetched = place.fetch(sorted(along))
    live.bind(fetched)
    for name in fetched:
        _became_as_seen(place, live, name)


def _became_as_seen(place: Place, live: LiveNames, name: str) -> None:
    """The name was just bound to what the place sees of it, from a checkpoint or a pre-state."""
    seen = place.see(name)
    held = live.names.get(name)
    if seen.how == "live" and held is not None:  # it went along with another
        live.became(name, held.version, held.digest)
        live.names[name] = replace(live.names[name], touched=held.touched)
    elif seen.how == "stored" or (seen.how == "prestate" and seen.maker is not None):
        version, manifest = place.written[name]
        live.became(name, version, manifest.names[name].digest)
    else:
        live.became(name, PLAIN)


def set_back(
    place: Place, live: LiveNames, before: Shot, changes: Changes, names: dict[str, Live], ambient_held: dict[str, LiveAmbient]
) -> None:
    """Set back what the attempt changed: by rebinding what it left intact, else from where the place sees it."""
    touched = changes.changed | changes.deleted
    intact = {n: before.values[n] for n in touched if n in before.values and is_intact(before, n)}
    fetched = place.fetch(sorted(touched - intact.keys()))
    live.bind({**intact, **fetched}, sorted(touched - intact.keys() - fetched.keys()))
    for name in touched | fetched.keys():
        if name in fetched:
            _became_as_seen(place, live, name)
        elif name in intact and name in names:
            live.names[name] = names[name]
        else:
            live.names.pop(name, None)
    surroundings.put_over(live, {n: None for n in changes.ambient if n.startswith("@environ:")})  # the attempt's own values give way
    surroundings.put_over(live, {n: before.ambient.get(n) for n in changes.ambient})
    for name in changes.ambient:
        if name in ambient_held:
            live.ambient[name] = ambient_held[name]
        else:
            live.ambient.pop(name, None)


def is_intact(before: Shot, name: str) -> bool:
    """Whether the object that the name held before the body is still what it was."""
    if name not in before.values:
        return False
    return name not in before.probes or probe({name: before.values[name]})[name].content == before.probes[name].content
