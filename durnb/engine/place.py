"""What a step's place sees: for each name, its version at the end of the line as cut before the step."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import field, replace
from typing import Literal

from durnb.engine.checkpoints import Shelf
from durnb.engine.live import LiveNames
from durnb.engine.manifest import Manifest
from durnb.engine.versions import Durable, Live, Plain, Tried
from durnb.events import Input
from durnb.fingerprint import content
from durnb.fold import History
from durnb.records import dataclass
from durnb.snapshot import Undo
from durnb.steps import Execution, Line

How = Literal["live", "stored", "prestate", "lost", "absent", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How the place sees a name.

    live: as it is in the namespace; stored: the checkpoint of `maker`; prestate: the value that `execution` of `keeper` kept; lost: `maker` could
    not store it; unknown: a plain value that is gone and was not kept.
    """

    how: How
    maker: str | None = None
    checkpoint: int | None = None
    digest: str = ""
    keeper: str | None = None
    execution: Execution | None = None
    path: str = ""


ABSENT = Seen(how="absent")
LIVE = Seen(how="live")


def cut(line: Line, step: str, above: Callable[[], Collection[str]] = tuple) -> Line:
    """The line before `step`; all of it where the step is not on it.

    Steps that come after it on the line and stay all the same are those of `above`: they have run in this pass, above it in the notebook.
    """
    for index, (name, _) in enumerate(line):
        if name == step:
            rest = line[index + 1 :]
            kept = set(above()) if rest else set[str]()
            return (*line[:index], *(entry for entry in rest if entry[0] in kept))
    return line


@dataclass(slots=True)
class Written:
    """For each name and ambient component, the last checkpoint of a line that speaks of it; grows with the line."""

    line: Line = ()
    names: dict[str, tuple[Durable, Manifest]] = field(default_factory=dict)
    ambient: dict[str, tuple[Durable, Manifest]] = field(default_factory=dict)

    def follow(self, line: Line, history: History, shelf: Shelf) -> Written:
        """What `line` wrote: this, made longer where the line goes on from ours, else anew. Raises CheckpointUntrusted, CheckpointUnreadable."""
        held = self if line[: len(self.line)] == self.line else Written()
        for name, number in line[len(held.line) :]:
            manifest = shelf.manifest(history.steps[name].checkpoints[number])
            version = Durable(name, number)
            for bound in bound_by(manifest):
                held.names[bound] = (version, manifest)
            for component in manifest.ambient:
                held.ambient[component] = (version, manifest)
        held.line = line
        return held


def bound_by(manifest: Manifest) -> tuple[str, ...]:
    """The names of which a checkpoint says what became of them."""
    return (*manifest.names, *manifest.deleted, *manifest.lost, *manifest.unsaved)


