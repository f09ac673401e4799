"""What a person answers to a wait: buttons where a few answers are possible, a form where there is something to fill in."""

from __future__ import annotations

import json

import pytest

from durnb.views.forms import APPROVAL, Choice, form_of


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
