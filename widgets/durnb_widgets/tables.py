"""Tables of a run's steps, and what was put back of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from durnb.advice import Finding, Size
from durnb.archive.table import Table, bytes_text, seconds_text, when
from durnb.engine.decide import FIRST
from durnb.engine.manifest import Manifest
from durnb.engine.operations import Restored
from durnb.engine.overview import STATUS_HEADS, StepRow, status_cells
from durnb.engine.plan import LEFT_OPEN, PLAN_HEADS, Plan, plan_cells
from durnb.engine.storage import (
    HOLDING_HEADS,
    REMOVED_HEADS,
    RUN_HEADS,
    Storage,
    holding_rows,
    left_lines,
    removed_rows,
    removed_title,
    run_rows,
    storage_title,
    store_lines,
)
from durnb.fold import History
from durnb.journal import Collected
from durnb.records import dataclass
from durnb.steps import StepHistory

_BIGGEST: Final = 8  # variables that a check names

__all__ = ["Table", "advice_table", "bytes_text", "plan_table", "restored_text", "status_table", "step_text", "when"]


@dataclass(frozen=True, slots=True)
class Tables:
    """Several tables, one below the other."""

    parts: tuple[Table, ...]

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self.parts))

    def _repr_html_(self) -> str:
        return "".join(part._repr_html_() for part in self.parts)


def status_table(history: History, rows: Sequence[StepRow], notebook: str = "") -> Table:
    """The steps of a run; `notebook` is the file's name now, which may have been another when the run began."""
    return Table(
        title=f"run {history.run} of {notebook or history.notebook}: {history.state}",
        heads=STATUS_HEADS,
        rows=tuple(status_cells(row, when(row.at)) for row in rows),
        foot="" if rows else "no step has run yet",
    )


def plan_table(run: str | None, plan: Plan) -> Table:
    """What Run All would do."""
    return Table(
        title=f"plan for run {run}" if run else "plan for a new run",
        heads=PLAN_HEADS,
        rows=tuple(map(plan_cells, plan.steps)),
        foot="the notebook has no durable cells" if not plan.steps else LEFT_OPEN if any(step.open for step in plan.steps) else "",
    )


def step_text(step: StepHistory, manifest: Manifest | None) -> Table:
    """All about one step, as rows of what and value."""
    last = step.executions[-1]
    rows: list[tuple[str, str]] = [
        ("options", last.options or "-"),
        ("why it ran last", "it was its first run" if last.reason == FIRST else last.reason),
    ]
    for execution in step.executions:
        for attempt in execution.attempts:
            error = f": {attempt.error.type}: {attempt.error.message}" if attempt.error else ""
            rows.append(
                (
                    f"execution {execution.number}, attempt {attempt.number}",
                    f"{attempt.status}, {when(attempt.started)}, {seconds_text(attempt.ran)}{error}",
                )
            )
    rows += [(f"input {i.name}", f"{i.kind}{f' by {i.maker}' if i.maker else ''}, {i.digest[:12]}") for i in last.inputs]
    if manifest is not None:
        rows += [(f"variable {name}", f"{stored.type}, {stored.digest[:12]}") for name, stored in manifest.names.items()]
        made = {path: file for files in manifest.creates.values() for path, file in files.items()}
        rows += [(f"file {path}", f"{bytes_text(file.size)}, {file.digest[:12]}") for path, file in made.items()]
        rows += [(f"lost {name}", f"{one.path}: {one.reason}") for name, one in manifest.lost.items()]
        rows += [(f"deleted {name}", "") for name in manifest.deleted] + [("dropped", note) for note in manifest.dropped]
        rows += [(f"set {name}", ambient.derived) for name, ambient in manifest.ambient.items()]
    rows.append(("source", last.source.strip()))
    return Table(title=f"step {step.name}: {step.status}", heads=("what", "value"), rows=tuple(rows))


def restored_text(done: Restored) -> str:
    """What was put back, what was not and why, and what is still to run."""
    lines = [f"restored: {', '.join(done.steps)}" if done.steps else "no step is finished yet, so nothing was restored"]
    lines += [f"not restored: {name} ({why})" for name, why in done.left.items()]
    lines += list(done.notes)
    if done.plain:
        lines.append("plain cells still to run (what they define is not restored):")
        lines += [f"  {_first_line(cell.source)}" for cell in done.plain]
    return "\n".join(lines)


def _first_line(source: str) -> str:
    lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return lines[0][:100] + (" …" if len(lines) > 1 else "") if lines else ""


def storage_tables(storage: Storage) -> Tables:
    """What takes the room: the parts of one run, then all runs."""
    foot = "what several rows share is counted with the first of them" if any(one.shared for one in storage.holdings or ()) else ""
    heads = HOLDING_HEADS if storage.holdings else ()
    parts = Table(storage_title(storage, bytes_text), heads, tuple(holding_rows(storage, bytes_text)), foot)
    runs = Table("all runs", RUN_HEADS, tuple(run_rows(storage, bytes_text)), "; ".join(store_lines(storage, bytes_text)))
    return Tables((parts, runs))


def collected_table(collected: Collected, *, dry_run: bool) -> Table:
    """What a collection removed, or would."""
    foot = "; ".join(left_lines(collected, bytes_text, asked=not dry_run))
    heads = REMOVED_HEADS if collected.removed else ()
    return Table(removed_title(collected, bytes_text, dry_run=dry_run), heads, tuple(removed_rows(collected, bytes_text)), foot)


def advice_table(findings: Sequence[Finding], sizes: Sequence[Size]) -> Table:
    """What a check found, and what a checkpoint of everything would take."""
    biggest = ", ".join(f"{' '.join(size.names)} {bytes_text(size.bytes)}" for size in sizes[:_BIGGEST])
    total = f"all variables of steps take {bytes_text(sum(size.bytes for size in sizes))} ({biggest})" if sizes else ""
    return Table(
        title="what may bite in a long run" if findings else "nothing was found that may bite in a long run",
        heads=("", "where", "what", "cure") if findings else (),
        rows=tuple((f.severity, f.where + (f", line {f.line}" if f.line else ""), f.what, f.cure) for f in findings),
        foot=total,
    )
