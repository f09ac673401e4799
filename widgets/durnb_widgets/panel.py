"""The panel as HTML: the same pieces stand in a saved notebook and are exchanged one by one while it is live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from durnb.archive.table import Table, bytes_text, seconds_text, when
from durnb.engine.overview import spell
from durnb.records import dataclass
from durnb.views import Action, RunPage, StepCard
from durnb.views.standing import STANDINGS, Standing
from durnb.views.windows import Fold, windowed
from durnb_widgets.answers import wait_html
from durnb_widgets.badge import size_text
from durnb_widgets.chart import chart
from durnb_widgets.icons import icon
from durnb_widgets.maps import map_html
from durnb_widgets.markup import Markup, join, tag
from durnb_widgets.times import moment

_HEADS: Final = (
    ("step", ""),
    ("status", ""),
    ("why, and what comes", ""),
    ("when", "durnb-c-when"),
    ("ran", ""),
    ("attempts", "durnb-c-attempts"),
    ("saved", "durnb-c-saved"),
)
_SAVED_ROWS: Final = 100  # a saved notebook holds no more of them


@cache
def style() -> Markup:
    """The style sheet of panels; every rule of it is about elements inside of one."""
    return Markup(f"<style>{static('panel.css')}</style>")


def static(name: str) -> str:
    """The text of a file in ``static/``."""
    return (files("durnb_widgets") / "static" / name).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The parts of a panel that change by themselves: its head, a row for each step in order, the timeline, the foot."""

    head: Markup
    rows: Mapping[str, Markup]
    chart: Markup
    foot: Markup


class Rows:
    """The rows of steps, made once for as long as a step stands as it does; only `live` ones have buttons."""

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._made: dict[str, tuple[StepCard, date, Markup]] = {}

    def row(self, card: StepCard, now: datetime) -> Markup:
        made = self._made.get(card.step)
        if made is None or card.since is not None or made[:2] != (card, now.date()):
            made = self._made[card.step] = card, now.date(), row(card, now, live=self._live)
        return made[2]


NOT_DRAWN: Final = Markup("")


def timeline_html(page: RunPage) -> Markup:
    """The timeline of the page."""
    return chart(page.timeline, page.at)


def pieces(page: RunPage, rows: Rows) -> Pieces:
    """The parts of the page, without the timeline. `page.at` is in the reader's zone."""
    return Pieces(
        head=_head(page),
        rows={card.step: rows.row(card, page.at) for card in page.cards},
        chart=NOT_DRAWN,
        foot=_foot(page),
    )


def _foot(page: RunPage) -> Markup:
    return join("as of ", moment(page.at, page.at), " · ", tag("code", "%durable plan"), " says what Run All would do, and why")


def panel_html(page: RunPage, key: str = "", rows: Rows | None = None, *, small: bool = False) -> Markup:
    """The panel as it is saved in the notebook: no script, no button. A live one finds its place by `key`; a `small` one is nothing but its rows."""
    known = rows if rows is not None else Rows(live=False)
    body = [known.row(one, page.at) if isinstance(one, StepCard) else _fold_row(one) for one in windowed(page.cards, most=_SAVED_ROWS)]
    return shell(key, _head(page), join(body), timeline_html(page), _foot(page), small=small)


def _fold_row(fold: Fold) -> Markup:
    words = f"… {fold}: {fold.first} to {fold.last}" if fold.count > 1 else f"… {fold}: {fold.first}"
    said = tag("td", words, " · ", tag("code", "%durable status"), " lists all", colspan=str(len(_HEADS)))
    return tag("tr", said, class_="durnb-fold")


def shell(key: str, head: Markup, rows: Markup, timeline: Markup, foot: Markup, *, live: bool = False, small: bool = False) -> Markup:
    """What holds the parts of a panel; a `live` one is in the place of the one of its `key` that the notebook holds."""
    heads = tag("tr", [tag("th", words, scope="col", class_=css or None) for words, css in _HEADS])
    return tag(
        "div",
        tag("div", head, class_="durnb-head"),
        tag("div", class_="durnb-tools"),
        tag("table", tag("thead", heads), tag("tbody", rows, class_="durnb-rows"), class_="durnb-table", role="table"),
        tag("div", timeline, class_="durnb-timeline", tabindex="0", role="group", aria_label="timeline"),
        tag("div", foot, class_="durnb-foot"),
        style(),  # last: where style is taken away and its text is not, what matters stands before
        class_=" ".join(
            [
                "durnb-panel",
                *([f"durnb-panel-{key}"] if key else []),
                *(["durnb-live"] if live else []),
                *(["durnb-small-panel"] if small else []),
            ]
        ),
        role="region",
        aria_label="durable steps",
    )


def _head(page: RunPage) -> Markup:
    title = tag(
        "div",
        tag("strong", f"run {page.run}" if page.run else "no run yet", title=page.notebook or None),
        tag("span", page.state, class_="durnb-chip"),
        _facts(page),
        class_="durnb-title",
    )
    return join(title, _strip(page), tag("div", page.headline, class_="durnb-headline"))


