"""What a person answers to a wait: buttons where a few answers are possible, a form where there is something to fill in."""

from __future__ import annotations

import json

import pytest

from durnb.events import CallFailed, CallSucceeded, ErrorInfo, WaitStarted
from durnb.views import run_page
from durnb.views.forms import APPROVAL, Choice, form_of
from durnb.views.inside import counts_of, failed_calls, waits_of
from durnb_widgets.answers import wait_html
from unit.engine.run_story import Story


@pytest.mark.parametrize("schema", ["", "{}", '{"type": "boolean"}'])
def test_a_wait_without_a_schema_is_approved_or_rejected(schema: str) -> None:
    assert form_of(schema) == APPROVAL


def test_an_enum_is_a_button_for_each() -> None:
    form = form_of(json.dumps({"enum": ["red", 2]}))
    assert form.choices == (Choice("red", '"red"'), Choice("2", "2"))


def test_an_object_is_a_form_and_what_has_no_plain_form_is_typed_as_json() -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "ok": {"type": "boolean"}, "how": {"enum": ["a"]}, "deep": {"$ref": "#/x"}},
        "required": ["n"],
    }
    fields = form_of(json.dumps(schema)).fields
    assert [(field.name, field.kind, field.required) for field in fields] == [
        ("n", "integer", True),
        ("ok", "boolean", False),
        ("how", "choice", False),
        ("deep", "json", False),
    ]
    for whole in ('{"type": "array"}', "[1]", "no json", '{"type": "string"}'):
        (field,) = form_of(whole).fields
        assert field.name == ""
    assert field.kind == "text"


def waiting() -> Story:
    story = Story()
    story.starts("pay")
    story.tell(CallSucceeded(step="pay", execution=1, call="c1", label="fetch(1)", value="1"))
    error = ErrorInfo(type="ValueError", message="no\nmore")
    story.tell(CallFailed(step="pay", execution=1, call="c2", label="fetch(2)", error=error, ran=0.1))
    story.tell(WaitStarted(step="pay", execution=1, call="w1", what="signal", name="<ok>", until="", prompt="<b>?", schema=""))
    return story


def test_calls_are_counted_and_those_that_failed_are_named() -> None:
    step = waiting().step("pay")
    assert str(counts_of(step)) == "1 call done, 1 failed"
    assert [(call.label, call.error) for call in failed_calls(step)] == [("fetch(2)", "ValueError: no")]


def test_a_wait_stands_on_the_page_of_its_step_and_is_escaped() -> None:
    story = waiting()
    page = run_page(story.history, [], story.now)
    (card,) = page.cards
    assert page.headline.endswith("pay waits for an answer")
    assert card.waits == waits_of(story.step("pay"))
    for live in (True, False):
        shown = wait_html(card.waits[0], "pay", story.now, live=live)
        assert "<b>" not in shown
        assert ("button" in shown) == live
    assert page.only("pay").cards == page.cards
    assert page.only("other").cards == ()
