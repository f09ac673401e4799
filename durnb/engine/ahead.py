"""What a kernel that has the run can tell of a step before its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType, ModuleType

from durnb.engine.header import FoundHeader
from durnb.engine.live import LiveNames
from durnb.engine.look import look
from durnb.engine.outdated import ATOMS
from durnb.engine.place import Place
from durnb.engine.work import python_of
from durnb.errors import CheckpointUnreadable
from durnb.events import Input
from durnb.fingerprint import CellSource, names_of
from durnb.records import dataclass
from durnb.steps import StepHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Implements the plan's `Live`: looks at a step as its decision would, from its place on the line of the kernel's pass."""

    live: LiveNames
    place: Callable[[str], Place]
    ran: Sequence[str]

    def inputs(self, found: FoundHeader, step: StepHistory) -> tuple[Input, ...] | None:
        """The inputs as the step's place sees them; None where its text or what it would read can't be read."""
        tree = python_of(found.body)
        if tree is None:
            return None
        place = self.place(step.name)
        try:
            return look(place, CellSource(digest="", names=names_of(tree)), found.header, step.last).inputs
        except CheckpointUnreadable:
            return None  # when its turn comes the step asks, and says why
        finally:
            place.undo.take_back()

    def can_change(self, name: str) -> bool:
        """Whether the value can be changed in place; by a name's own cells alone, so neither functions nor modules count."""
        return type(self.live.namespace.get(name)) not in (*ATOMS, FunctionType, ModuleType, type)
