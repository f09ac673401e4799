"""The runs of a notebook side by side, as HTML and as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from durnb.archive import NotebookHistory, RunView
from durnb.archive.table import Table, bytes_text, seconds_text, when
from durnb.engine.overview import RunFacts
from durnb.views import RunColumn, RunsPage, runs_page
from durnb.views.runs import RUNS_HEADS, differs_text, runs_cells
from durnb_widgets.badge import size_text
from durnb_widgets.chart import sparkline
from durnb_widgets.icons import icon
from durnb_widgets.markup import Child, Markup, grid, join, tag, text
from durnb_widgets.panel import style
from durnb_widgets.rich import Rich
from durnb_widgets.times import moment

_STATES: Mapping[str, str] = {
    "finished": "finished",
    "open": "running",
    "failed": "failed",
    "abandoned": "aborted",
    "cancelled": "aborted",
    "suspended": "waiting",
    "paused": "interrupted",
}
_NEWEST: Final = 60  # runs that are shown: a saved notebook holds no more of them
_OPENING: Final = 10  # of them that open to their steps
_STEPS: Final = 40  # steps that are shown of a run, and over the runs


def history_page(history: NotebookHistory) -> Rich:
    """What ``%durable history`` and the display of ``durnb.history()`` show, from the runs' status files: quick, however many runs there are."""
    page = runs_page(history.store.notebook.name, [_facts(history, run) for run in history.views()])
    return Rich(text=repr(_table(page)), html=runs_html(page, datetime.now().astimezone()))


def _table(page: RunsPage) -> Table:
    foot = "" if page.runs else "no durable cell has run yet"
    return Table(title=f"history of {page.notebook}", heads=RUNS_HEADS, rows=tuple(runs_cells(page, when)), foot=foot)


def _facts(history: NotebookHistory, run: RunView) -> RunFacts:
    glance = run.told()
    status = history.store.status(run.run) or {}
    started = status.get("started")
    parameters = status.get("parameters")
    return RunFacts(
        run=run.name,
        state=glance.state,
        started=datetime.fromisoformat(started) if isinstance(started, str) else None,
        at=glance.at,
        parameters=parameters if isinstance(parameters, Mapping) else {},
        rows=glance.rows,
        holder=run.holder,
    )


def runs_html(page: RunsPage, now: datetime) -> Markup:
    """The runs, newest first, each of which opens to its steps; below, each step over the runs. `now` is in the reader's zone."""
    shown = page.runs[:_NEWEST]
    left = len(page.runs) - len(shown)
    heads = tag(
        "tr",
        [
            tag("th", head, scope="col")
            for head in ("run", "state", "begun", "steps finished", "their bodies ran", "saved", "differs from the run before")
        ],
    )
    table = tag(
        "table",
        tag("thead", heads),
        tag("tbody", [_row(run, now, first=run is page.runs[-1], opens=at < _OPENING) for at, run in enumerate(shown)]),
        class_="durnb-table",
    )
    return tag(
        "div",
        tag(
            "div",
            tag("strong", f"history of {page.notebook}"),
            tag("span", f"{len(page.runs)} run{'s' * (len(page.runs) != 1)}", class_="durnb-facts"),
            class_="durnb-title",
        ),
        table if shown else tag("div", "no durable cell has run yet", class_="durnb-headline"),
        tag(
            "div",
            f"… {left:,} older runs: print(durnb.history()) lists all, durnb.history()['interactive.1'] shows one",
            class_="durnb-facts",
        )
        if left
        else None,
        _series(page),
        tag(
            "div",
            join(
                "a run: ",
                tag("code", "durnb.history()['interactive.1']"),
                " · a step's past: ",
                tag("code", "durnb.history()['interactive.1']['load']"),
            ),
            class_="durnb-foot",
        ),
        style(),
        class_="durnb-panel",
        role="region",
        aria_label=f"runs of {page.notebook}",
    )


def _row(run: RunColumn, now: datetime, *, first: bool, opens: bool) -> Markup:
    facts = run.facts
    state = _STATES.get(facts.state, "not reached")
    parameters = ", ".join(f"{key}={value}" for key, value in facts.parameters.items())
    held = f"held by {facts.holder}" if facts.holder else ""
    under = [tag("div", words, class_="durnb-facts") for words in (parameters, held) if words]
    said = differs_text(run) or ("it is the first" if first else "nothing")
    differs = tag("details", tag("summary", said), _steps(run)) if opens else text(said)
    return tag(
        "tr",
        tag("th", tag("span", facts.run, class_="durnb-step"), under, scope="row"),
        tag("td", tag("span", icon(state, moving=False), facts.state, class_="durnb-status")),
        tag("td", moment(facts.started or facts.at, now)),
        tag("td", f"{run.finished} of {len(facts.rows)}", class_="durnb-number"),
        tag("td", seconds_text(run.ran), class_="durnb-number"),
        tag("td", size_text(run.size), class_="durnb-number"),
        tag("td", differs, class_="durnb-c-why"),
        class_="durnb-row",
    )


def _steps(run: RunColumn) -> Markup:
    """The run's steps; of many, first those that tell something."""
    differs = set(run.differs)
    telling = sorted(run.facts.rows, key=lambda row: row.status == "finished" and row.step not in differs)[:_STEPS]
    chosen = {row.step for row in telling}
    rows = [
        (
            tag("code", row.step),
            join(icon(row.status, moving=False), row.status),
            f"{seconds_text(row.ran)}, {bytes_text(row.size)}" + (f" · {row.reason}" if row.reason else ""),
        )
        for row in run.facts.rows
        if row.step in chosen
    ]
    left = len(run.facts.rows) - len(telling)
    more = tag("div", f"… {left:,} more steps: durnb.history()[{run.facts.run!r}]", class_="durnb-facts") if left else None
    return join(grid(rows), more)


def _series(page: RunsPage) -> Markup | None:
    if len(page.runs) < 2:
        return None
    rows: list[tuple[Child, ...]] = []
    for series in page.steps:
        known = [ran for ran in series.ran if ran is not None]
        if len(known) < 2 or len(rows) >= _STEPS:
            continue
        said = f"{series.step} over {len(known)} runs: {seconds_text(min(known))} to {seconds_text(max(known))}, last {seconds_text(known[-1])}"
        sizes = [size for size in series.size if size is not None]
        grew = (
            f"{size_text(sizes[0])} to {size_text(sizes[-1])}" if sizes and sizes[0] != sizes[-1] else size_text(sizes[-1]) if sizes else ""
        )
        told = f"{seconds_text(min(known))} to {seconds_text(max(known))}, last {seconds_text(known[-1])} · {grew}"
        rows.append((tag("code", series.step), sparkline(series.ran, said), told))
    return tag("div", tag("h4", "each step over the runs, oldest first"), grid(rows), class_="durnb-detail") if rows else None
