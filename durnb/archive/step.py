"""One step of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from durnb.archive.checkpoint import CheckpointView
from durnb.archive.execution import ExecutionView, InputView
from durnb.archive.lookup import not_there
from durnb.archive.rows import Rows
from durnb.archive.table import Shown, Table, bytes_text, one_line, seconds_text, when
from durnb.engine.overview import StepRow
from durnb.events import ErrorInfo
from durnb.records import dataclass
from durnb.steps import StepHistory

if TYPE_CHECKING:
    from durnb.archive.run import RunView  # it makes the steps


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StepView(Shown):
    """A step's executions and checkpoints, oldest first."""

    run: RunView
    name: str

    @property
    def past(self) -> StepHistory:
        """The step in the folded run. Raises RunHeld while another kernel has the run, and NotInHistory where it was renamed since."""
        steps = self.run.history.steps
        if self.name not in steps:
            raise not_there(what="step", name=self.name, where=f"run {self.run.name}", there=tuple(steps))
        return steps[self.name]

    # ---- as a row of the run

    @property
    def row(self) -> StepRow:
        """The step in short, which can be seen whoever has the run."""
        return self.run.row(self.name)

    @property
    def status(self) -> str:
        """finished, running, failed, interrupted, died, asks, aborted or to rerun."""
        return self.row.status

    @property
    def reason(self) -> str:
        """Why it stands so; empty where there is nothing to say."""
        return self.row.reason

    # ---- what it did

    @property
    def executions(self) -> tuple[ExecutionView, ...]:
        """Every decision to run it."""
        return tuple(ExecutionView(self, execution.number) for execution in list(self.past.executions))

    @property
    def last(self) -> ExecutionView:
        """The execution that began last."""
        return self.executions[-1]

    @property
    def source(self) -> str:
        """The cell's body as it was last executed."""
        return self.last.source

    @property
    def error(self) -> ErrorInfo | None:
        """The exception (`type`, `message`, `traceback`) of the last attempt; None where it did not end by one."""
        return self.last.error

    @property
    def inputs(self) -> Mapping[str, InputView]:
        """What the last execution read."""
        return self.last.inputs

    @property
    def calls(self) -> Rows:
        """The durable calls of its present generation: label, status, when, seconds, and the result where it is short (JSON)."""
        made = list(self.past.calls.made.values())
        return Rows(("call", "status", "at", "ran", "result"), [(c.label, c.status, c.at, c.ran, c.value or None) for c in made])

    # ---- what it left

    @property
    def checkpoints(self) -> tuple[CheckpointView, ...]:
        """Every checkpoint that it left and that is kept."""
        return tuple(CheckpointView(self, number) for number in sorted(self.past.checkpoints))

    @property
    def checkpoint(self) -> CheckpointView | None:
        """The checkpoint that stands for the step now; None while it has none."""
        current = self.past.current
        return CheckpointView(self, current) if current is not None else None

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """The outputs of its current checkpoint, in nbformat's form. Raises NotInHistory where there is none, CheckpointUnreadable."""
        return self._current("outputs").outputs

    def load(self, name: str) -> Any:
        """The variable `name` of the current checkpoint. Raises NotInHistory, NotKept and CheckpointUnreadable."""
        return self._current(name).load(name)

    def load_all(self) -> dict[str, Any]:
        """Every variable of the current checkpoint; what they share is shared."""
        return self._current("variables").load_all()

    def _current(self, name: str) -> CheckpointView:
        found = self.checkpoint
        if found is None:
            where = f"step {self.name!r} of run {self.run.name}"
            raise not_there(what="variable", name=name, where=where, there=(), hint=f": it is not finished ({self.status})")
        return found

    def table(self) -> Table:
        row = self.row
        title = f"step {self.name} of run {self.run.name}: {row.status}" + (f", {row.reason}" if row.reason else "")
        if self.run.is_elsewhere:
            told = (
                ("when", when(row.at)),
                ("ran", seconds_text(row.ran)),
                ("attempts", str(row.attempts)),
                ("saved", bytes_text(row.size)),
            )
            names = ("variables", ", ".join(row.names))
            return Table(title=title, heads=("what", "value"), rows=(*told, names), foot=f"{self.run.holder} has the run")
        checkpoint = self.checkpoint
        holds = f"its checkpoint {checkpoint.number} holds {', '.join(checkpoint.names) or 'no variables'}" if checkpoint else ""
        return Table(
            title=title,
            heads=("execution", "attempt", "status", "started", "ran", "checkpoint", "why"),
            rows=tuple(_row(execution, index) for execution in self.executions for index in range(len(execution.attempts))),
            foot=holds,
        )


def _row(execution: ExecutionView, index: int) -> tuple[str, ...]:
    attempt = execution.attempts[index]
    last = index == len(execution.attempts) - 1
    checkpoint = execution.checkpoint if last else None
    error = f"{attempt.error.type}: {attempt.error.message}" if attempt.error is not None else execution.reason
    return (
        str(execution.number),
        str(attempt.number),
        attempt.status,
        when(attempt.started),
        seconds_text(attempt.ran),
        str(checkpoint.number) if checkpoint is not None else "",
        one_line(error),
    )
