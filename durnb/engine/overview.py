"""The run in words: a row for each step, and the line at a kernel's first durable cell. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from durnb.engine.cells import is_automatic, title
from durnb.engine.manifest import Manifest
from durnb.fold import History
from durnb.records import dataclass
from durnb.steps import Execution, StepHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step as `status` shows it. `status` is finished, running, waiting, failed, interrupted, died, asks, aborted or to rerun; times in seconds, `size` bytes.

    `fingerprint` is that of its checkpoint's code and inputs: two runs in which it differs did not do the same.
    `label` is the cell in a few words, where the step's name says nothing of it.
    """

    step: str
    status: str
    reason: str
    at: datetime | None
    ran: float | None
    attempts: int
    executions: int
    size: int | None
    names: tuple[str, ...]
    lost: tuple[str, ...]
    fingerprint: str = ""
    label: str = ""

    @property
    def heading(self) -> str:
        """The step's name, with the cell's words where it has some."""
        return f"{self.step} ({self.label})" if self.label else self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What is known of one run without opening it; `holder` says who has it, in words."""

    run: str
    state: str
    started: datetime | None
    at: datetime | None
    parameters: Mapping[str, object]
    rows: tuple[StepRow, ...]
    holder: str = ""


def rows(history: History) -> list[StepRow]:
    """The steps in order of their first start."""
    return [row(step) for step in history.steps.values() if step.executions]


def row(step: StepHistory) -> StepRow:
    """One step that was started."""
    execution = step.executions[-1]
    attempt = execution.last
    checkpoint = step.checkpoint
    manifest = _manifest(checkpoint.manifest) if checkpoint is not None else None
    status, reason = _status(step)
    return StepRow(
        step=step.name,
        status=status,
        reason=reason,
        at=attempt.ended or attempt.started,
        ran=checkpoint.ran if checkpoint is not None and status == "finished" else attempt.ran,
        attempts=len(execution.attempts),
        executions=len(step.executions),
        size=checkpoint.size if checkpoint is not None else None,
        names=tuple(manifest.names) if manifest else (),
        lost=tuple(manifest.lost) if manifest else (),
        fingerprint=checkpoint.fingerprint if checkpoint is not None else "",
        label=label(step.name, execution.source),
    )


def attempt_reason(execution: Execution, index: int) -> str:
    """Why the attempt of that index was made: the first for the reason of its execution, any other because of the one before."""
    if index == 0:
        return execution.reason
    before = execution.attempts[index - 1]
    ended = {"exception": "failed", "timeout": "timed out", "interrupt": "was interrupted", "succeeded": "was not saved"}
    how = "waited without a kernel" if before.suspended else ended.get(before.status, "died with the kernel")
    return f"attempt {before.number} {how}"


def label(step: str, source: str) -> str:
    """The cell in a few words, where ``%durable all`` gave the step its name; else empty."""
    return title(source) if is_automatic(step) else ""


def unowned(seen: StepRow) -> StepRow:
    """The row where nobody owns the run: nothing runs there, it died with its kernel."""
    return replace(seen, status="died", reason=f"{seen.reason} died with the kernel") if seen.status == "running" else seen


def ending(step: StepHistory) -> str:
    """How the step's last attempt ended, in words."""
    status, reason = _status(step)
    status = "failed" if status == "asks" else status
    return f"{status}: {reason}" if reason else status


@lru_cache(maxsize=4096)  # a panel tells every step's row again at each change of the run
def _manifest(text: str) -> Manifest | None:
    try:
        return Manifest.decode(text)
    except (ValueError, KeyError, TypeError):
        return None


def _status(step: StepHistory) -> tuple[str, str]:
    execution = step.executions[-1]
    attempt = execution.last
    if step.answer == "abort":
        return "aborted", "by %durable resolve"
    if step.rerun or step.answer == "retry":
        return "to rerun", "at the next run of its cell"
    match attempt.status:
        case "succeeded":
            return "finished", "" if step.checkpoint is None or step.checkpoint.saved else "done, not saved"
        case "crashed" | "running" if attempt.suspended:
            return "waiting", f"attempt {attempt.number}, without a kernel"
        case "running":
            return "running", f"attempt {attempt.number}"
        case "crashed":
            return ("asks" if execution.once else "died"), f"attempt {attempt.number} died with the kernel"
        case "interrupt":
            return ("asks" if execution.once else "interrupted"), f"attempt {attempt.number} was interrupted"
        case "exception" | "timeout":
            error = attempt.error
            words = error.line if error else ""
            asks = execution.once or (error is not None and error.type == "StepAsks")
            return ("asks" if asks else "failed"), words.removeprefix("StepAsks: ")


def as_json(history: History, known: dict[str, tuple[object, dict[str, Any]]] | None = None) -> dict[str, Any]:
    """The run's status as JSON values: what `status --json` prints and the status file holds.

    `known` keeps the rows of steps that did not change from one call to the next.
    """
    cache = known if known is not None else {}
    steps = [step for step in history.steps.values() if step.executions]
    return {
        "run": history.run,
        "state": history.state,
        "waits_until": history.suspended.until if history.suspended else None,
        "waits_for": list(history.suspended.signals) if history.suspended else [],
        "notebook": history.notebook,
        "started": history.started.isoformat() if history.started else None,
        "parameters": dict(history.parameters),
        "updated": history.last_step_event.isoformat() if history.last_step_event else None,
        "steps": [_known_row(step, cache) for step in steps],
    }


def _known_row(step: StepHistory, cache: dict[str, tuple[object, dict[str, Any]]]) -> dict[str, Any]:
    last = step.executions[-1]
    mark = (len(step.executions), len(last.attempts), last.last.status, step.checkpoint, step.answer, step.rerun)
    held = cache.get(step.name)
    if held is None or held[0] != mark:
        held = cache[step.name] = mark, json_row(row(step))
    return held[1]


def json_row(seen: StepRow) -> dict[str, Any]:
    """A row as JSON values."""
    return {**asdict(seen), "at": seen.at.isoformat() if seen.at else None, "names": list(seen.names), "lost": list(seen.lost)}


def row_of(values: Mapping[str, Any]) -> StepRow:
    """The inverse of `json_row`; what only a later version knows is left out. Raises KeyError, TypeError and ValueError for values that are none."""
    known = {f.name: values[f.name] for f in fields(StepRow) if f.name in values}  # a file of an earlier version has no labels
    at = known["at"]
    return StepRow(
        **{**known, "at": datetime.fromisoformat(at) if at else None, "names": tuple(known["names"]), "lost": tuple(known["lost"])}
    )


def spell(length: timedelta) -> str:
    """``2 h 13 min``, ``3 min 20 s``, ``1.3 s``, ``40 ms``."""
    seconds = length.total_seconds()
    if round(seconds * 1000) < 1000:
        return f"{seconds * 1000:.0f} ms"
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def seconds_text(seconds: float | None) -> str:
    """``1.3 s``; a dash for None."""
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


STATUS_HEADS: Final = ("step", "status", "when", "ran", "attempts", "saved", "why")


def status_cells(seen: StepRow, when: str) -> tuple[str, ...]:
    """A step as a row of a table; `when` is its time in words."""
    lost = f"; lost: {', '.join(seen.lost)}" if seen.lost else ""
    why = f"{seen.reason}{lost}".removeprefix("; ")
    return seen.heading, seen.status, when, seconds_text(seen.ran), str(seen.attempts), bytes_text(seen.size), why
