"""``durnb.loop``: a loop that goes on at its last checkpoint, with the variables that it names as they were there."""

from __future__ import annotations

import dis
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from datetime import timedelta
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any, Final

from durnb import faults
from durnb.config import duration
from durnb.engine.body import Body, LoopItem, Scope, scope_now
from durnb.engine.checkpoints import Shelf, store_groups
from durnb.engine.differences import GENERATORS
from durnb.engine.manifest import Manifest, StoredAmbient, StoredName
from durnb.engine.signatures import signed_facts
from durnb.errors import CallTooLate, CheckpointUnreadable, CheckpointUntrusted, UsageError
from durnb.events import LoopSaved
from durnb.happened import LoopPoint
from durnb.inside.carried import Carried, carried
from durnb.inside.function import say_outside
from durnb.inside.identity import Identity, occurring
from durnb.inside.leading import leading_text
from durnb.records import dataclass
from durnb.snapshot import AmbientState, ambient, capture, set_ambient
from durnb.steps import Execution

_START: Final = "@start:"  # before the name of a component as it was when the loop began


def loop(
    items: Iterable[Any] | Callable[[], Iterable[Any]], *, save: Iterable[str] = (), every: float | str | timedelta = "5m"
) -> Iterator[Any]:
    """See `durnb.loop`."""
    names = (save,) if isinstance(save, str) else tuple(save)
    often = duration(every)
    make = _maker(items)
    scope = scope_now("durnb.loop")
    if scope is None:
        say_outside("durnb.loop")
        return iter(make())
    return _Loop(scope, occurring(scope, "loop", "loop"), names, often, make).run()


def _maker(items: Iterable[Any] | Callable[[], Iterable[Any]]) -> Callable[[], Iterable[Any]]:
    if not isinstance(items, Iterable) and callable(items):
        return items
    try:
        once = iter(items) is items
    except TypeError:
        raise UsageError(f"durnb.loop takes something to go through, and {items!r} is nothing of that kind") from None
    if once:
        raise UsageError(
            f"durnb.loop: a {type(items).__name__} can be gone through only once, so the loop could not go on at a position: "
            "give what it is made from (a list, range or loader), or a function that makes it: durnb.loop(lambda: enumerate(loader))"
        )
    return lambda: items