def _facts(page: RunPage) -> Markup:
    facts = [f"{key}={value}" for key, value in page.parameters.items()]
    if page.kernels > 1:
        facts.append(f"{page.kernels} kernels")
    if page.size:
        facts.append(f"{size_text(page.size)} kept")
    begun = join("begun ", moment(page.started, page.at)) if page.started is not None else None
    return tag("span", join(begun, [join(" · ", fact) for fact in facts]), class_="durnb-facts")


def _strip(page: RunPage) -> Markup:
    """How many steps stand how: a bar in parts, and the same in words for who can't see it."""
    counts = page.counts
    order: list[Standing] = [standing for standing in STANDINGS if standing in counts]
    parts = [
        tag("span", class_=f"durnb-part durnb-is-{standing.replace(' ', '-')}", style=f"flex-grow:{counts[standing]}") for standing in order
    ]
    said = ", ".join(f"{counts[standing]} {standing}" for standing in order) or "no steps"
    return tag("div", parts, class_="durnb-strip", role="img", aria_label=said, title=said)


def row(card: StepCard, now: datetime, *, live: bool) -> Markup:
    """The row of one step."""
    name = (
        tag(
            "button",
            card.step,
            type="button",
            class_="durnb-step",
            aria_expanded="false",
            data_op="detail",
            data_step=card.step,
            title=card.step,
        )
        if live
        else tag("span", card.step, class_="durnb-step", title=card.step)
    )
    status = tag("span", icon(card.standing), card.standing, class_="durnb-status")
    lost = f"lost: {', '.join(card.lost)}" if card.lost else ""
    outside = "no cell of the saved notebook has this name" if card.outside else ""
    notes = [
        tag("div", words, class_=f"durnb-note {css}".strip())
        for words, css in ((_why(card), ""), (lost, "durnb-warn"), (outside, "durnb-warn"))
        if words
    ]
    maps = [map_html(one) for one in card.maps]
    waits = [wait_html(wait, card.step, now, live=live) for wait in card.waits]
    buttons = tag("div", [_button(action, card.step) for action in card.actions], class_="durnb-actions") if live and card.actions else None
    return tag(
        "tr",
        tag("th", name, tag("div", card.label, class_="durnb-label") if card.label else None, scope="row", role="rowheader"),
        tag("td", status, role="cell"),
        tag("td", notes, maps, waits, buttons, class_="durnb-c-why", role="cell"),
        tag("td", moment(card.at, now), class_="durnb-c-when", role="cell"),
        tag("td", _ran(card, now, live=live), class_="durnb-number", role="cell"),
        tag("td", str(card.attempts) if card.attempts else "", class_="durnb-number durnb-c-attempts", role="cell"),
        tag(
            "td",
            size_text(card.size) if card.size is not None else "",
            title=f"saved in {seconds_text(card.save)}" if card.save is not None else None,
            class_="durnb-number durnb-c-saved",
            role="cell",
        ),
        role="row",  # said, because a narrow panel lays its rows out as boxes
        class_=f"durnb-row durnb-row-{card.standing.replace(' ', '-')}",
        data_row=card.step,
    )


def _why(card: StepCard) -> str:
    why = "" if card.standing == "running" and card.attempts == 1 else card.why  # "attempt 1", which has a column
    usual = {"finished": "is put back", "running": card.coming}.get(card.standing, "")
    coming = f"{card.coming} at the next Run All" if card.coming and card.coming != usual else ""
    calls = "" if card.maps else str(card.calls)  # which say it with more
    return " · ".join(part for part in (why, calls, coming) if part)


def _ran(card: StepCard, now: datetime, *, live: bool) -> Markup | str:
    if card.since is not None and live:
        return tag("span", data_since=card.since.isoformat())  # the page says how long, every second
    if card.since is not None:
        words = spell(timedelta(seconds=max(0, int((now - card.since).total_seconds()))))
        return words
    return seconds_text(card.ran) if card.ran is not None else ""


def _button(action: Action, step: str) -> Markup:
    return tag(
        "button",
        action.label,
        type="button",
        class_="durnb-button",
        data_op=action.operation,
        data_step=step,
        data_asks=action.asks or None,
        aria_label=f"{action.label}: {step}",
    )


def panel_text(page: RunPage) -> str:
    """The panel as a table of text, for consoles."""
    rows = tuple(_text_row(one) for one in windowed(page.cards, most=_SAVED_ROWS))
    heads = ("step", "status", "when", "ran", "attempts", "saved", "why, and what comes")
    return repr(Table(title=f"run {page.run}, {page.state}: {page.headline}", heads=heads, rows=rows))


def _text_row(one: StepCard | Fold) -> tuple[str, ...]:
    if isinstance(one, Fold):
        return (f"… {one}", "", "", "", "", "", "%durable status lists all")
    return (one.step, one.standing, when(one.at), seconds_text(one.ran), str(one.attempts or "-"), bytes_text(one.size), _why(one))
