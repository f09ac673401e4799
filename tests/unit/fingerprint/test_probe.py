"""A probe tells a change that code can see, and nothing where nothing changed."""

from __future__ import annotations

import copy
import io
import pickle
from contextvars import copy_context
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from durnb.fingerprint import content, notebook_names, probe

DEFINITIONS = """
import collections, functools, types
class A:
    tags = []
    def __init__(self, x=None): self.x = x
    def m(self, acc=[]): return acc
class S:
    __slots__ = ("a", "b")
def f(x, acc=[1], *, k={"a": 1}): return acc
def outer():
    held = [1]
    def inner(): return held
    return inner
inner = outer()
a = A([1, {"k": [2]}])
s = S(); s.a = [1]
l = [1, [2], {"k": {3}}]
d = {"a": [1], "b": {"c": 1}}
t = (1, [2])
dd = collections.defaultdict(list)
dq = collections.deque([1])
p = functools.partial(f, [1], k={})
ns = types.SimpleNamespace(v=[1])
b = bytearray(b"ab")
"""


@pytest.fixture
def names() -> dict[str, Any]:
    found: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(DEFINITIONS, "<probe cell>", "exec", dont_inherit=True), found)
    return found


def test_every_name_of_the_notebook_has_a_probe(names: dict[str, Any]) -> None:
    names |= {"In": [], "_": 1, "_4": 1, "_own": 2}
    assert list(probe(names)) == notebook_names(names)
    assert "_own" in probe(names)


def test_unchanged_says_unchanged(names: dict[str, Any]) -> None:
    assert probe(names) == probe(names)


CHANGES = {
    "l": ["l.append(1)", "l[1].append(1)", "l[2]['k'].add(4)", "l[2]['j'] = 1", "l.reverse()", "l[0] = True", "l[1] = (2,)"],
    "d": ["d['a'].append(2)", "d['z'] = 1", "del d['a']", "d['b'] = dict(d['b'], x=1)", "d['a'] = d.pop('a')"],
    "t": ["t[1].append(3)"],
    "a": [
        "a.y = 1",
        "a.x[1]['k'].append(3)",
        "del a.x",
        "a.__class__ = B",
        "A.tags.append(1)",
        "A.new = 1",
        "A.m.__defaults__[0].append(1)",
    ],
    "A": ["A.tags.append(1)", "A.tags = []\nA.tags.append(2)", "A.m.extra = 1", "A.n = lambda self: 1", "del A.m", "A.__doc__ = 'doc'"],
    "s": ["s.b = 1", "s.a.append(1)", "del s.a"],
    "f": [
        "f.calls = 1",
        "f.__defaults__[0].append(2)",
        "f.__kwdefaults__['k']['b'] = 1",
        "f.__code__ = (lambda x: 2).__code__",
        "f.__doc__ = 'd'",
    ],
    "inner": ["inner().append(2)", "inner.__closure__[0].cell_contents = 5"],
    "dd": ["dd['a']", "dd.default_factory = None"],
    "dq": ["dq.append(2)", "dq.rotate() or dq.append(0)"],
    "p": ["p.args[0].append(1)", "p.keywords['k']['x'] = 1", "p.extra = 1"],
    "ns": ["ns.v.append(1)", "ns.w = 1"],
    "b": ["b.append(1)"],
}


@pytest.mark.parametrize(("name", "change"), [(name, change) for name, changes in CHANGES.items() for change in changes])
def test_changed_in_place_says_changed(names: dict[str, Any], name: str, change: str) -> None:
    names["B"] = type("B", (names["A"],), {"__module__": "__main__"})
    before = probe(names)
    exec(change, names)
    assert probe(names)[name] != before[name]


def test_what_a_change_does_not_touch_keeps_its_probe(names: dict[str, Any]) -> None:
    before = probe(names)
    exec("l.append(1); d['a'].append(2)", names)
    after = probe(names)
    assert {name for name in before if before[name] != after[name]} == {"l", "d"}


def test_re_aliasing_with_equal_content_is_a_change_and_a_new_alias_is_none_of_the_owner() -> None:
    first: list[int] = [1]
    names: dict[str, Any] = {"a": first, "b": {"l": first}}
    before = probe(names)
    assert before["b"].links == (("['l']", "a:"),)
    names["c"] = first
    after = probe(names)
    assert (after["a"], after["b"]) == (before["a"], before["b"])
    names["b"]["l"] = [1]
    again = probe(names)
    assert again["b"] != before["b"]
    assert again["b"].content == before["b"].content
    assert again["a"] == before["a"]


def test_sharing_below_a_shared_part_is_told_once() -> None:
    part = {"x": [[1], [2]]}
    found = probe({"a": part, "b": [part]})
    assert found["b"].links == (("[0]", "a:"),)


def test_functions_and_classes_link_nothing(names: dict[str, Any]) -> None:
    exec("g = f; C = A; other = A(); third = A()", names)
    found = probe(names)
    assert found["g"].content == found["f"].content
    assert found["other"].links == found["third"].links == ()


def test_a_class_defined_again_with_the_same_text_is_no_change_of_its_instances(names: dict[str, Any]) -> None:
    before = probe(names)
    old = names["a"]
    exec(compile(DEFINITIONS, "<probe cell>", "exec", dont_inherit=True), names)
    names["a"] = old
    assert probe(names)["a"] == before["a"]


def test_opaque_values_count_by_identity() -> None:
    names: dict[str, Any] = {"a": copy_context(), "b": [copy_context()]}
    before = probe(names)
    assert probe(names) == before
    names["b"][0] = copy_context()
    assert probe(names)["b"] != before["b"]
    assert probe(names)["a"] == before["a"]


