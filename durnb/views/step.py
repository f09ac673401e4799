"""One step in full: its cell and how that changed, what it read and made, its attempts and their errors."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Final

from durnb.engine.cells import NotebookCell, header_of
from durnb.engine.decide import FIRST
from durnb.engine.manifest import OUT, Manifest
from durnb.engine.overview import attempt_reason
from durnb.engine.usage import Holding
from durnb.events import EMPTY, Input
from durnb.records import dataclass
from durnb.steps import AttemptStatus, Execution, StepHistory
from durnb.views.inside import AnswerLine, CallCounts, CallLine, WaitCard, answers_of, counts_of, failed_calls, recent_calls, waits_of

Outputs = Sequence[Mapping[str, Any]]

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
EMPTY_FAILED: Final[Mapping[tuple[int, int], Outputs]] = {}
_LONGEST: Final = 20_000  # characters of one output
_KINDS: Final[Mapping[str, str]] = {
    "plain": "a plain cell",
    "opaque": "a plain cell; its content is not tracked",
    "absent": "nothing: it was not there",
    "ambient": "a setting",
    "file": "a file",
    "package": "a package",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLine:
    """One attempt of the step's past; `error` in one line, `traceback` in full where it was kept, and what a failed one had shown, as text."""

    execution: int
    attempt: int
    kernel: int
    status: AttemptStatus
    started: datetime
    ran: float | None
    why: str
    error: str
    traceback: str
    outputs: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputLine:
    """One thing that the last execution read, and where it came from, in words."""

    name: str
    origin: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableLine:
    """One variable that the checkpoint holds, or lost: `lost` says where and why. `preview` is of the live value, where it is still the step's.

    `size` bytes are stored for it and for those `beside` it, with which it shares parts; None where that is not known.
    """

    name: str
    type: str
    lost: str = ""
    preview: str = ""
    size: int | None = None
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPage:
    """All about one step. `diff` is how its source differs from that of the execution before which had another; `outputs` are its last ones, as text."""

    step: str
    header: str
    source: str
    diff: str
    reason: str
    inputs: tuple[InputLine, ...]
    variables: tuple[VariableLine, ...]
    deleted: tuple[str, ...]
    settings: tuple[str, ...]
    attempts: tuple[AttemptLine, ...]
    notes: tuple[str, ...]
    outputs: str = ""
    calls: CallCounts = field(default_factory=CallCounts)
    failed_calls: tuple[CallLine, ...] = ()
    recent_calls: tuple[CallLine, ...] = ()
    waits: tuple[WaitCard, ...] = ()
    answers: tuple[AnswerLine, ...] = ()


def unreached_page(step: str, cells: Sequence[NotebookCell]) -> StepPage | None:
    """The page of a step that was never started, from its cell; None where the notebook has none of that name."""
    found = next((found for cell in cells if (found := header_of(cell)) is not None and found.header.name == step), None)
    if found is None:
        return None
    return StepPage(
        step=step,
        header=found.text,
        source=found.body.strip("\n"),
        diff="",
        reason=FIRST,
        inputs=(),
        variables=(),
        deleted=(),
        settings=(),
        attempts=(),
        notes=(),
    )


def step_page(
    step: StepHistory,
    *,
    previews: Mapping[str, str] = EMPTY,
    outputs: Outputs = (),
    failed: Mapping[tuple[int, int], Outputs] = EMPTY_FAILED,
    holdings: Sequence[Holding] = (),
) -> StepPage:
    """The page of a step that was started; newest attempts and calls first.

    `previews` are those of live variables, `holdings` what its checkpoint stores, `outputs` (nbformat's) what it showed last, `failed` what failed attempts had shown, by execution and attempt.
    """
    last = step.executions[-1]
    manifest = _manifest(step)
    return StepPage(
        step=step.name,
        header=last.options,
        source=last.source.strip("\n"),
        diff=_diff(step.executions),
        reason=last.reason,
        inputs=tuple(InputLine(name=i.name, origin=_origin(i), digest=i.digest[:12]) for i in last.inputs),
        variables=tuple(_variables(manifest, previews, holdings)) if manifest is not None else (),
        deleted=manifest.deleted if manifest is not None else (),
        settings=tuple(manifest.ambient) if manifest is not None else (),
        attempts=tuple(reversed([_attempt(e, index, failed) for e in step.executions for index in range(len(e.attempts))])),
        notes=(*manifest.notes, *manifest.dropped) if manifest is not None else (),
        outputs=outputs_text(outputs),
        calls=counts_of(step),
        failed_calls=failed_calls(step),
        recent_calls=recent_calls(step),
        waits=waits_of(step) if step.unfinished else (),
        answers=answers_of(step),
    )


def outputs_text(outputs: Outputs) -> str:
    """Outputs as text alone: those of failed attempts are not signed, and HTML of theirs must not be shown as such."""
    return "\n".join(filter(None, map(_output_text, outputs)))


def _output_text(output: Mapping[str, Any]) -> str:
    match output.get("output_type"):
        case "stream":
            found = output.get("text", "")
        case "error":
            found = "\n".join(map(str, output.get("traceback", ())))
        case _:
            data = output.get("data") or {}
            found = data.get("text/plain") or ", ".join(f"[{kind}]" for kind in data)
    joined = "".join(map(str, found)) if isinstance(found, list) else str(found)
    return _COLOURS.sub("", joined).rstrip("\n")[:_LONGEST]


def _manifest(step: StepHistory) -> Manifest | None:
    try:
        return Manifest.decode(step.checkpoint.manifest) if step.checkpoint is not None else None
    except (ValueError, KeyError, TypeError):
        return None  # of another version of durnb: its cell will say so when it is run


def _variables(manifest: Manifest, previews: Mapping[str, str], holdings: Sequence[Holding]) -> list[VariableLine]:
    stored_in = {name: one for one in holdings for name in one.names}
    kept: list[VariableLine] = []
    for name, stored in manifest.names.items():
        if name == OUT:
            continue
        held = stored_in.get(name)
        kept.append(
            VariableLine(
                name=name,
                type=stored.type,
                preview=previews.get(name, ""),
                size=held.bytes if held is not None else None,
                beside=tuple(other for other in held.names if other != name) if held is not None else (),
            )
        )
    return kept + [VariableLine(name=name, type="", lost=f"{one.path}: {one.reason}") for name, one in manifest.lost.items()]


def _origin(i: Input) -> str:
    if i.kind == "ambient":
        return f"a setting of step {i.maker}" if i.maker else "a setting of a plain cell"
    if i.maker is not None:
        return f"step {i.maker}" + ("" if i.kind == "durable" else ", changed since by a plain cell")
    return _KINDS.get(i.kind, "a plain cell")


def _attempt(execution: Execution, index: int, failed: Mapping[tuple[int, int], Outputs]) -> AttemptLine:
    attempt = execution.attempts[index]
    error = attempt.error
    words = error.line if error is not None else ""
    return AttemptLine(
        execution=execution.number,
        attempt=attempt.number,
        kernel=attempt.epoch,
        status=attempt.status,
        started=attempt.started,
        ran=attempt.ran,
        why=attempt_reason(execution, index),
        error=words,
        traceback=error.traceback if error is not None else "",
        outputs=outputs_text(failed.get((execution.number, attempt.number), ())),
    )


def _diff(executions: list[Execution]) -> str:
    now = executions[-1].source
    before = next((e for e in reversed(executions) if e.source != now), None)
    if before is None:
        return ""
    names = f"execution {before.number}", f"execution {executions[-1].number}"
    return "\n".join(difflib.unified_diff(before.source.splitlines(), now.splitlines(), *names, lineterm=""))
