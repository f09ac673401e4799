"""Settings that users register are ambient state like any other, and what fails in users' functions is said and costs nothing else."""

from __future__ import annotations

import enum
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import durnb
from durnb.errors import UsageError
from durnb.snapshot import ambient, ambient_born, ambient_changes, ambient_problems, registered, set_ambient
from durnb.snapshot.plain import plain, spelled


class App:
    """A program with a setting of its own."""

    def __init__(self) -> None:
        self.theme: Any = "light"
        self.broken = ""

    def take(self) -> Any:
        if self.broken:
            raise RuntimeError(self.broken)
        return self.theme

    def put(self, theme: Any) -> None:
        if theme == "forbidden":
            raise ValueError("no such theme")
        self.theme = theme


@pytest.fixture
def app() -> Iterator[App]:
    made = App()
    durnb.register_ambient("app.theme", take=made.take, put=made.put)
    yield made
    registered._registered.clear()
    registered._said.clear()
    ambient_problems()


def test_it_is_noticed_stored_and_put_back(app: App) -> None:
    before = ambient()
    app.theme = {"dark": True, "size": [1, 2]}
    wanted = ambient()
    assert ambient_changes(before, wanted) == {"@app.theme": "set"}
    assert set_ambient({"@app.theme": before["@app.theme"]}) == []
    assert app.theme == "light"
    assert set_ambient({"@app.theme": wanted["@app.theme"]}) == []
    assert app.theme == {"dark": True, "size": [1, 2]}
    assert ambient() == wanted


def test_from_its_registration_on_it_counts_as_set_and_never_as_the_process_was_born_with(app: App) -> None:
    assert "@app.theme" not in ambient_born()
    assert ambient_changes(ambient_born(), ambient()) == {"@app.theme": "set"}


def test_registering_again_replaces_it(app: App) -> None:
    other = App()
    durnb.register_ambient("app.theme", take=other.take, put=other.put)
    state = ambient()["@app.theme"]
    other.theme = app.theme = "x"
    set_ambient({"@app.theme": state})
    assert (other.theme, app.theme) == ("light", "x")


def test_what_merely_advanced_is_told_by_the_user(app: App) -> None:
    app.theme = 1
    durnb.register_ambient("app.theme", take=app.take, put=app.put, advanced=lambda before, after: after > before)
    before = ambient()
    app.theme = 5
    assert ambient_changes(before, ambient()) == {"@app.theme": "advanced"}
    app.theme = 0
    assert ambient_changes(before, ambient()) == {"@app.theme": "set"}
    app.theme = "text"
    assert ambient_changes(before, ambient()) == {"@app.theme": "set"}
    (problem,) = ambient_problems()
    assert problem.startswith("the setting app.theme could not be compared and counts as set anew (TypeError")


def test_what_cannot_be_read_counts_as_unchanged_and_is_said_once(app: App) -> None:
    before = ambient()
    app.broken = "the server is down"
    assert ambient_changes(before, ambient()) == {}
    ambient()
    assert ambient_problems() == ["the setting app.theme could not be read and counts as unchanged (RuntimeError: the server is down)"]
    ambient()
    assert ambient_problems() == []
    app.broken, app.theme = "", object()
    assert ambient_changes(before, ambient()) == {}
    assert "a object is not plain" in ambient_problems()[0]


def test_what_cannot_be_set_gives_a_note_and_the_rest_is_set(app: App) -> None:
    forbidden = ambient()["@app.theme"]
    app.theme = "forbidden"
    states = {"@app.theme": ambient()["@app.theme"], "@cwd": ambient()["@cwd"]}
    app.theme = "light"
    (note,) = set_ambient(states)
    assert note == "@app.theme could not be set: ValueError: no such theme"
    assert ambient()["@app.theme"] == forbidden


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("two words", {}, "no name for a setting"),
        ("", {}, "no name for a setting"),
        ("random", {}, "durnb keeps 'random' itself"),
        ("environ", {}, "durnb keeps 'environ' itself"),
        ("x", {"take": 5}, "take= has to be a function"),
        ("x", {"put": None}, "put= has to be a function"),
        ("x", {"advanced": "no"}, "advanced= has to be a function"),
        ("x", {"take": lambda: 1 / 0}, "take() failed: ZeroDivisionError"),
        ("x", {"take": lambda: [open]}, "take() failed: TypeError: a builtin_function_or_method is not plain"),
    ],
)
def test_a_registration_that_cannot_be_says_why_and_changes_nothing(name: str, more: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        durnb.register_ambient(name, **{"take": lambda: 1, "put": print, **more})
    assert words in str(caught.value)
    assert registered.components() == ()


class Colour(enum.IntEnum):
    RED = 3


class Named(dict[str, int]):
    pass


def test_values_are_taken_in_plain_types() -> None:
    made = plain({"a": np.float64(1.5), "b": np.int64(2), "c": Colour.RED, "d": (np.bool_(True), np.str_("x")), "e": Named(k=1)})
    assert made == {"a": 1.5, "b": 2, "c": 3, "d": (True, "x"), "e": {"k": 1}}
    assert pickle.loads(spelled(plain({"s": {"b", "a"}, "f": frozenset({1})}))) == {"s": {"a", "b"}, "f": frozenset({1})}
    with pytest.raises(TypeError, match="a module is not plain"):
        plain([pytest])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)


@given(values, st.randoms())
def test_equal_values_are_written_alike_and_come_back(value: Any, order: Any) -> None:
    written = spelled(plain(value))
    assert pickle.loads(written) == value
    assert spelled(plain(_shuffled(pickle.loads(written), order))) == written


def _shuffled(value: Any, order: Any) -> Any:
    """An equal value of other objects, its dicts in another order."""
    if isinstance(value, dict):
        items = list(value.items())
        order.shuffle(items)
        return {key: _shuffled(item, order) for key, item in items}
    return type(value)(_shuffled(item, order) for item in value) if isinstance(value, (list, tuple)) else value
