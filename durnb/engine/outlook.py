"""What can be known of a step's inputs before its turn comes: from files, from the texts of plain cells, and from what a kernel has live."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import field
from typing import Final, Protocol, assert_never

from durnb.engine.above import Above
from durnb.engine.dependencies import inputs_of, is_dependency, is_of, path_of
from durnb.engine.differences import GENERATORS, label_of
from durnb.engine.header import FoundHeader
from durnb.engine.modules import digest_of_module
from durnb.engine.plain import PlainCells, read_plain
from durnb.events import Input
from durnb.records import dataclass
from durnb.steps import Checkpoint, StepHistory

_MODULE: Final = "module:"


class Live(Protocol):
    """A kernel that has the run: the texts of the cells that it ran, the last one last."""

    @property
    def ran(self) -> Sequence[str]: ...

    def inputs(self, found: FoundHeader, step: StepHistory) -> tuple[Input, ...] | None:
        """The inputs of the step as the decision would see them now; None where they can't be looked at."""
        ...

    def can_change(self, name: str) -> bool:
        """Whether the live value of `name` can be changed in place."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The inputs of a step as they will be, as far as can be told; `open` says in words what plain cells leave open, `waits` what steps do.

    `only_open`: those steps are finished, and stand but for what plain cells define.
    """

    inputs: tuple[Input, ...]
    open: str
    waits: str = ""
    only_open: bool = False


