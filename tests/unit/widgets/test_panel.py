"""The panel, a step and the runs as HTML: everything escaped, whole without a script, and buttons only where they do something."""

from __future__ import annotations

from datetime import UTC, timedelta
from html.parser import HTMLParser

import pytest

from durnb.engine import overview
from durnb.engine.cells import NotebookCell
from durnb.events import ErrorInfo, StepFailed
from durnb.views import RunFacts, RunPage, run_page, runs_page, step_page
from durnb_widgets.chart import chart
from durnb_widgets.icons import COLOURS, icon
from durnb_widgets.panel import Rows, panel_html, panel_text, pieces
from durnb_widgets.runs import runs_html
from durnb_widgets.step import step_html
from unit.engine.run_story import BEGIN, Story, reads

NASTY = "<img src=x onerror=alert(1)>\"'&"
_VOID = {"img", "input", "path", "rect", "line", "br"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += "" if self.open and self.open[-1] == "style" else data


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def nasty_story() -> Story:
    story = Story()
    story.starts(NASTY, source=NASTY, options=NASTY)
    error = ErrorInfo(type=NASTY, message=NASTY, traceback=NASTY)
    story.tell(StepFailed(step=NASTY, execution=1, attempt=1, how="exception", error=error, ran=1.0))
    story.starts("mail", once=True)
    story.dies()
    return story


def page(story: Story, *names: str) -> RunPage:
    return run_page(story.history, [NotebookCell(source=f"%%durable {name}\nx = 1") for name in names], story.now)


def test_a_saved_panel_says_all_and_has_neither_script_nor_button() -> None:
    seen = read(panel_html(page(nasty_story(), "mail", "later"), "key"))
    assert not {"script", "img", "button", "input"} & set(seen.tags)
    assert "style" in seen.tags
    for words in (NASTY, "mail", "asks", "later", "not reached", "runs at the next Run All", "2 kernels", "mail waits for an answer"):
        assert words in seen.text


def test_a_live_panel_has_the_buttons_of_each_step_and_still_escapes() -> None:
    parts = pieces(page(nasty_story(), "mail"), Rows(live=True))
    assert "button" in read(parts.rows["mail"]).tags
    assert not {"script", "img"} & set(read(parts.rows[NASTY]).tags)
    assert NASTY in read(parts.rows[NASTY]).text


def test_a_step_in_full_escapes_its_source_error_and_traceback() -> None:
    story = nasty_story()
    outputs = [{"output_type": "display_data", "data": {"text/html": NASTY, "text/plain": NASTY}}]
    seen = read(step_html(step_page(story.step(NASTY), previews={}, outputs=outputs), story.now))
    assert not {"script", "img"} & set(seen.tags)
    assert seen.text.count(NASTY) >= 4


def test_the_runs_escape_their_parameters_and_name_what_differs() -> None:
    rows = tuple(overview.rows(nasty_story().history))
    runs = [
        RunFacts(run=f"{NASTY}.{n}", state="open", started=BEGIN + timedelta(days=n), at=None, parameters={NASTY: NASTY}, rows=rows)
        for n in (1, 2)
    ]
    seen = read(runs_html(runs_page(NASTY, runs), BEGIN))
    assert not {"script", "img"} & set(seen.tags)
    assert f"{NASTY}={NASTY}" in seen.text
    assert "it is the first" in seen.text


def test_the_page_of_200_runs_of_100_steps_is_bounded_and_says_how_to_see_the_rest() -> None:
    story = Story()
    for n in range(100):
        story.starts(f"step{n}")
        story.succeeds(f"step{n}")
    rows = tuple(overview.rows(story.history))
    runs = [
        RunFacts(run=f"interactive.{n}", state="finished", started=BEGIN + timedelta(days=n), at=None, parameters={}, rows=rows)
        for n in range(200)
    ]
    shown = runs_html(runs_page("etl.ipynb", runs), BEGIN)
    seen = read(shown)
    assert len(shown) < 500_000
    assert "200 runs" in seen.text
    assert "… 140 older runs" in seen.text
    assert "… 60 more steps" in seen.text


def test_a_saved_panel_of_a_long_run_is_short_and_says_what_it_leaves_out() -> None:
    story = Story()
    for n in range(500):
        story.starts(f"step{n}")
        story.succeeds(f"step{n}")
        if n == 250:
            story.starts("bad")
            story.fails("bad")
    shown = panel_html(run_page(story.history, [], story.now))
    seen = read(shown)
    assert seen.tags.count("tr") < 20
    assert len(shown) < 50_000
    assert "bad" in seen.text
    assert "… 244 steps finished: step5 to step248" in seen.text
    assert "… 242 steps finished: step253 to step494" in seen.text


class _Sanitized(HTMLParser):
    """What is left where a viewer takes away all style, scripts, pictures and attributes, as that of GitHub does; rows as lines, cells apart."""

    _GONE = frozenset({"style", "script", "svg"})

    def __init__(self) -> None:
        super().__init__()
        self.shown = ""
        self._inside = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside += tag in self._GONE

    def handle_endtag(self, tag: str) -> None:
        self._inside -= tag in self._GONE
        self.shown += {"tr": "\n", "div": "\n", "h4": "\n", "pre": "\n", "td": " | ", "th": " | "}.get(tag, "")

    def handle_data(self, data: str) -> None:
        self.shown += data if not self._inside else ""


def sanitized(markup: str) -> list[str]:
    seen = _Sanitized()
    seen.feed(markup)
    return [line.strip() for line in seen.shown.splitlines() if line.strip(" |")]


def test_what_a_viewer_without_style_script_and_pictures_shows_can_be_read() -> None:
    story = nasty_story()
    story.starts("load", source="x = 1", inputs=[reads("rate")])
    story.succeeds("load", x="1")
    lines = sanitized(panel_html(page(story, "mail", "load")))
    assert any(line.startswith("mail | asks |") and "died with the kernel" in line for line in lines)
    assert any(line.startswith("load | stale |") for line in lines)
    assert not any("{" in line for line in lines)
    shown = sanitized(step_html(step_page(story.step("load")), story.now))
    assert any(line.startswith("rate | a plain cell |") for line in shown)
    assert any(line.startswith("x | int |") for line in shown)


def test_the_chart_draws_each_attempt_and_names_it() -> None:
    story = nasty_story()
    drawn = chart(page(story).timeline, story.now.astimezone(UTC))
    assert drawn.count('class="durnb-bar durnb-is-') >= 2
    seen = read(drawn)
    assert f"{NASTY}, attempt 1: began" in seen.text
    assert "kernel 1 of 2" in seen.text
    assert chart(page(Story()).timeline, BEGIN) == ""


def test_text_says_the_same() -> None:
    shown = panel_text(page(nasty_story(), "mail"))
    assert "mail waits for an answer" in shown
    assert "asks" in shown


@pytest.mark.parametrize("standing", list(COLOURS))
def test_each_standing_has_a_shape_of_its_own(standing: str) -> None:
    others = {other: icon(other) for other in COLOURS if other != standing}
    shape = str(icon(standing)).partition('d="')[2].partition('"')[0]
    assert all(shape not in other for other in others.values())
