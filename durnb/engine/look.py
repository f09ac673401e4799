"""Looks at a durable cell from its place: what it can read, as which versions, and what is missing."""

from __future__ import annotations

import builtins
import glob
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from durnb.digests import digest_of
from durnb.engine import surroundings
from durnb.engine.among import parted
from durnb.engine.changes import Shot
from durnb.engine.decide import Missing
from durnb.engine.dependencies import NO_FILE
from durnb.engine.header import Header
from durnb.engine.modules import module_inputs, stale_modules
from durnb.engine.place import LIVE, Place, Seen
from durnb.engine.versions import Live, Plain
from durnb.events import Input
from durnb.fingerprint import CellSource, Reach, content, notebook_names, reach
from durnb.fold import History
from durnb.records import dataclass
from durnb.steps import Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A cell as its place sees it. `view` are the values that it would read; `fetched` those of them that are not live."""

    cell: CellSource
    reach: Reach
    view: Mapping[str, object]
    fetched: dict[str, object]
    unbind: frozenset[str]
    inputs: tuple[Input, ...]
    missing: tuple[Missing, ...]
    unknown: tuple[str, ...]
    notes: tuple[str, ...]
    beside: tuple[Input, ...] = ()
    aliased: tuple[str, ...] = ()
    parted: frozenset[int] = frozenset()  # the checkpoints whose inputs shared state with one another otherwise
    apart: tuple[
        tuple[str, str], ...
    ] = ()  # plain names with what they shared state with before the step ran, and that is put back without them
    unseen: tuple[str, ...] = ()  # names whose live value a plain cell changed after this step, or one below it, had it


class View(Mapping[str, object]):
    """The values that a place sees: live ones, looked up when asked for, and those that were fetched."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.fetched: dict[str, object] = {}

    def __contains__(self, name: object) -> bool:
        return name in self.fetched or (name in self._place.live.namespace and self._place.see(str(name)).how == "live")

    def __getitem__(self, name: str) -> object:
        if name in self.fetched:
            return self.fetched[name]
        if name not in self:
            raise KeyError(name)
        return self._place.live.namespace[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in dict.fromkeys([*self.fetched, *notebook_names(self._place.live.namespace)]) if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def look(place: Place, cell: CellSource, header: Header, last: Execution | None) -> Look:
    """Look from `place`. Raises CheckpointUnreadable."""
    reads = set(cell.names.reads)
    if cell.names.everything:
        reads |= set(place.written)
    view = View(place)
    known = {i.name for i in last.inputs if i.kind in ("durable", "plain", "opaque")} if last else set[str]()
    wanted = reads | known
    while True:
        view.fetched.update(place.fetch([n for n in wanted if n not in view]))
        found = reach(cell.names, view)
        more = {n for n in found.absent if n not in view and place.see(n).how in ("stored", "prestate")}
        if not more:
            break
        wanted = more
    ignored = set(header.ignore)
    absent = {n for n in found.absent if n not in ignored and not hasattr(builtins, n)}
    seen = {name: place.see(name) for name in (*found.names, *absent)}
    if any(
        one.how == "lost" for one in seen.values()
    ):  # what was reached by walking a value that is lost is reached no more, and is read all the same
        found = replace(found, names=found.names | {n for n in known if n in view})
        seen.update({name: place.see(name) for name in found.names})
    if last is not None:  # reached through "everything" then, by a value that was restored without that reach: compared with what it is now
        before = {i.name for i in last.inputs if i.by_everything and i.name in view} - found.names
        found = replace(found, names=found.names | before, everything=found.everything | before)
        seen.update({name: place.see(name) for name in before})
    inputs, notes = _inputs(place, cell, found, seen, view, ignored, absent)
    files = _file_inputs(header.depends)
    modules = module_inputs(cell.names.imports)
    notes += stale_modules(modules)
    notes += [f"--depends {i.name.removeprefix('file:')} matches no file" for i in files if i.digest == NO_FILE]
    return Look(
        cell=cell,
        reach=found,
        view=view,
        fetched=view.fetched,
        unbind=frozenset(_unbind(place, cell, absent)),
        inputs=(
            *inputs,
            *_lost(place, last, found.names | absent | ignored),
            *surroundings.inputs(place),
            *files,
            *modules,
        ),
        missing=tuple(_missing(place, cell, seen, absent, known)),
        unknown=(*sorted(n for n, s in seen.items() if s.how == "unknown"), *surroundings.unknown(last)),
        notes=tuple(dict.fromkeys(notes)),
        beside=tuple(_beside(place, view)),
        aliased=tuple(sorted(_aliased(place, found.names) - ignored)),
        parted=frozenset(parted(place, cell, inputs, view.fetched)),
        apart=tuple(sorted(_apart(place, found.names - ignored, view))),
        unseen=tuple(sorted(n for n, s in seen.items() if s.how in ("stored", "prestate") and place.was_touched(n))),
    )


def _beside(place: Place, view: View) -> Iterable[Input]:
    """The names that a checkpoint of the step holds beside its inputs, as the place sees them."""
    step = place.history.steps.get(place.step)
    names = {i.name for checkpoint in step.checkpoints.values() for i in checkpoint.beside} if step is not None else set[str]()
    for name in sorted(names):
        seen = place.see(name)
        made = place.input(name, seen)
        if made is None and name not in view:  # kept beside the inputs of an attempt, and not looked at then
            view.fetched.update(place.fetch([name]))
        live = place.live.names.get(name) if seen.how == "live" else None
        yield made if made is not None else live_input(name, live, view[name], None)[0]


def _aliased(place: Place, inputs: Collection[str]) -> frozenset[str]:
    """Names that share state now with what the step's current checkpoint changed in place, or holds along with that, and that it does not hold."""
    step = place.history.steps.get(place.step)
    if step is None or step.checkpoint is None:
        return frozenset()
    manifest = place.shelf.manifest(step.checkpoint)
    known = {*manifest.names, *inputs, *manifest.aliased}
    there = [n for n in manifest.same if n in place.live.namespace and place.see(n) is LIVE]
    held = [
        n for circle in place.live.circles_of(there) if circle - known for n in there if n in circle
    ]  # others can share with these alone
    if not held:
        return frozenset()
    found = place.live.sharing(held) - known
    return frozenset(name for name in found if name not in manifest.linked or manifest.linked[name] != place.live.ways(name))


def _apart(place: Place, names: Collection[str], view: View) -> Iterator[tuple[str, str]]:
    """Names that the step reads and did not read when it ran, so that nothing of them was kept with what it has changed since."""
    for name, others in place.live.shared.get(place.step, {}).items():
        live = place.live.names.get(name)
        if name in names and name not in view.fetched and (live is None or isinstance(live.version, Plain)):
            yield from ((name, other) for other in others & view.fetched.keys())


def _inputs(
    place: Place, cell: CellSource, found: Reach, seen: Mapping[str, Seen], view: Mapping[str, object], ignored: set[str], absent: set[str]
) -> tuple[list[Input], list[str]]:
    inputs: list[Input] = []
    notes: list[str] = []
    for name in sorted(found.names - ignored):
        made = place.input(name, seen[name])
        if made is None:
            live = place.live.names.get(name) if seen[name].how == "live" else None
            made, said = live_input(name, live, view[name], found.attributes.get(name))
            notes.extend(said)
        inputs.append(_by_everything(made) if name in found.everything else made)
    for name in sorted(absent):
        made = place.input(name, seen[name])
        if made is not None:
            inputs.append(made)
    return inputs, notes


def _lost(place: Place, last: Execution | None, others: Collection[str]) -> Iterator[Input]:
    """What the last execution could reach and nothing leads to now, because it could not be stored: it counts as what it was."""
    for i in last.inputs if last is not None else ():
        seen = place.see(i.name) if i.kind in ("durable", "plain", "opaque") and i.name not in others else None
        made = place.input(i.name, seen) if seen is not None and seen.how == "lost" else None
        if made is not None:
            yield _by_everything(made) if i.by_everything else made


def _by_everything(i: Input) -> Input:
    return Input(name=i.name, kind=i.kind, digest=i.digest, maker=i.maker, by_everything=True)


def live_input(name: str, live: Live | None, value: object, attributes: frozenset[str] | None) -> tuple[Input, list[str]]:
    """The input that a live value makes: its version's recorded digest where a step made it and nobody touched it, else its content."""
    step = getattr(live.version, "step", None) if live is not None else None
    if live is not None and live.digest and not live.touched:
        return Input(name=name, kind="durable", digest=live.digest, maker=step), []
    found = content(value, attributes=attributes)
    notes = list(found.notes)
    if live is not None and live.digest and found.opaque:
        return Input(name=name, kind="plain", digest=digest_of("touched", live.digest, *live.touched), maker=step), notes
    if found.opaque:
        notes.append(f"`{name}` is not wholly tracked: {', '.join(name + part for part in found.opaque[:3])}")
        return Input(name=name, kind="opaque", digest=found.digest), notes
    return Input(name=name, kind="plain", digest=found.digest, maker=step), notes


def input_before(name: str, live: Live | None, before: Shot) -> Input:
    """The same of a value as it is before a body, which may have been probed."""
    probe = before.probes.get(name)
    if probe is not None and probe.canonical and (live is None or not live.digest or live.touched):
        return Input(name=name, kind="plain", digest=probe.content, maker=getattr(live.version, "step", None) if live is not None else None)
    return live_input(name, live, before.values[name], None)[0]


def _unbind(place: Place, cell: CellSource, absent: Iterable[str]) -> Iterable[str]:
    """Live names that the place does not see and that the cell might find there."""
    candidates = place.live.names if cell.names.everything else [*absent, *cell.names.reads]
    for name in candidates:
        live = place.live.names.get(name)
        if live is not None and not live.gone and place.see(name).how in ("absent", "lost"):
            yield name


def _missing(place: Place, cell: CellSource, seen: Mapping[str, Seen], absent: set[str], known: Collection[str]) -> Iterable[Missing]:
    """What the cell needs and is not there: lost, made by a step whose cell has not run, or what the step read the last time.

    Of anything else Python says itself that it is not defined: star imports, magics, ``exec`` and functions bind names that no text shows.
    """
    for name in sorted(absent & (cell.names.certain | set(known))):
        if seen[name].how == "lost":
            yield Missing(name=name, maker=seen[name].maker, lost=seen[name].path)
        elif seen[name].how == "absent" and not cell.names.everything:
            maker = maker_of(place.history, name, place)
            if maker is not None or name in known:
                yield Missing(name=name, maker=maker)


def maker_of(history: History, name: str, place: Place) -> str | None:
    """The finished step, other than the place's own, whose current checkpoint binds `name`; the latest of several."""
    makers = [
        step.checkpoint
        for step in history.steps.values()
        if step.name != place.step and step.checkpoint is not None and name in place.shelf.manifest(step.checkpoint).names
    ]
    return max(makers, key=lambda c: c.number).step if makers else None


def _file_inputs(patterns: Iterable[str]) -> list[Input]:
    found: dict[str, Input] = {}
    for pattern in patterns:
        matches = sorted(p for p in glob.glob(pattern, recursive=True) if Path(p).is_file())
        if not matches:
            found[f"file:{pattern}"] = Input(name=f"file:{pattern}", kind="file", digest=NO_FILE)
        for match in matches:
            found[f"file:{match}"] = Input(name=f"file:{match}", kind="file", digest=digest_of("file", Path(match).read_bytes()))
    return list(found.values())