@dataclass(slots=True)
class _Loop:
    scope: Scope
    identity: Identity
    names: tuple[str, ...]
    every: timedelta
    make: Callable[[], Iterable[Any]]
    began: Mapping[str, AmbientState] = field(default_factory=dict)
    carried: Carried = field(default_factory=lambda: Carried((), False))
    text: str = ""
    target: str = ""
    left: str = ""
    last: Any = None

    @property
    def body(self) -> Body:
        return self.scope.body

    def run(self) -> Iterator[Any]:
        self.target = _target_of(sys._getframe(1))
        self.carried = carried(sys._getframe(1), self.body.namespace)
        for around in self.scope.loops:
            around.inner.append(self.identity.digest)
        self.began = _generators()
        self.text = leading_text(sys._getframe(1), self.body.namespace)
        point = self._point()
        if point is not None:
            items = self._gone_to(point)
        else:
            self._check_names()
            items = iter(self.make())
        saved = time.monotonic()
        fresh = passed = False
        item = self.last
        here = LoopItem(self.identity.digest, point.position if point is not None else 0)
        for item in items:
            self.scope.loops.append(here)
            try:
                yield item
            finally:
                self.scope.loops.remove(here)
            here.position += 1
            fresh = passed = True
            if time.monotonic() - saved >= self.every.total_seconds():
                self._save(here, item)
                saved, fresh = time.monotonic(), False
        if fresh:
            self._save(here, item)
        elif self.left and not passed:
            self.body.namespace[self.left] = item  # every item was behind: the loop's variable is what it was after the last

    def _check_names(self) -> None:
        for name in self.names:
            if name not in self.body.namespace:
                raise UsageError(f"durnb.loop: there is no variable {name!r} of the notebook to save; bind it before the loop")

    def _tell_carried(self) -> None:
        """Say, once, what the loop changes from item to item and does not save: a resumed loop would not find it as it was."""
        unsaved = [name for name in self.carried.names if name not in self.names]
        if not unsaved:
            return
        change, are = ("changes", "is") if len(unsaved) == 1 else ("change", "are")
        why = "local to a function, so that save= can't name it" if self.carried.local else "not in its save="
        self.body.say_once(
            f"{self.body.step}: {', '.join(unsaved)} {change} from item to item of the loop and {are} {why}: "
            "a loop that goes on after a restart begins with what was bound before it"
        )

    # ---- going on

    def _point(self) -> LoopPoint | None:
        """Where the loop goes on. Where its step had finished, and the text that led through it is another now, it begins anew, as the step does."""
        point = self.body.calls.loops.get(self.identity.digest)
        return None if point is not None and self._is_edited(point) and self._execution(point.execution).checkpoint is not None else point

    def _is_edited(self, point: LoopPoint) -> bool:
        if point.text and self.text:
            return point.text != self.text
        return self._execution(point.execution).code != self._execution(self.body.execution).code

    def _execution(self, number: int) -> Execution:
        return next(each for each in self.body.journal.history.steps[self.body.step].executions if each.number == number)

    def _gone_to(self, point: LoopPoint) -> Iterator[Any]:
        """The items after the point, with the variables and the randomness as they were there."""
        manifest = self._manifest(point)
        shelf = Shelf(self.body.journal, self.body.namespace)
        with self.body.storing:
            values = shelf.load(self.body.step, manifest, manifest.names)
        states = {name: _state(shelf, self.body.step, stored) for name, stored in manifest.ambient.items()}
        self.began = {name.removeprefix(_START): state for name, state in states.items() if name.startswith(_START)}
        set_ambient(self.began)
        items = iter(self.make())
        for passed in range(point.position):
            try:
                self.last = next(items)
            except StopIteration:
                raise CheckpointUnreadable(
                    step=self.body.step, why=f"its loop was at item {point.position}, and there are only {passed} items now"
                ) from None
        self.left = manifest.notes[0] if manifest.notes else ""
        self.body.namespace.update(values)
        set_ambient({name: state for name, state in states.items() if not name.startswith(_START)})
        edited = "; its code was edited since, and those items were gone through before that" if self._is_edited(point) else ""
        again = f" (all of them again: %durable rerun {self.body.step})" if edited else ""
        self.body.say(f"{self.body.step}: the loop goes on after item {point.position}{edited}{again}")
        self._tell_carried()
        return items

    def _manifest(self, point: LoopPoint) -> Manifest:
        started = self._execution(point.execution).started_seq
        if not self.body.journal.verify(signed_facts(self.body.journal, started, "loop"), point.manifest.encode(), point.signature):
            raise CheckpointUntrusted(step=self.body.step)
        return Manifest.decode(point.manifest)

    # ---- saving

    def _save(self, here: LoopItem, item: Any) -> None:
        body = self.body
        self._tell_carried()
        is_bound = self.target in body.namespace and body.namespace[self.target] is item
        with body.journal.draft() as draft, body.storing:
            captured = capture(body.namespace, self.names, home=body.namespace)
            if captured.lost:
                lost = captured.lost[0]
                raise UsageError(f"durnb.loop: {lost.name} can't be saved ({lost.path}: {lost.reason}); leave it out of save=")
            groups, sources = store_groups(draft, captured)
            components = {**{_START + name: state for name, state in self.began.items()}, **_generators()}
            manifest = Manifest(
                step=body.step,
                names={name: StoredName(digest="", type="") for group in groups for name in group.names},
                groups=groups,
                ambient={
                    name: StoredAmbient(digest=s.digest, payload=draft.add(s.payload or b""), derived="born")
                    for name, s in components.items()
                },
                sources=sources,
                notes=(self.target,) if is_bound else (),
            ).encode()
            facts = signed_facts(body.journal, body.started_seq, "loop")
            event = LoopSaved(
                step=body.step,
                execution=body.execution,
                call=self.identity.digest,
                position=here.position,
                manifest=manifest,
                signature=body.journal.sign(facts, manifest.encode()),
                size=draft.size,
                behind=tuple(each for each in here.inner if each in body.calls.loops),
                text=self.text,
            )
            try:
                draft.commit(event)
            except ValueError as late:
                raise CallTooLate(step=body.step, call="durnb.loop") from late
            here.inner.clear()
        faults.point("loop-saved", body.step)


def _target_of(frame: FrameType) -> str:
    """The variable of the notebook to which the ``for`` that runs in a frame gives its items; "" where it is none."""
    return _target_in(frame.f_code, frame.f_lasti)


@lru_cache(maxsize=64)  # a loop inside of another begins often
def _target_in(code: CodeType, last: int) -> str:
    steps = list(dis.get_instructions(code))
    at = next((at for at, step in enumerate(steps) if step.offset == last), len(steps))
    if at + 1 >= len(steps) or steps[at].opname != "FOR_ITER" or steps[at + 1].opname not in ("STORE_NAME", "STORE_GLOBAL"):
        return ""
    return str(steps[at + 1].argval)


def _generators() -> dict[str, AmbientState]:
    """The random generators of the process as they are."""
    return {name: state for name, state in ambient().items() if name in GENERATORS and state.payload is not None}


def _state(shelf: Shelf, step: str, stored: StoredAmbient) -> AmbientState:
    return AmbientState(stored.digest, shelf.payload(step, stored.payload))
