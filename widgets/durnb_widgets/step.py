"""One step in full, as HTML: what the panel shows when it is selected, and ``%durable show``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from durnb.archive.table import seconds_text
from durnb.views import StepPage
from durnb.views.step import AttemptLine
from durnb_widgets.markup import Child, Markup, join, tag
from durnb_widgets.times import moment


def step_html(page: StepPage, now: datetime) -> Markup:
    """The page of a step; `now` is in the reader's zone. All of it is text: nothing that the step displayed is shown as HTML."""
    return join(list(_parts(page, now)))


def _parts(page: StepPage, now: datetime) -> Iterator[Markup]:
    yield from _titled("why it ran again", tag("div", page.reason) if len(page.attempts) > 1 and page.reason != _FIRST else None)
    failed = next((a for a in page.attempts[:1] if a.traceback), None)
    if failed is not None:
        yield from _titled(f"error of attempt {failed.attempt}", _code(failed.traceback, "the traceback"))
    yield from _titled(f"source: {page.header}", _code(page.source, "the source"))
    yield from _titled("what changed in it since its last version", _code(page.diff, "the difference") if page.diff else None)
    yield from _titled("read", _grid([(tag("code", i.name), i.origin, tag("code", i.digest)) for i in page.inputs]))
    made: list[tuple[Child, ...]] = [
        (tag("code", v.name), v.type, v.preview) if not v.lost else (tag("code", v.name), tag("strong", "lost"), v.lost)
        for v in page.variables
    ]
    made += [(tag("code", name), "deleted", "") for name in page.deleted] + [(tag("code", name), "a setting", "") for name in page.settings]
    yield from _titled("made", _grid(made))
    yield from _titled("durable calls", tag("div", page.calls) if page.calls else None)
    yield from _titled("calls that failed", _grid([(tag("code", call.label), call.error, "") for call in page.failed_calls[:_CALLS]]))
    yield from _titled("noted", join([tag("div", note) for note in page.notes]) if page.notes else None)
    yield from _titled("outputs, as text", _code(page.outputs, "the outputs") if page.outputs else None)
    yield from _titled("attempts, newest first", _attempts(page, now))


def _attempts(page: StepPage, now: datetime) -> Markup | None:
    rows: list[tuple[Child, ...]] = []
    for a in page.attempts:
        when = join(moment(a.started, now), f", {seconds_text(a.ran)}" if a.ran is not None else "")
        told = a.error or (a.why if a.why != _FIRST else "")
        rows.append((f"execution {a.execution}, attempt {a.attempt}: {_WORDS[a.status]}", when, _more(a, told)))
    return _grid(rows)


def _more(a: AttemptLine, told: str) -> Child:
    """What is told of an attempt, which opens to its traceback and what it had shown, where that was kept."""
    kept = [_code(words, name) for words, name in ((a.outputs, "what it had shown"), (a.traceback, "its traceback")) if words]
    return tag("details", tag("summary", told or "what it had shown"), kept) if kept else told


_CALLS: Final = 100  # failed calls that are listed
_FIRST: Final = "it has not run yet"  # the reason of a step's first execution, which tells nothing afterwards
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


def _grid(rows: list[tuple[Child, ...]]) -> Markup | None:
    cells = [tag("div", cell) for row in rows for cell in row]
    return tag("div", cells, class_="durnb-small") if cells else None
