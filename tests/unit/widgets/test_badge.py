from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest

from durnb.engine.badge import Badge
from durnb_widgets.badge import badge_html, badge_text, seconds_text, size_text

ZONE = timezone(timedelta(hours=2), "CEST")
NOW = datetime(2026, 6, 1, 18, 0, tzinfo=ZONE)
THEN = datetime(2026, 6, 1, 12, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("badge", "text"),
    [
        (
            Badge(step="load", state="reused", ran_at=THEN, ran=1.3, commands=("%durable rerun load",)),
            "load · from checkpoint · ran 14:02, 1.3 s · again: %durable rerun load",
        ),
        (Badge(step="load", state="reused", ran_at=THEN - timedelta(days=2)), "load · from checkpoint · ran 2026-05-30 14:02"),
        (
            Badge(step="train", state="running", attempt=2, reason="the first died with the kernel"),
            "train · running · attempt 2: the first died with the kernel",
        ),
        (Badge(step="train", state="succeeded", ran=0.4, save=9.0, size=3_000_000_000), "train · ran 0.4 s · saved 9 s, 3 GB"),
        (
            Badge(step="t", state="succeeded", ran=2.0, save=0.01, size=812, notes=("lost: client",)),
            "t · ran 2 s · saved 10 ms, 812 B · lost: client",
        ),
        (
            Badge(step="t", state="asking", reason="was cut off", commands=("%durable resolve t retry", "%durable resolve t done")),
            "t · waits for an answer · was cut off · %durable resolve t retry or %durable resolve t done",
        ),
        (Badge(step="t", state="failed", attempt=3), "t · failed · attempt 3"),
        (Badge(step="t", state="failed", reason="failed: ValueError: x"), "t · failed: ValueError: x"),
        (
            Badge(step="t", state="running", since=NOW - timedelta(seconds=200, milliseconds=700)),
            "t · running 3 min 20 s",
        ),
        (Badge(step="t", state="running", since=NOW - timedelta(milliseconds=700)), "t · running"),
        (Badge(step="t", state="saving", ran=3.0, since=NOW - timedelta(seconds=2)), "t · saving 2 s · ran 3 s"),
        (
            Badge(step="t", state="running", reason="failed (ValueError: x)", since=NOW, until=NOW + timedelta(seconds=90)),
            "t · running · failed (ValueError: x) · the next in 1 min 30 s",
        ),
        (Badge(step="t", state="running", reason="failed", until=NOW - timedelta(seconds=1)), "t · running · failed · the next begins"),
        (Badge(step="t", state="refused", reason="df is absent"), "t · not run · df is absent"),
        (Badge(step="t", state="succeeded", ran=0.0, reason="line\nbreak"), "t · line break · ran 0 ms"),
    ],
)
def test_a_badge_says_it_in_one_line(badge: Badge, text: str) -> None:
    assert badge_text(badge, NOW) == text


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if not self.attributes:
            self.attributes = dict(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(badge: Badge) -> _Reader:
    reader = _Reader()
    reader.feed(badge_html(badge, NOW))
    return reader


@pytest.mark.parametrize("state", ["running", "saving", "succeeded", "reused", "failed", "asking", "refused", "disabled"])
def test_html_says_the_same_as_the_text_and_has_a_role(state: str) -> None:
    badge = Badge(step="load", state=state, ran_at=THEN, ran=1.3, commands=("%durable rerun load",), notes=("a note",))  # type: ignore[arg-type]
    reader = _read(badge)
    assert reader.text == badge_text(badge, NOW)
    assert reader.attributes["role"] == ("alert" if state in ("failed", "asking", "refused") else "status")
    assert "2026-06-01 14:02:00 CEST" in str(reader.attributes["title"])
    assert set(reader.tags) <= {"div", "span", "code", "svg", "path"}


def test_a_screen_reader_is_not_told_every_second() -> None:
    running = Badge(step="load", state="running", since=NOW - timedelta(seconds=5))
    assert _read(running).attributes["role"] == "timer"


def test_everything_is_escaped() -> None:
    nasty = '<script>alert("x")</script>&\'"'
    badge = Badge(step=nasty, state="failed", reason=nasty, commands=(nasty,), notes=(nasty, "<b>"))
    reader = _read(badge)
    assert set(reader.tags) == {"div", "span", "code", "svg", "path"}
    assert set(reader.attributes) == {"class", "role", "aria-label", "style"}
    assert reader.text == badge_text(badge, NOW)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.003, "3 ms"), (0.44, "0.4 s"), (9.96, "10 s"), (59.6, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (812, "812 B"), (1500, "1.5 kB"), (3_000_000_000, "3 GB"), (64_200_000, "64 MB"), (5 * 10**15, "5000 TB")],
)
def test_sizes_are_short(size: int, text: str) -> None:
    assert size_text(size) == text
