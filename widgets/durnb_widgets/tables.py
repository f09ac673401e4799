"""Tables of a run's steps: text for consoles, HTML for notebooks, everything escaped."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from durnb.advice import Finding, Size
from durnb.engine.manifest import Manifest
from durnb.engine.overview import StepRow, spell
from durnb.engine.plan import Plan
from durnb.history import History, StepHistory

_BIGGEST: Final = 8  # variables that a check names


@dataclass(frozen=True, slots=True)
class Table:
    """A title, column heads and rows of text; displays itself as either."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    foot: str = ""

    def __repr__(self) -> str:
        grid = [self.heads, *self.rows]
        widths = [max(len(row[i]) for row in grid) for i in range(len(self.heads))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in grid]
        return "\n".join([self.title, *lines, *([self.foot] if self.foot else [])])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col" style="text-align:left">{html.escape(h)}</th>' for h in self.heads)
        body = "".join("<tr>" + "".join(f'<td style="text-align:left">{html.escape(c)}</td>' for c in row) + "</tr>" for row in self.rows)
        foot = f"<div>{html.escape(self.foot)}</div>" if self.foot else ""
        return f"<table><caption>{html.escape(self.title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}"


def status_table(history: History, rows: Sequence[StepRow]) -> Table:
    """The steps of a run."""
    return Table(
        title=f"run {history.run} of {history.notebook}: {history.status}",
        heads=("step", "status", "when", "ran", "attempts", "saved", "why"),
        rows=tuple(_status_row(row) for row in rows),
        foot="" if rows else "no step has run yet",
    )


def _status_row(row: StepRow) -> tuple[str, ...]:
    lost = f"; lost: {', '.join(row.lost)}" if row.lost else ""
    return (
        f"{row.step} ({row.label})" if row.label else row.step,
        row.status,
        when(row.at),
        _seconds(row.ran),
        str(row.attempts),
        bytes_text(row.size),
        f"{row.reason}{lost}".removeprefix("; "),
    )


def plan_table(run: str, plan: Plan) -> Table:
    """What Run All would do."""
    words = {"reuse": "reuse", "run": "run", "maybe": "run or reuse", "ask": "ask", "refuse": "refuse"}
    return Table(
        title=f"plan for run {run}",
        heads=("step", "would", "why", "ran before"),
        rows=tuple((str(s), words[s.action], s.reason, _seconds(s.ran)) for s in plan.steps),
        foot="values that plain cells define are looked at when the step's turn comes"
        if plan.steps
        else "the notebook has no durable cells",
    )


def step_text(step: StepHistory, manifest: Manifest | None) -> Table:
    """All about one step, as rows of what and value."""
    last = step.executions[-1]
    rows: list[tuple[str, str]] = [("options", last.options or "-"), ("why it ran last", last.reason)]
    for execution in step.executions:
        for attempt in execution.attempts:
            error = f": {attempt.error.type}: {attempt.error.message}" if attempt.error else ""
            rows.append(
                (
                    f"execution {execution.number}, attempt {attempt.number}",
                    f"{attempt.status}, {when(attempt.started)}, {_seconds(attempt.ran)}{error}",
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


def when(at: datetime | None) -> str:
    """Local time; with the date where it is not today's."""
    if at is None:
        return "-"
    local = at.astimezone()
    return local.strftime("%H:%M:%S" if local.date() == datetime.now().astimezone().date() else "%Y-%m-%d %H:%M")


def _seconds(seconds: float | None) -> str:
    return spell(timedelta(seconds=seconds)) if seconds is not None else "-"


def bytes_text(size: int | None) -> str:
    """``84 MB``, decimal units."""
    if size is None:
        return "-"
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if round(amount) < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
