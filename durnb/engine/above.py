"""What stands above a place in the notebook, and what that does to what a step there reads: plain cells, and the steps as they are planned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path

from durnb.engine.header import FoundHeader
from durnb.engine.paths import constants_of
from durnb.engine.plain import PlainCells, read_plain
from durnb.engine.traces import Traces, meet, traces_of, united
from durnb.engine.work import python_of
from durnb.events import Input
from durnb.records import dataclass

_FOLDER = "@cwd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """A step that runs, or may run. `open`: it is finished, and stands but for what plain cells define for it; `sets`: its text may set an option."""

    step: str
    open: bool
    creates: tuple[str, ...]
    sets: bool
    traces: Traces


@dataclass(slots=True, kw_only=True)
class Above:
    """Grows with the notebook, cell by cell. `makers`: by name, what the last step above that binds it gives it (None where it may run), and that step."""

    plain: PlainCells
    folder: Path | None
    makers: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    acting: list[Acting] = field(default_factory=list)
    _by_plain: dict[str, list[str]] = field(default_factory=dict)  # what plain cells bind or change since, with their texts
    _rebound: set[str] = field(default_factory=set)
    _constants: dict[str, str] = field(default_factory=dict)
    _steps: set[str] = field(default_factory=set)
    _moves: list[str] = field(default_factory=list)
    _moved: bool = False
    _here: dict[str, bool] = field(default_factory=dict)

    def add_plain(self, text: str, *, replaced: bool) -> None:
        """The next cell, which is plain; `replaced` where a runner puts other values in the place of those that it binds."""
        self.plain.add(text, replaced=replaced)
        read, tree = read_plain(text), python_of(text)
        for name in read.binds | read.touches | self._given(read.given):
            self._by_plain.setdefault(name, []).append(text.strip())
        self._rebound |= read.binds
        if tree is not None and not replaced:
            self._constants.update(constants_of(tree.body))
        if traces_of(text, ()).moves:
            self._moves.append(text.strip())

    def _given(self, given: Iterable[tuple[str, str]]) -> set[str]:
        """The names that are given to functions of the notebook or the project which may change their values."""
        return {name for function, name in given if function in self.makers or self._may_change(function)}

    def _may_change(self, function: str) -> bool:
        if any(map(self.is_here, self.plain.modules(function.partition(".")[0]))):
            return True
        if "." not in function and not self.plain.modules(function) and not self.plain.binds(function):
            return True  # a builtin that does more than to look, or what nobody knows
        return self.plain.defined(function) and any(read_plain(text).changes_given for text in self.plain.behind([function]))

    def add_step(self, step: str, binds: Mapping[str, str | None], *, is_open: bool) -> None:
        """The next cell, which is a step: what it gives the names that it binds, None where that is not known yet."""
        self._steps.add(step)
        if is_open:
            self.open.add(step)
        self.makers.update({name: (digest, step) for name, digest in binds.items()})
        for name in binds:
            self._by_plain.pop(name, None)
            self._rebound.discard(name)

    def add_acting(self, found: FoundHeader, step: str, *, sets: Iterable[str], made: Iterable[str], is_open: bool) -> None:
        """That step runs, or may: `sets` are the settings that it left the last time, `made` the files."""
        names = (name for name in read_plain(found.body).reads if (fixed := self.plain.fixed(name)) is None or fixed.how == "code")
        traces = self._together([found.body, *self.plain.behind(names)])
        acting = Acting(step=step, open=is_open, creates=(*found.header.creates, *made), sets=read_plain(found.body).sets, traces=traces)
        self.acting.append(acting)
        self._moved |= _FOLDER in sets or traces.moves

    def add_reused(self, sets: Iterable[str]) -> None:
        """The step is put back, with the settings that it left."""
        self._moved |= _FOLDER in sets

    def touching(self, found: FoundHeader) -> Iterator[str]:
        """The names whose values a step that runs visibly changes in place, or gives to functions of the notebook that do such things."""
        read = read_plain(found.body)
        yield from (name for name in read.touches | self._given(read.given) if self._can_change(name))

    def _can_change(self, name: str) -> bool:
        """Whether a value can change in place, and is not known to be open already."""
        fixed = self.plain.fixed(name)
        is_open = name in self.makers and self.makers[name][0] is None
        return not is_open and not self.plain.modules(name) and (fixed is None or fixed.how != "atom")

    def maker(self, i: Input) -> tuple[str | None, str] | None:
        """What the input's name is given by a step above, where no plain cell binds it after that."""
        return self.makers.get(i.name) if i.name not in self._rebound else None

    def is_changed_by_plain(self, name: str) -> bool:
        """Whether plain cells that have not run as they stand bind `name`, or visibly change its value, since a step made it."""
        return any(not self.plain.has_run(text) for text in self._by_plain.get(name, ()))

    def is_rebound(self, name: str) -> bool:
        """Whether a plain cell binds `name` after the last step that does."""
        return name in self._rebound

    def is_above(self, step: str | None) -> bool:
        """Whether a step of that name stands above."""
        return step in self._steps

    def setter(self, step: str | None) -> Acting | None:
        """A step that runs, or may, and by its text may set an option; or that of the name `step`."""
        return next((one for one in reversed(self.acting) if one.sets or one.step == step), None)

    # ---- files

    def writer(self, paths: Iterable[str]) -> Acting | None:
        """The last step that runs, or may, and can write one of the files by then."""
        wanted = list(paths)
        return next((one for one in reversed(self.acting) if self._writes(one.creates, one.traces, wanted)), None)

    def plain_writes(self, paths: Iterable[str]) -> bool:
        """Whether a plain cell that has not run as it stands may write one of the files, as far as its text shows."""
        return self._writes((), self._together(self.plain.acting()), list(paths))

    def _together(self, texts: Iterable[str]) -> Traces:
        """What the texts show; one that calls code of a project's module, which is not looked at, may write anywhere."""
        constants = tuple(sorted(self._constants.items()))
        found = united(traces_of(text, constants) for text in texts)
        return replace(found, anywhere=True) if not found.anywhere and self._calls_the_project(found) else found

    def moves(self) -> bool:
        """Whether the folder may be another by then."""
        return self._moved or any(not self.plain.has_run(text) for text in self._moves)

    def _writes(self, creates: Iterable[str], traces: Traces, paths: list[str]) -> bool:
        return any(meet(pattern, path) for pattern in creates for path in paths) or any(map(traces.may_write, paths))

    def _calls_the_project(self, traces: Traces) -> bool:
        """Whether code of a project's module is called, whose text is not looked at."""
        called = {module for name in traces.calls for module in self.plain.modules(name)}
        return any(map(self.is_here, called | traces.modules))

    def is_here(self, module: str) -> bool:
        """Whether a module is the project's own, as far as its folder tells."""
        if self.folder is None:
            return True
        top = module.partition(".")[0]
        if top not in self._here:
            self._here[top] = (self.folder / f"{top}.py").exists() or (self.folder / top).is_dir()
        return self._here[top]