def test_numpy_views_of_one_buffer_are_linked() -> None:
    numpy = pytest.importorskip("numpy")
    base = numpy.arange(10)
    names: dict[str, Any] = {"a": base, "v": base[2:5]}
    before = probe(names)
    assert before["v"].links
    names["v"] = base[2:5].copy()
    after = probe(names)
    assert after["v"].content == before["v"].content
    assert after["v"] != before["v"]
    base[0] = 9
    assert probe(names)["a"] != after["a"]
    assert probe(names)["v"] == after["v"]


def test_saving_a_file_in_memory_is_no_change_of_it() -> None:
    names: dict[str, Any] = {"a": io.StringIO("text"), "b": [io.BytesIO(b"bytes")]}
    before = probe(names), content(names["a"])
    vars(names["a"]), vars(names["b"][0])
    assert (probe(names), content(names["a"])) == before
    names["a"].read(1)
    assert probe(names)["a"] != before[0]["a"]


def test_a_window_on_an_array_is_linked_to_it() -> None:
    numpy = pytest.importorskip("numpy")
    base = numpy.arange(4.0)
    windows = numpy.lib.stride_tricks.sliding_window_view
    assert probe({"a": base, "w": windows(base, 2)})["w"].links
    assert not probe({"a": base, "w": windows(base.copy(), 2)})["w"].links


def test_frames_are_linked_as_objects_and_never_by_their_arrays() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "s": ["x", "y"]})
    names: dict[str, Any] = {"df": frame, "part": frame[["a"]], "same": frame}
    found = probe(names)
    assert found["part"].links == ()
    assert found["same"].links == (("", "df:"),)
    assert probe(names) == found
    frame.loc[0, "a"] = 5
    after = probe(names)
    assert after["df"] != found["df"]
    frame["b"] = 1
    assert probe(names)["df"] != after["df"]
    frame.attrs["k"] = 1
    again = probe(names)
    frame.index.name = "n"
    assert probe(names)["df"] != again["df"]


def test_looking_at_a_frame_is_no_change() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [3, 1], "s": ["x", "y"]}, index=["p", "q"])
    before = probe({"df": frame})
    looked = (frame.loc["p"], frame["a"], frame.index.get_loc("q"), frame.describe(), repr(frame), frame.groupby("s").sum(), frame.T)
    assert len(looked) == 7
    assert frame.index.is_unique
    assert probe({"df": frame}) == before


# -- any nesting of builtins, with aliases ------------------------------------------------------------

ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5) | st.complex_numbers()
KEYS = st.integers(-3, 3) | st.text(max_size=2) | st.tuples(st.integers(0, 2), st.text(max_size=1))


@st.composite
def tangled(draw: st.DrawFn) -> list[Any]:
    """A list of values that share mutable parts; the last of them may hold all earlier ones."""
    made: list[Any] = []
    for _ in range(draw(st.integers(1, 12))):
        parts = st.sampled_from(made) | ATOMS if made else ATOMS
        kind = draw(st.sampled_from(["list", "dict", "tuple", "set", "frozenset"]))
        if kind == "list":
            made.append(draw(st.lists(parts, max_size=4)))
        elif kind == "dict":
            made.append(draw(st.dictionaries(KEYS, parts, max_size=4)))
        elif kind == "tuple":
            made.append(tuple(draw(st.lists(parts, max_size=4))))
        else:
            made.append({"set": set, "frozenset": frozenset}[kind](draw(st.lists(KEYS, max_size=5))))
    return made


def mutable_parts(value: Any) -> list[Any]:
    found: list[Any] = []
    seen: set[int] = set()
    todo = [value]
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, (list, dict, set)):
            found.append(part)
        if isinstance(part, (list, tuple)):
            todo.extend(part)
        elif isinstance(part, dict):
            todo.extend(part.values())
    return found


GENTLY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@GENTLY
@given(tangled())
def test_content_is_stable_under_a_pickle_round_trip(value: list[Any]) -> None:
    before = content(value)
    assert before.opaque == ()
    for protocol in (2, 5):
        assert content(pickle.loads(pickle.dumps(value, protocol))) == before
    assert content(copy.deepcopy(value)) == before


@GENTLY
@given(tangled(), st.randoms(use_true_random=False))
def test_a_probe_changes_if_and_only_if_something_was_mutated(value: list[Any], random: Any) -> None:
    names = {f"v{at}": part for at, part in enumerate(value)}
    before = probe(names)
    assert probe(names) == before
    target = random.choice(mutable_parts(value))
    touched = {name for name, part in names.items() if any(each is target for each in mutable_parts(part))}
    if isinstance(target, list):
        target.append("mark")
    elif isinstance(target, dict):
        target[("mark", 1)] = 1
    else:
        target.add("a mark that is not there")
    after = probe(names)
    assert {name for name in names if after[name].content != before[name].content} == touched


@GENTLY
@given(tangled(), st.randoms(use_true_random=False))
def test_a_part_replaced_by_an_equal_one_changes_a_probe_where_it_was_shared(value: list[Any], random: Any) -> None:
    shared: list[int] = [1]
    names: dict[str, Any] = {"a": [shared, value], "b": {"k": shared}}
    before = probe(names)
    names["b"]["k"] = [1]
    after = probe(names)
    assert after["b"] != before["b"]
    assert after["a"] == before["a"]
    inside = [shared, [shared, value]]
    first = content(inside).digest
    inside[1][0] = [1]  # type: ignore[index]  # a list, two lines above
    assert content(inside).digest != first
