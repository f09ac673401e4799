"""One decision to run a step, with what it read and its attempts."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from durnb.archive.attempt import AttemptView
from durnb.archive.checkpoint import CheckpointView
from durnb.archive.lookup import not_there
from durnb.archive.table import Shown, Table, one_line, seconds_text, when
from durnb.errors import CheckpointUnreadable, DurnbError, NotKept
from durnb.events import ErrorInfo, Input, InputKind
from durnb.records import dataclass
from durnb.steps import Attempt, Execution

if TYPE_CHECKING:
    from durnb.archive.step import StepView  # it makes the executions


@dataclass(frozen=True, slots=True, kw_only=True)
class InputView:
    """One thing that a step read: where it came from, and the digest of its content.

    `maker` is the step that made it, where one did, and `checkpoint` the checkpoint that it was read from.
    """

    name: str
    kind: InputKind
    digest: str
    maker: str | None
    checkpoint: CheckpointView | None

    @property
    def origin(self) -> str:
        """Where it came from, in words."""
        if self.kind == "ambient":
            by = f" of step {self.maker}" if self.maker else " of a plain cell"
            return f"a setting{by}"
        if self.maker is not None:
            place = f", checkpoint {self.checkpoint.number}" if self.checkpoint is not None else ""
            return f"step {self.maker}{place}" + ("" if self.kind == "durable" else ", changed since by a plain cell")
        return {"file": "a file", "package": "a package", "absent": "not there", "opaque": "a plain cell, not tracked"}.get(
            self.kind, "a plain cell"
        )


class Inputs(Shown, Mapping[str, InputView]):
    """The inputs of an execution by name."""

    __slots__ = ("_found", "_title")

    def __init__(self, title: str, found: Mapping[str, InputView]) -> None:
        self._title, self._found = title, found

    def __getitem__(self, name: str) -> InputView:
        if name not in self._found:
            raise not_there(what="input", name=name, where=self._title, there=tuple(self._found))
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def table(self) -> Table:
        rows = tuple((i.name, i.origin, i.digest[:12]) for i in self._found.values())
        return Table(
            title=f"inputs of {self._title}", heads=("input", "from", "content"), rows=rows, foot="" if rows else "it read nothing"
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExecutionView(Shown):
    """An execution of a step; `number` counts from 1."""

    step: StepView
    number: int

    @property
    def past(self) -> Execution:
        """The execution in the folded run."""
        found = next((e for e in self.step.past.executions if e.number == self.number), None)
        if found is None:
            numbers = tuple(str(e.number) for e in self.step.past.executions)
            raise not_there(what="execution", name=str(self.number), where=f"step {self.step.name!r}", there=numbers)
        return found

    @property
    def _title(self) -> str:
        return f"execution {self.number} of step {self.step.name}"

    @property
    def source(self) -> str:
        """The cell's body as typed, without the header."""
        return self.past.source

    @property
    def options(self) -> str:
        """The header as typed."""
        return self.past.options

    @property
    def reason(self) -> str:
        """Why it was run."""
        return self.past.reason

    def diff(self, earlier: ExecutionView) -> str:
        """How its source differs from that of an `earlier` execution, line by line; empty where it does not."""
        before, after = earlier.source.splitlines(), self.source.splitlines()
        return "\n".join(difflib.unified_diff(before, after, earlier._title, self._title, lineterm=""))

    @property
    def attempts(self) -> tuple[AttemptView, ...]:
        """Its tries, oldest first."""
        return tuple(map(self._attempt, list(self.past.attempts)))

    def _attempt(self, attempt: Attempt) -> AttemptView:
        crashed = attempt.status == "running" and not self.step.run.is_here
        return AttemptView(
            number=attempt.number,
            kernel=attempt.epoch,
            status="crashed" if crashed else attempt.status,
            started=attempt.started,
            ended=attempt.ended,
            ran=attempt.ran,
            error=attempt.error,
        )

    @property
    def error(self) -> ErrorInfo | None:
        """The exception of its last attempt, where that ended by one."""
        return self.past.last.error

    @property
    def inputs(self) -> Inputs:
        """What it could read, and where each came from."""
        past = self.past
        line = dict(past.line)
        return Inputs(self._title, {i.name: self._input(i, line) for i in past.inputs})

    def _input(self, i: Input, line: Mapping[str, int]) -> InputView:
        run = self.step.run
        held = i.maker in line and i.maker in run.history.steps and line[i.maker] in run.history.steps[i.maker].checkpoints
        checkpoint = CheckpointView(run[i.maker], line[i.maker]) if i.maker is not None and held else None
        return InputView(name=i.name, kind=i.kind, digest=i.digest, maker=i.maker, checkpoint=checkpoint)

    def load_input(self, name: str) -> Any:
        """The variable `name` as it was read: from the checkpoint that it came from, or as it was kept for a clean retry.

        Raises NotInHistory for what was not read, NotKept where its value is in neither, and CheckpointUnreadable.
        """
        read = self.inputs[name]
        if read.kind == "durable" and read.checkpoint is not None:
            return read.checkpoint.load(name)
        with self.step.run.shelf() as shelf:
            kept = shelf.prestate(self.step.name, self.past)
            if kept is not None and name in kept.names:
                return shelf.load(self.step.name, kept, [name])[name]
        raise NotKept(name=name, where=self._title, why=f"it came from {read.origin}, and its value was not kept")

    @property
    def checkpoint(self) -> CheckpointView | None:
        """What it left; None where it did not finish."""
        number = self.past.checkpoint
        return CheckpointView(self.step, number) if number in self.step.past.checkpoints and number is not None else None

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """Its outputs in nbformat's form: of its checkpoint, else those that its last attempt had shown when it failed (which nobody signed)."""
        checkpoint = self.checkpoint
        return checkpoint.outputs if checkpoint is not None else self._of_failure()

    def _of_failure(self) -> list[dict[str, Any]]:
        digest = self.past.last.outputs
        if not digest:
            return []
        with self.step.run.shelf() as shelf:
            try:
                return list(json.loads(bytes(shelf.journal.read(digest))))
            except (DurnbError, KeyError, ValueError) as error:
                raise CheckpointUnreadable(step=self.step.name, why=f"its outputs: {error}") from error

    def table(self) -> Table:
        rows = tuple(
            (
                str(attempt.number),
                attempt.status,
                when(attempt.started),
                seconds_text(attempt.ran),
                one_line(f"{attempt.error.type}: {attempt.error.message}") if attempt.error is not None else "",
            )
            for attempt in self.attempts
        )
        checkpoint = self.checkpoint
        left = f"it left checkpoint {checkpoint.number}" if checkpoint is not None else "it left no checkpoint"
        return Table(title=f"{self._title}: {self.reason}", heads=("attempt", "status", "started", "ran", "error"), rows=rows, foot=left)
