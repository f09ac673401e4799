from __future__ import annotations

import time
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from durnb_kernel_ext.replay import replay_message
from durnb_kernel_ext.transcript import Transcript


def _fold(*messages: tuple[str, dict[str, Any]], limit: int = 10_000) -> list[dict[str, Any]]:
    transcript = Transcript(limit, request="cell")
    for kind, content in messages:
        transcript.add(kind, content, len(str(content)))
    return transcript.outputs()


def _text(text: str, name: str = "stdout") -> tuple[str, dict[str, Any]]:
    return "stream", {"name": name, "text": text}


def _shown(text: str, kind: str = "display_data", display_id: str | None = None, **metadata: Any) -> tuple[str, dict[str, Any]]:
    transient = {"display_id": display_id} if display_id else {}
    return kind, {"data": {"text/plain": text}, "metadata": metadata, "transient": transient}


def test_streams_of_one_name_are_joined_and_others_keep_their_order() -> None:
    outputs = _fold(_text("a"), _text("b\n"), _text("e", "stderr"), _text("c"))
    assert [(o["name"], o["text"]) for o in outputs] == [("stdout", "ab\n"), ("stderr", "e"), ("stdout", "c")]


def test_clear_output_clears_now_or_before_the_next_output() -> None:
    assert _fold(_text("a"), ("clear_output", {"wait": False})) == []
    waiting = [_text("a"), ("clear_output", {"wait": True})]
    assert [o["text"] for o in _fold(*waiting)] == ["a"]
    assert [o["text"] for o in _fold(*waiting, _text("b"))] == ["b"]


def test_our_badge_is_not_recorded_but_clears_as_any_output_does() -> None:
    badge = _shown("badge", durnb={"badge": True})
    assert _fold(badge) == []
    assert _fold(_text("a"), ("clear_output", {"wait": True}), badge) == []


def test_updates_change_the_display_that_has_the_id() -> None:
    update = _shown("new", "update_display_data", display_id="one")
    outputs = _fold(_shown("old", display_id="one"), _shown("other", display_id="two"), update)
    assert [o["data"]["text/plain"] for o in outputs] == ["new", "other"]


def test_an_update_of_another_cell_s_display_is_sent_again_as_an_update() -> None:
    (output,) = _fold(_shown("older", "update_display_data", display_id="one"), _shown("new", "update_display_data", display_id="one"))
    message = replay_message(output, None)
    assert message is not None
    assert message[0] == "update_display_data"
    assert message[1]["data"] == {"text/plain": "new"}
    assert message[1]["transient"] == {"display_id": "one"}


def test_a_display_id_survives_in_the_record_and_comes_back_in_a_replay() -> None:
    (output,) = _fold(_shown("x", display_id="one", isolated=True))
    assert output["metadata"] == {"isolated": True, "durnb": {"display_id": "one"}}
    message = replay_message(output, None)
    assert message is not None
    assert message[1]["transient"] == {"display_id": "one"}
    assert message[1]["metadata"] == {"isolated": True, "durnb": {"replayed": True}}


def test_what_an_output_widget_took_is_left_out() -> None:
    def route(to: str) -> tuple[str, dict[str, Any]]:
        return "comm_msg", {"comm_id": "widget", "data": {"method": "update", "state": {"msg_id": to}}}

    outputs = _fold(_text("a"), route("cell"), _text("taken"), ("clear_output", {"wait": False}), route(""), _text("b"))
    assert outputs[0]["text"] == "ab"


def test_results_and_errors_are_valid_notebook_outputs() -> None:
    result = "execute_result", {"data": {"text/plain": "1"}, "metadata": {}, "execution_count": 3}
    error = "error", {"ename": "E", "evalue": "v", "traceback": ["t"]}
    outputs = _fold(_text("a"), _shown("d"), result, error)
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.from_dict(output) for output in outputs])
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
    assert [o["output_type"] for o in outputs] == ["stream", "display_data", "execute_result", "error"]


def test_the_limit_holds_and_is_told() -> None:
    outputs = _fold(*[_text("x" * 60) for _ in range(10)], _shown("y"), limit=200)
    assert len(outputs[0]["text"]) == 200
    assert "max_output" in outputs[-1]["text"]
    assert len(outputs) == 2
    assert "max_output" in _fold(_shown("y" * 300), limit=200)[-1]["text"]
    assert len(_fold(_text("x" * 300), ("clear_output", {"wait": False}), _text("y"), limit=200)) == 1


def test_a_long_progress_bar_takes_one_line() -> None:
    (output,) = _fold(*[_text(f"\r{number:5d} of 1000") for number in range(1000)], _text("\ndone\n"))
    assert output["text"] == "  999 of 1000\ndone\n"


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("plain", "plain"),
        ("abc\rx", "xbc"),
        ("abc\r", "abc"),
        ("abc\rxy\rz", "zyc"),
        ("abc\b\bX", "aXc"),
        ("\babc", "abc"),
        ("a\b\b\bb", "b"),
        ("abc\r\ndef\r\n", "abc\ndef\n"),
        ("ab\rc\nd", "cb\nd"),
    ],
)
def test_overwritten_text_is_what_a_screen_shows(raw: str, seen: str) -> None:
    assert _fold(_text(raw))[0]["text"] == seen


@given(st.lists(st.text(alphabet="ab\r\b\n", max_size=8), max_size=8))
def test_how_text_is_cut_into_messages_does_not_matter(pieces: list[str]) -> None:
    assert _fold(_text(""), *map(_text, pieces)) == _fold(_text("".join(pieces)))


def test_many_small_writes_are_folded_fast() -> None:
    transcript = Transcript(10**7)
    began = time.perf_counter()
    for _ in range(100_000):
        transcript.add("stream", {"name": "stdout", "text": "."}, 30)
    assert len(transcript.outputs()[0]["text"]) == 100_000
    assert time.perf_counter() - began < 3


def test_widget_views_are_not_replayed() -> None:
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "m"}, "text/plain": "HTML(…)"}
    assert replay_message({"output_type": "display_data", "data": view, "metadata": {}}, None) is None
    message = replay_message({"output_type": "display_data", "data": view | {"text/html": "<b>"}, "metadata": {}}, None)
    assert message is not None
    assert message[1]["data"] == {"text/plain": "HTML(…)", "text/html": "<b>"}