@dataclass(slots=True)
class _Looking:
    """What was seen so far of one step's inputs."""

    inputs: list[Input] = field(default_factory=list)
    defined: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    waits: list[tuple[bool, str]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Outlook:
    """Looks ahead from a place in the notebook, below the cells of `above`. `parameters` are names whose values the run was given.

    Files of more than `largest` bytes are not read; of any size where that is None.
    """

    above: Above
    live: Live | None
    parameters: frozenset[str] = frozenset()
    largest: int | None = None

    @property
    def plain(self) -> PlainCells:
        return self.above.plain

    def see(self, found: FoundHeader, step: StepHistory, checkpoint: Checkpoint) -> Seen:
        """What a step whose last result is `checkpoint` will read. What is open is taken to be as it was."""
        now = self.live.inputs(found, step) if self.live is not None else None
        looked = {i.name: i for i in now} if now is not None else None
        seen = _Looking()
        for i in checkpoint.inputs:
            if i.name not in found.header.ignore and not is_dependency(i):
                self._look(i, looked, seen)
        seen.inputs += self._new(checkpoint, looked)
        if looked is None:
            seen.defined += sorted(f"`{name}`" for name in self._unread(found, checkpoint))
        self._files(found, checkpoint, looked, seen)
        self._settings(checkpoint, seen)
        waits = min(seen.waits, default=(False, ""))
        return Seen(inputs=tuple(seen.inputs), open=self._in_words(seen), waits=waits[1], only_open=waits[0])

    def _look(self, i: Input, looked: dict[str, Input] | None, seen: _Looking) -> None:
        maker = self.above.maker(i) if i.kind in ("durable", "plain", "opaque", "absent") else None
        if maker is not None and maker[0] is None:
            seen.waits.append((maker[1] in self.above.open, f"runs if {maker[1]!r} gives another `{i.name}`"))
            seen.inputs.append(i)
            return
        if maker is not None and maker[0] is not None and i.maker is None and i.kind in ("plain", "absent"):
            seen.inputs.append(Input(name=i.name, kind="durable", digest=maker[0], maker=maker[1]))
            return
        one, known = self._see(i, looked)
        if one is not None:
            seen.inputs.append(one)
        if not known and self._is_gone(i):
            seen.gone.append(f"`{i.name}`")
        elif not known:
            seen.defined.append(label_of(i).removeprefix("its input "))

    def _in_words(self, seen: _Looking) -> str:
        if seen.defined:
            more = f" and {len(seen.defined) - 2} more" * (len(seen.defined) > 2)
            return f"{', '.join(seen.defined[:2])}{more}, which a plain cell {'sets' if seen.defined[0].startswith('the ') else 'defines'}"
        if seen.gone:
            return f"{', '.join(seen.gone[:2])}, which no cell above it makes now"
        if seen.files:
            return seen.files[0]
        return "the options that a plain cell above it sets" if self.plain.may_set() else ""

    def _see(self, i: Input, looked: dict[str, Input] | None) -> tuple[Input | None, bool]:
        """The input as it will be, and whether that is known."""
        match i.kind:
            case "file":
                return (looked.get(i.name), True) if looked is not None else (self._module(i), True)
            case "ambient":
                return (looked.get(i.name), True) if looked is not None and not self.plain.may_set() else (i, i.maker is not None)
            case "plain" | "opaque" | "absent":
                return self._value(i, looked)
            case "durable":
                return i, not self.above.is_changed_by_plain(i.name) and not self._is_gone(i)
            case "package":
                return i, True
            case _ as never:
                assert_never(never)

    def _value(self, i: Input, looked: dict[str, Input] | None) -> tuple[Input | None, bool]:
        if i.maker is not None:
            return self._of_a_step(i, looked)
        if looked is not None and i.name in looked and self.plain.have_bound(i.name, can_change=self._can_change(i.name)):
            return looked[i.name], True
        fixed = self.plain.fixed(i.name) if i.name not in self.parameters else None
        if fixed is not None and fixed.how == "module":  # what it calls itself may be another name: ``os.path``
            return i, fixed.digest == i.digest and not self._is_of_the_project(i.name)
        if fixed is not None:
            return Input(name=i.name, kind="plain", digest=fixed.digest), True
        imported = len(self.plain.modules(i.name)) == 1 and not self.plain.is_module(i.name) and not self._is_of_the_project(i.name)
        return i, imported or (i.kind == "absent" and not self.plain.bind(i.name))

    def _is_gone(self, i: Input) -> bool:
        """Whether nothing above makes or defines what a step read, as far as texts tell."""
        made = i.name in self.above.makers or self.above.is_above(i.maker)
        return i.kind in ("durable", "plain") and not made and not self.plain.bind(i.name)

    def _is_of_the_project(self, name: str) -> bool:
        return any(map(self.above.is_here, self.plain.modules(name)))

    def _of_a_step(self, i: Input, looked: dict[str, Input] | None) -> tuple[Input, bool]:
        """A step's value that could not be stored, or that plain cells change: what they change once they may have changed twice by now."""
        if i.kind == "opaque" and not self.plain.speak_of(i.name):
            return i, True
        same = looked is not None and i.name in looked and looked[i.name].digest == i.digest
        return i, same and self.plain.have_touched(i.name)

    def _settings(self, checkpoint: Checkpoint, seen: _Looking) -> None:
        """What steps that run may set."""
        read = [i for i in checkpoint.inputs if i.kind == "ambient"]
        setters = [self.above.setter(maker) for maker in {i.maker for i in read} or {None}]
        if any(i.name in GENERATORS for i in read):  # whatever runs may draw
            setters += self.above.acting[-1:]
        for setter in filter(None, setters):
            seen.waits.append((setter.open, f"it depends on what {setter.step!r} sets"))

    # ---- files

    def _files(self, found: FoundHeader, checkpoint: Checkpoint, looked: dict[str, Input] | None, seen: _Looking) -> None:
        """The files of ``--depends``, as they are now where nothing above the step may change that."""
        before = [i for i in checkpoint.inputs if is_dependency(i)]
        for pattern in found.header.depends:
            was, now = [i for i in before if is_of(i, pattern)], self._now(pattern, looked)
            paths = list(dict.fromkeys([pattern, *map(path_of, [*was, *(now or ())])]))
            writer, left = self.above.writer(paths), ""
            if writer is not None:
                seen.waits.append((writer.open, f"it depends on what {writer.step!r} writes to {pattern}"))
            elif left := self._left_of_files(pattern, paths, now):
                seen.files.append(left)
            if writer is not None or left or now is None:
                seen.inputs += was
            else:
                seen.inputs += now

    def _left_of_files(self, pattern: str, paths: Sequence[str], now: Sequence[Input] | None) -> str:
        if self.above.plain_writes(paths):
            return f"the file {pattern}, which a plain cell may write"
        if self.above.moves() and not os.path.isabs(pattern):
            return f"the file {pattern}, in a folder that a cell above may change"
        return f"the file {pattern}, which is looked at when its turn comes" if now is None else ""

    def _now(self, pattern: str, looked: dict[str, Input] | None) -> list[Input] | None:
        if looked is not None:
            return [i for i in looked.values() if is_of(i, pattern)]
        return inputs_of(pattern, self.above.folder, self.largest) if self.above.folder is not None else None

    # ---- what it did not read before

    def _unread(self, found: FoundHeader, checkpoint: Checkpoint) -> set[str]:
        """Names that the step and the functions that it reached read, that it did not find when it ran, and that a cell above binds now."""
        before = {i.name for i in checkpoint.inputs}
        fixed = [self.plain.fixed(i.name) for i in checkpoint.inputs if i.kind == "plain"]
        reads = read_plain(found.body).reads.union(*(one.reads for one in fixed if one is not None))
        return {name for name in reads - before - set(found.header.ignore) if self.plain.binds(name) or name in self.above.makers}

    def _can_change(self, name: str) -> bool:
        return self.live is not None and self.live.can_change(name)

    def _new(self, checkpoint: Checkpoint, looked: dict[str, Input] | None) -> list[Input]:
        """What the step will read and did not; generators, and what was reached by everything, count only where they did before."""
        if looked is None:
            return []
        before = {i.name for i in checkpoint.inputs}
        return [
            i
            for name, i in looked.items()
            if name not in before
            and (
                (i.kind == "ambient" and name not in GENERATORS and not self.plain.may_set())
                or (i.kind == "file" and not is_dependency(i))
                or self._is_new(i)
            )
        ]

    def _is_new(self, i: Input) -> bool:
        return i.kind in ("plain", "opaque") and i.maker is None and self.plain.have_bound(i.name, can_change=self._can_change(i.name))

    def _module(self, i: Input) -> Input | None:
        """A module's file as it is now."""
        if self.above.folder is None:
            return i
        path = self.above.folder / i.name.removeprefix(_MODULE)
        try:
            return Input(name=i.name, kind="file", digest=digest_of_module(path))
        except OSError:
            return None
