"""What a finished step left: its variables, outputs and value, read back only under a good signature."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from durnb.archive.lookup import not_there
from durnb.archive.table import Shown, Table, bytes_text, seconds_text, when
from durnb.engine.checkpoints import Shelf
from durnb.engine.manifest import OUT, Manifest
from durnb.errors import CheckpointUnreadable, NotKept
from durnb.records import dataclass
from durnb.steps import Checkpoint

if TYPE_CHECKING:
    from durnb.archive.execution import ExecutionView
    from durnb.archive.step import StepView  # it makes the checkpoints

State = Literal["kept", "lost", "left out", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """What a checkpoint says of a name. `why` tells, where it is not kept, the path to the culprit and the reason."""

    name: str
    type: str
    state: State
    why: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CheckpointView(Shown, Mapping[str, Any]):
    """The variables of a checkpoint by name; each is loaded when it is asked for, anew each time.

    Loading binds nothing. Functions see the live namespace (`durnb.history`'s `namespace`), and classes that are live and the same are the live
    ones. Raises CheckpointUntrusted where the signature is not this user's: nothing is loaded then.
    """

    step: StepView
    number: int

    @property
    def past(self) -> Checkpoint:
        """The checkpoint in the folded run."""
        past = self.step.past
        found = past.checkpoints.get(self.number)
        if found is None:
            numbers = tuple(map(str, past.checkpoints))
            hint = ". It was removed to save room (setting keep_checkpoints)" if self.number in past.dropped else ""
            raise not_there(what="checkpoint", name=str(self.number), where=f"step {self.step.name!r}", there=numbers, hint=hint)
        return found

    @property
    def _title(self) -> str:
        return f"checkpoint {self.number} of step {self.step.name}"

    # ---- its variables

    def __getitem__(self, name: str) -> Any:
        return self.load(name)

    def __contains__(self, name: object) -> bool:
        return name in self._said().names

    def __iter__(self) -> Iterator[str]:
        return iter(self._said().names)

    def __len__(self) -> int:
        return len(self._said().names)

    @property
    def names(self) -> tuple[str, ...]:
        """The variables that it keeps."""
        return tuple(self._said().names)

    @property
    def variables(self) -> Mapping[str, Variable]:
        """All that the step bound, changed or deleted, kept or not."""
        said = self._said()
        debris = {note.partition(":")[0]: note for note in said.dropped}
        kept = [Variable(name=n, type=one.type, state="kept", digest=one.digest) for n, one in said.names.items()]
        lost = [Variable(name=n, type="", state="lost", why=f"{one.path}: {one.reason}") for n, one in said.lost.items()]
        left = [Variable(name=n, type="", state="left out", why=debris.get(n, "by --save or --ignore")) for n in said.unsaved]
        deleted = [Variable(name=n, type="", state="deleted", why="the step deleted it") for n in said.deleted]
        return {one.name: one for one in (*kept, *lost, *left, *deleted)}

    def load(self, name: str) -> Any:
        """The variable `name`. Raises NotInHistory, NotKept (both are KeyErrors) and CheckpointUnreadable."""
        self._check(name)
        return self._values([name])[name]

    def load_all(self) -> dict[str, Any]:
        """Every variable that it keeps; what they share is shared, as it was."""
        names = self.names
        values = self._values(names)
        return {name: values[name] for name in names}

    def _check(self, name: str) -> None:
        known = self.variables
        found = known.get(name)
        if found is None:
            raise not_there(what="variable", name=name, where=self._title, there=self.names, hint=self._elsewhere(name))
        if found.state != "kept":
            raise NotKept(name=name, where=self._title, why=found.why)

    def _elsewhere(self, name: str) -> str:
        run = self.step.run
        makers = [s.name for s in run.history.steps.values() if s.checkpoint is not None and name in _read(s.checkpoint.manifest).names]
        return f". Step {' and '.join(makers)} made it" if makers else ""

    def _values(self, names: Collection[str]) -> dict[str, Any]:
        with self.step.run.shelf() as shelf:
            return shelf.load(self.step.name, self._verified(shelf), names)

    def _verified(self, shelf: Shelf) -> Manifest:
        return shelf.manifest(self.past)

    def _said(self) -> Manifest:
        """What it says of itself, by name only, whoever signed it."""
        return _read(self.past.manifest)

    # ---- what else it keeps

    @property
    def trusted(self) -> bool:
        """Whether its signature is this user's, so that it can be loaded."""
        with self.step.run.shelf() as shelf:
            try:
                self._verified(shelf)
            except CheckpointUnreadable:
                return False
        return True

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """The cell's outputs in nbformat's form. Raises CheckpointUntrusted, CheckpointUnreadable."""
        with self.step.run.shelf() as shelf:
            return shelf.outputs(self.step.name, self._verified(shelf))

    @property
    def has_value(self) -> bool:
        """Whether the cell displayed a last value (``Out``)."""
        return self._said().has_value

    @property
    def value(self) -> Any:
        """The cell's last value (``Out``); None where it had none."""
        return self._values([OUT])[OUT] if self.has_value else None

    @property
    def execution(self) -> ExecutionView:
        """The execution that left it."""
        return next(e for e in self.step.executions if e.number == self.past.execution)

    @property
    def is_current(self) -> bool:
        """Whether it stands for the step now."""
        return self.step.past.current == self.number

    @property
    def at(self) -> datetime:
        """When it was committed."""
        return self.past.at

    @property
    def ran(self) -> float:
        """Seconds that the body ran."""
        return self.past.ran

    @property
    def save(self) -> float:
        """Seconds that the save took."""
        return self.past.save

    @property
    def size(self) -> int:
        """Bytes that the save wrote; what was stored before costs nothing."""
        return self.past.size

    def table(self) -> Table:
        past = self.past
        said = "" if past.saved else "; the save was interrupted"
        return Table(
            title=f"{self._title}{', its current one' if self.is_current else ''}",
            heads=("variable", "type", "state", "why"),
            rows=tuple((v.name, v.type, v.state, v.why) for v in self.variables.values()),
            foot=f"{when(past.at)}, ran {seconds_text(past.ran)}, saved in {seconds_text(past.save)}, {bytes_text(past.size)} written{said}",
        )


def _read(text: str) -> Manifest:
    try:
        return Manifest.decode(text)
    except (ValueError, KeyError, TypeError):
        return Manifest(step="")