@dataclass(slots=True)
class Place:
    """The place of one step."""

    step: str
    line: Line
    history: History
    shelf: Shelf
    live: LiveNames
    wrote: Written
    later: tuple[int, int] = (0, 0)
    undo: Undo = field(default_factory=Undo)

    def is_further_down(self, tick: int) -> bool:
        """Whether what a plain cell did at `tick` stands below this step: the cell ran after it, and before a step that is cut now.

        `later` holds when this step last came onto the line, and when the last of the other steps that are cut did.
        """
        return self.later[0] < tick < self.later[1]

    @property
    def written(self) -> dict[str, tuple[Durable, Manifest]]:
        """For each name, the last of the line's checkpoints that speaks of it."""
        return self.wrote.names

    def see(self, name: str) -> Seen:
        """How this place sees `name`."""
        live = self.live.names.get(name)
        if live is not None and self._is_seen(name, live):
            if not live.gone:
                return LIVE
            return self._stored(name) if isinstance(live.version, Durable) else ABSENT
        saw = self._last_saw(name, live) if live is not None else None
        if saw is not None:
            return saw
        if name in self.written:
            return self._stored(name)
        return LIVE if live is None and name in self.live.namespace else ABSENT  # a thread bound it behind our back

    def was_touched(self, name: str) -> bool:
        """Whether a plain cell changed the live value in place since a step left it."""
        live = self.live.names.get(name)
        return live is not None and not live.gone and bool(live.touched)

    def _is_seen(self, name: str, live: Live) -> bool:
        match live.version:
            case Plain():
                return True
            case Tried(step=step):
                return step != self.step
            case Durable() as version:
                return name in self.written and self.written[name][0] == version

    def _stored(self, name: str) -> Seen:
        version, manifest = self.written[name]
        if name in manifest.names:
            return Seen(how="stored", maker=version.step, checkpoint=version.checkpoint, digest=manifest.names[name].digest)
        if name in manifest.deleted:
            return ABSENT
        lost = manifest.lost.get(name)
        path = f"{lost.path}: {lost.reason}" if lost else "it was not kept"
        return Seen(
            how="lost", maker=version.step, checkpoint=version.checkpoint, digest=lost.digest if lost else manifest.unseen, path=path
        )

    def _last_saw(self, name: str, live: Live) -> Seen | None:
        """A plain version that is no longer live: as the step last saw it, else as the step that overwrote it did. None where there was no such.

        A plain cell may have bound the name, or changed in place what a step of the line had left there.
        """
        mine = self.history.steps.get(self.step)
        last = mine.last if mine is not None else None
        if last is not None and (saw := self._saw(self.step, last, name)) is not None:
            if not self._is_of_same(name, last):  # it was reused since on top of another version
                return self._unless_plain(name, live)
            kept = self._kept(name, saw.digest, self.step, last)
            if saw.kind in ("plain", "opaque"):
                return kept
            if saw.kind == "durable" and kept.how == "prestate":  # with a plain value that shares state with it: so both come from there
                return replace(kept, maker=saw.maker)
            return None
        if last is not None and self._is_of_same(name, last):  # not read; it may be kept all the same, with what shared state with it
            beside = self._kept(name, "", self.step, last)
            if beside.how == "prestate":
                return beside
        if name not in self.written:
            for keeper, execution in self._writers(live):
                saw = self._saw(keeper, execution, name)
                if saw is not None and saw.kind in ("plain", "opaque"):
                    return self._kept(name, saw.digest, keeper, execution)
        return self._unless_plain(name, live)

    def _unless_plain(self, name: str, live: Live) -> Seen | None:
        """None where steps alone made the name what it is; else a plain cell did, above this step or below: nobody knows."""
        return Seen(how="unknown") if self._is_plain_beneath(name, live) else None

    def _is_plain_beneath(self, name: str, live: Live) -> bool:
        """Whether it was a plain version that steps which this place does not see have written over."""
        written = self.written.get(name)
        for version in reversed(live.beneath):
            if isinstance(version, Plain):
                return True
            if written is not None and version == written[0]:
                return False
        return False

    def _saw(self, step: str, execution: Execution, name: str) -> Input | None:
        return next((i for i in (*execution.inputs, *self._beside(step, execution)) if i.name == name), None)

    def _kept(self, name: str, digest: str, keeper: str, execution: Execution) -> Seen:
        kept = self.shelf.prestate(keeper, execution)
        how: How = "prestate" if kept is not None and name in kept.names else "unknown"
        return Seen(how=how, digest=digest, keeper=keeper, execution=execution)

    def _is_of_same(self, name: str, execution: Execution) -> bool:
        """Whether what `execution` saw of `name` came on top of what the line has of it."""
        written = self.written.get(name)
        for step, number in reversed(execution.line):
            if written is not None and written[0] == Durable(step, number):
                return True
            checkpoint = self.history.steps[step].checkpoints.get(number) if step in self.history.steps else None
            if checkpoint is None or name in bound_by(self.shelf.manifest(checkpoint)):
                return False
        return written is None

    def _beside(self, step: str, execution: Execution) -> tuple[Input, ...]:
        checkpoints = self.history.steps[step].checkpoints
        return checkpoints[execution.checkpoint].beside if execution.checkpoint in checkpoints else ()

    def _writers(self, live: Live) -> list[tuple[str, Execution]]:
        """The executions by which the live version came to be."""
        match live.version:
            case Durable(step, number) if step in self.history.steps and number in self.history.steps[step].checkpoints:
                checkpoint = self.history.steps[step].checkpoints[number]
                return [(step, e) for e in self.history.steps[step].executions if e.number == checkpoint.execution]
            case Tried(step, number) if step in self.history.steps:
                return [(step, e) for e in self.history.steps[step].executions if e.number == number]
            case _:
                return []

    def input(self, name: str, seen: Seen) -> Input | None:
        """The input that a seen version makes, where no live value has to be looked at."""
        match seen.how:
            case "stored":
                return Input(name=name, kind="durable", digest=seen.digest, maker=seen.maker)
            case "lost":
                return Input(name=name, kind="opaque", digest=seen.digest, maker=seen.maker)
            case "prestate" if not seen.digest:
                return None  # nobody looked at it before
            case "prestate" if seen.maker is not None:
                return Input(name=name, kind="durable", digest=seen.digest, maker=seen.maker)
            case "prestate" | "unknown":
                return Input(name=name, kind="plain", digest=seen.digest)
            case "absent":
                return Input(name=name, kind="absent", digest="")
            case "live":
                return None

    def fetch(self, wanted: Collection[str]) -> dict[str, object]:
        """The values of wanted names that this place sees stored or kept, with the members of their groups that it sees the same way.

        Live functions, classes and figures are what they were then from here on; `undo` takes that back. Raises CheckpointUnreadable.
        """
        with self.live.loading():
            return self._fetched(wanted)

    def _fetched(self, wanted: Collection[str]) -> dict[str, object]:
        values: dict[str, object] = {}
        for name in wanted:
            if name in values:
                continue
            seen = self.see(name)
            change = Undo()
            loaded = self._loaded(name, seen, change)
            own = {other: value for other, value in loaded.items() if other == name or self._goes_along(seen, other, value)}
            if len(own) < len(loaded):
                change.take_back(but=own.values())  # of the others, what the place sees of them stays
            self.undo.add(change)
            values.update(own)
        return values

    def _loaded(self, name: str, seen: Seen, change: Undo) -> dict[str, object]:
        """The group of a name that is seen stored or kept; nothing for any other."""
        if seen.how == "stored" and seen.maker is not None:
            keeper, manifest = seen.maker, self.written[name][1]
        elif seen.how == "prestate" and seen.keeper is not None and seen.execution is not None:
            kept = self.shelf.prestate(seen.keeper, seen.execution)
            assert kept is not None
            keeper, manifest = seen.keeper, kept
        else:
            return {}
        with change.following():
            return self.shelf.load(keeper, manifest, [name])

    def _goes_along(self, seen: Seen, other: str, value: object) -> bool:
        """Whether `other` is seen from where `seen` is, or is what it was there: then both are bound together, so that what they share stays shared."""
        now = self.see(other)
        if seen.how == "prestate":
            if now.how == "live" and value is self.live.namespace[other]:
                return False  # a function or class, which the load has just set back
            if now.how == "live":
                kept, live = content(value), content(self.live.namespace[other])
                return kept.digest == live.digest and not kept.opaque and not live.opaque
            return now.how == "prestate" and now.keeper == seen.keeper
        if now.how == "live" and seen.maker is not None and seen.checkpoint is not None:
            return self.live.names[other].version == Durable(seen.maker, seen.checkpoint)
        return now.how == seen.how and (now.maker, now.checkpoint, now.keeper) == (seen.maker, seen.checkpoint, seen.keeper)
