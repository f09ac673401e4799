"""HTML made of parts: nothing that a name or a value holds becomes an element."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from durnb_widgets.markup import Markup, join, tag, text


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data


def _read(markup: str) -> _Reader:
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return reader


_PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs")))


@given(_PRINTABLE, _PRINTABLE)
def test_text_and_attributes_come_out_as_they_went_in_and_make_no_element(said: str, title: str) -> None:
    read = _read(tag("div", said, title=title))
    assert read.elements == [("div", {"title": title})]
    assert read.said == said


def test_markup_is_taken_as_it_is_and_nothing_is_left_out_as_nothing() -> None:
    assert tag("p", Markup("<b>x</b>"), None, ["<", [text("y")]], class_="a", data_step=None, hidden=True, open=False) == (
        '<p class="a" hidden><b>x</b>&lt;y</p>'
    )
    assert join() == ""


def test_control_characters_are_shown_as_a_box() -> None:
    assert text("a\x00\x1b[31m\x85b\n") == "a\ufffd\ufffd[31m\ufffdb\n"
