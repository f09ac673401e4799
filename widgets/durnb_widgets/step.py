"""One step in full, as HTML: what the panel shows when it is selected, and ``%durable show``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from durnb.archive.table import seconds_text
from durnb.engine.decide import FIRST
from durnb.views import StepPage
from durnb.views.inside import AnswerLine, CallLine
from durnb.views.step import AttemptLine, VariableLine
from durnb_widgets.answers import wait_html
from durnb_widgets.badge import size_text
from durnb_widgets.markup import Child, Markup, grid, join, tag
from durnb_widgets.times import moment


def step_html(page: StepPage, now: datetime) -> Markup:
    """The page of a step; `now` is in the reader's zone. All of it is text: nothing that the step displayed is shown as HTML."""
    return join(list(_parts(page, now)))


def _parts(page: StepPage, now: datetime) -> Iterator[Markup]:
    yield from _titled("why it ran again", tag("div", page.reason) if len(page.attempts) > 1 and page.reason != FIRST else None)
    failed = next((a for a in page.attempts[:1] if a.traceback), None)
    if failed is not None:
        yield from _titled(f"error of attempt {failed.attempt}", _code(failed.traceback, "the traceback"))
    yield from _titled(f"source: {page.header}", _code(page.source, "the source"))
    yield from _titled("what changed in it since its last version", _code(page.diff, "the difference") if page.diff else None)
    yield from _titled("read", grid([(tag("code", i.name), i.origin, tag("code", i.digest)) for i in page.inputs]))
    made: list[tuple[Child, ...]] = [
        (tag("code", v.name), v.type, _stored(v)) if not v.lost else (tag("code", v.name), tag("strong", "lost"), v.lost)
        for v in page.variables
    ]
    made += [(tag("code", name), "deleted", "") for name in page.deleted] + [(tag("code", name), "a setting", "") for name in page.settings]
    yield from _titled("made", grid(made))
    yield from _titled("waits for", join([wait_html(wait, page.step, now, live=False) for wait in page.waits]) if page.waits else None)
    yield from _titled("what was answered", _answers(page.answers, now))
    yield from _titled("durable calls", _calls(page, now))
    yield from _titled("calls that failed", _failed(page, now))
    yield from _titled("noted", join([tag("div", note) for note in page.notes]) if page.notes else None)
    yield from _titled("outputs, as text", _code(page.outputs, "the outputs") if page.outputs else None)
    yield from _titled("attempts, newest first", _attempts(page, now))


def _stored(variable: VariableLine) -> str:
    """``1,797 × 64 · 920 kB, with y``."""
    size = size_text(variable.size) if variable.size is not None else ""
    beside = f", together with {', '.join(variable.beside)}" if variable.beside and size else ""
    return " · ".join(part for part in (variable.preview, f"{size}{beside}") if part)


def _answers(answers: Sequence[AnswerLine], now: datetime) -> Markup | None:
    left = len(answers) - _CALLS
    rows: list[tuple[Child, ...]] = [(tag("code", a.name), moment(a.at, now), _answered(a)) for a in answers[-_CALLS:]]
    return join(grid(rows), _more_of(left, "answers", "before these")) if rows else None


def _answered(a: AnswerLine) -> str:
    said = str(a).partition(": ")[2]
    return f"{a.prompt} {said}" if a.prompt else said


def _calls(page: StepPage, now: datetime) -> Markup | None:
    if not str(page.calls):
        return None
    last = grid([_call(call, now) for call in page.recent_calls])
    made = page.calls.done + page.calls.failed + page.calls.tried + page.calls.under_way
    left = _more_of(made - len(page.recent_calls), "calls", f"durnb.history()[RUN][{page.step!r}].calls has all")
    return tag("details", tag("summary", str(page.calls)), last, left) if last is not None else tag("div", str(page.calls))


def _call(call: CallLine, now: datetime) -> tuple[Child, ...]:
    when = join(moment(call.at, now), f", {seconds_text(call.ran)}" if call.ran else "")
    return tag("code", call.label), when, call.told or call.status


def _failed(page: StepPage, now: datetime) -> Markup | None:
    rows = [_call(call, now) for call in page.failed_calls[:_CALLS]]
    return join(grid(rows), _more_of(len(page.failed_calls) - _CALLS, "calls", "that failed")) if rows else None


def _more_of(count: int, what: str, where: str) -> Markup | None:
    return (
        tag("div", f"… {count:,} more {what}: {where}" if where.startswith("durnb") else f"… {count:,} more {what} {where}")
        if count > 0
        else None
    )


def _attempts(page: StepPage, now: datetime) -> Markup | None:
    rows: list[tuple[Child, ...]] = []
    for a in page.attempts:
        when = join(moment(a.started, now), f", {seconds_text(a.ran)}" if a.ran is not None else "")
        told = a.error or (a.why if a.why != FIRST else "")
        rows.append((f"execution {a.execution}, attempt {a.attempt}: {_WORDS[a.status]}", when, _more(a, told)))
    return grid(rows)


def _more(a: AttemptLine, told: str) -> Child:
    """What is told of an attempt, which opens to its traceback and what it had shown, where that was kept."""
    kept = [_code(words, name) for words, name in ((a.outputs, "what it had shown"), (a.traceback, "its traceback")) if words]
    return tag("details", tag("summary", told or "what it had shown"), kept) if kept else told


_CALLS: Final = 100  # failed calls, and answers, that are listed
_WORDS: Final = {
    "running": "running",
    "succeeded": "finished",
    "exception": "failed",
    "timeout": "timed out",
    "interrupt": "interrupted",
    "crashed": "died with the kernel",
}


def _titled(title: str, body: Markup | None) -> Iterator[Markup]:
    if body:
        yield tag("h4", title)
        yield body


def _code(source: str, name: str) -> Markup:
    return tag("pre", source, class_="durnb-code", tabindex="0", role="group", aria_label=name)
