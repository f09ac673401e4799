"""What can be known of a step's inputs before its turn comes: from files, from the texts of plain cells, and from what a kernel has live."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

from durnb.engine.differences import GENERATORS, label_of
from durnb.engine.header import FoundHeader
from durnb.engine.modules import digest_of_module
from durnb.engine.plain import PlainCells
from durnb.events import Input
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
    """The inputs of a step as they will be, as far as can be told; `open` says in words what can't, "" where nothing is."""

    inputs: tuple[Input, ...]
    open: str


@dataclass(slots=True, kw_only=True)
class Outlook:
    """Looks ahead from a place in the notebook, below the cells of `plain`. `parameters` are names whose values the run was given."""

    plain: PlainCells
    folder: Path | None
    live: Live | None
    parameters: frozenset[str] = frozenset()

    def see(self, found: FoundHeader, step: StepHistory, checkpoint: Checkpoint) -> Seen:
        """What a step whose last result is `checkpoint` will read. What is open is taken to be as it was."""
        now = self.live.inputs(found, step) if self.live is not None else None
        looked = {i.name: i for i in now} if now is not None else None
        inputs: list[Input] = []
        left_open: list[str] = []
        for i in checkpoint.inputs:
            if i.name in found.header.ignore:
                continue
            one, known = self._see(i, looked)
            if one is not None:
                inputs.append(one)
            if not known:
                left_open.append(label_of(i).removeprefix("its input "))
        inputs += self._new(checkpoint, looked)
        return Seen(inputs=tuple(inputs), open=self._in_words(left_open))

    def _in_words(self, left_open: Sequence[str]) -> str:
        if left_open:
            more = f" and {len(left_open) - 2} more" * (len(left_open) > 2)
            return f"{', '.join(left_open[:2])}{more}, which a plain cell {'sets' if left_open[0].startswith('the ') else 'defines'}"
        return "the options that a plain cell above it sets" if self.plain.may_set() else ""

    def _see(self, i: Input, looked: dict[str, Input] | None) -> tuple[Input | None, bool]:
        """The input as it will be, and whether that is known."""
        match i.kind:
            case "file":
                return (looked.get(i.name), True) if looked is not None else (self._on_disk(i), i.name.startswith(_MODULE))
            case "ambient":
                return (looked.get(i.name), True) if looked is not None and not self.plain.may_set() else (i, i.maker is not None)
            case "plain" | "opaque" | "absent":
                return self._value(i, looked)
            case _:
                return i, True

    def _value(self, i: Input, looked: dict[str, Input] | None) -> tuple[Input | None, bool]:
        if i.maker is not None:
            return self._of_a_step(i, looked)
        if looked is not None and i.name in looked and self.plain.have_bound(i.name, can_change=self._can_change(i.name)):
            return looked[i.name], True
        fixed = self.plain.fixed(i.name) if i.name not in self.parameters else None
        if fixed is not None:
            return Input(name=i.name, kind="plain", digest=fixed), True
        modules = self.plain.modules(i.name)
        return i, (bool(modules) and not any(map(self._is_here, modules))) or (i.kind == "absent" and not self.plain.bind(i.name))

    def _of_a_step(self, i: Input, looked: dict[str, Input] | None) -> tuple[Input, bool]:
        """A step's value that could not be stored, or that plain cells change: what they change once they may have changed twice by now."""
        if i.kind == "opaque" and not self.plain.speak_of(i.name):
            return i, True
        same = looked is not None and i.name in looked and looked[i.name].digest == i.digest
        return i, same and self.plain.have_touched(i.name)

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
            and ((i.kind == "ambient" and name not in GENERATORS and not self.plain.may_set()) or i.kind == "file" or self._is_new(i))
        ]

    def _is_new(self, i: Input) -> bool:
        return i.kind in ("plain", "opaque") and i.maker is None and self.plain.have_bound(i.name, can_change=self._can_change(i.name))

    def _is_here(self, module: str) -> bool:
        """Whether a module is the project's own, as far as its folder tells."""
        top = module.partition(".")[0]
        return self.folder is None or (self.folder / f"{top}.py").exists() or (self.folder / top).is_dir()

    def _on_disk(self, i: Input) -> Input | None:
        """A module's file as it is now; any other is not read."""
        if not i.name.startswith(_MODULE) or self.folder is None:
            return i
        path = self.folder / i.name.removeprefix(_MODULE)
        try:
            told = path.stat()
        except OSError:
            return None
        return Input(name=i.name, kind="file", digest=_digest(str(path), told.st_mtime_ns, told.st_size))


@lru_cache(maxsize=256)  # by the time of its last change, too: a panel plans again at each change of the run
def _digest(path: str, changed: int, size: int) -> str:
    return digest_of_module(Path(path))
