"""Events as JSON, and back."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durnb import events
from durnb.errors import StepAsks
from durnb.events import KINDS, ErrorInfo, Event, Input, RunFinished, StepFailed, StepStarted, StepSucceeded, encode
from durnb.journal.rows import event_of
from unit.engine.run_story import stories

text = st.text(max_size=8)
numbers = st.integers(0, 2**40)
seconds = st.floats(0, allow_infinity=False, allow_nan=False)
inputs = st.lists(
    st.builds(
        Input, name=text, kind=st.sampled_from(get_args(events.InputKind)), digest=text, maker=st.none() | text, by_everything=st.booleans()
    ),
    max_size=3,
).map(tuple)
lines = st.lists(st.tuples(text, numbers), max_size=3).map(tuple)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | text, lambda v: st.lists(v, max_size=2) | st.dictionaries(text, v, max_size=2), max_leaves=4
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "inputs": inputs,
    "line": lines,
    "error": st.builds(ErrorInfo, type=text, message=text, traceback=text),
    "parameters": st.dictionaries(text, json_values, max_size=3),
    "dropped_inputs": st.lists(text, max_size=2).map(tuple),
    "checkpoints": st.lists(numbers, max_size=3).map(tuple),
    "events": st.lists(numbers, max_size=3).map(tuple),
    "signals": st.lists(text, max_size=2).map(tuple),
    "behind": st.lists(text, max_size=2).map(tuple),
    "beside": inputs,
    "until": st.none() | text,
    "answer": st.sampled_from(["retry", "keep", "done", "abort"]),
    "what": st.sampled_from(["sleep", "signal"]),
    "how": st.sampled_from(["exception", "timeout", "interrupt"]),
    "status": st.sampled_from(["finished", "failed"]),
    "retry_in": st.none() | seconds,
    "cell_id": st.none() | text,
    "ran": seconds,
    "save": seconds,
    "saved": st.booleans(),
    "once": st.booleans(),
    **dict.fromkeys(["execution", "attempt", "generation", "checkpoint", "size", "pid", "position"], numbers),
}


def _any_of(cls: type[Event]) -> st.SearchStrategy[Event]:
    return st.builds(cls, **{f.name: FIELDS.get(f.name, text) for f in dataclasses.fields(cls)})


any_event = st.sampled_from(list(KINDS.values())).flatmap(_any_of)


def _through_json(event: Event) -> Event:
    return event_of(event.kind, json.loads(json.dumps(encode(event))))


def test_every_class_of_the_union_has_a_kind_of_its_own() -> None:
    assert set(KINDS.values()) == set(get_args(Event))
    assert all(cls.kind == kind for kind, cls in KINDS.items())


@given(any_event)
def test_what_was_encoded_is_decoded_equal(event: Event) -> None:
    assert _through_json(event) == event


@given(any_event)
def test_a_decoded_event_is_immutable_all_through(event: Event) -> None:
    back = _through_json(event)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(back, dataclasses.fields(back)[0].name, "x")
    assert not any(isinstance(getattr(back, f.name), list) for f in dataclasses.fields(back))


@given(any_event)
def test_fields_of_a_later_version_are_left_out(event: Event) -> None:
    assert event_of(event.kind, {**json.loads(json.dumps(encode(event))), "of_a_later_version": [1]}) == event


@given(stories())
def test_every_event_of_a_run_survives_the_journal(story: Any) -> None:
    assert [_through_json(recorded.event) for recorded in story.events] == [recorded.event for recorded in story.events]


STARTED = StepStarted(
    step="train",
    execution=1,
    attempt=1,
    generation=1,
    code="c",
    source="x",
    options="train",
    fingerprint="f",
    inputs=(Input(name="df", kind="durable", digest="1", maker="load"),),
    line=(("load", 3),),
    reason="it has not run yet",
)


def test_fields_of_a_later_version_are_left_out_of_inputs_too() -> None:
    detail = json.loads(json.dumps(encode(STARTED)))
    detail["inputs"][0]["of_a_later_version"] = 1
    assert event_of("step_started", detail) == STARTED


def test_fields_of_a_later_version_are_left_out_of_errors_too() -> None:
    failed = StepFailed(step="a", execution=1, attempt=1, how="exception", error=ErrorInfo(type="E", message="m"), ran=1)
    detail = json.loads(json.dumps(encode(failed)))
    detail["error"]["of_a_later_version"] = 1
    assert event_of("step_failed", detail) == failed


def test_what_equals_its_default_is_not_written() -> None:
    detail = encode(STARTED)
    assert not {"once", "cell_id", "prestate", "prestate_signature"} & detail.keys()
    assert encode(RunFinished()) == {}


def test_an_unknown_kind_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        event_of("step_dreamt", {})


def test_a_missing_field_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        event_of(StepSucceeded.kind, {"step": "a"})


def test_an_error_in_one_line_is_cut_between_words_and_a_question_never() -> None:
    assert ErrorInfo(type="E", message="").line == "E"
    assert ErrorInfo(type="E", message="first\nsecond").line == "E: first"
    assert ErrorInfo(type="E", message="word " * 60).line == "E: " + "word " * 39 + "…"
    assert ErrorInfo(type="E", message="x" * 300).line == "E: " + "x" * 197 + " …"
    asks = StepAsks(step="pay", why="w" * 300, commands=("%durable resolve pay done", "%durable resolve pay retry"))
    assert ErrorInfo(type="StepAsks", message=str(asks)).line.endswith("%durable resolve pay done or %durable resolve pay retry")
