"""A tree taken in bulk says the same as one that is walked part by part: what is equal stays equal, what differs differs."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from durnb.fingerprint import content, probe, walk
from durnb.trees import bulk

ROWS = 40  # more than make a bulk


def records() -> list[Any]:
    return [{"id": n, "tags": ["a", n], "at": (n, [n])} for n in range(ROWS)]


@contextmanager
def part_by_part() -> Iterator[None]:
    """No container is big enough for a bulk."""
    kept = walk.MANY
    walk.MANY = 10**9
    try:
        yield
    finally:
        walk.MANY = kept


def test_a_tree_of_builtins_is_taken_in_bulk() -> None:
    taken = bulk(records())
    assert taken is not None
    assert taken.held == []


@pytest.mark.parametrize("odd", [{1}, frozenset({1}), bytearray(b"a"), len, type("A", (), {})(), type("L", (list,), {})([1]), complex(1)])
def test_what_is_not_exact_and_builtin_ends_the_bulk(odd: object) -> None:
    assert bulk([*records(), odd]) is None
    assert bulk([*records(), {"deep": [(odd,)]}]) is None


def test_what_stands_in_a_tree_twice_ends_the_bulk() -> None:
    rows = records()
    assert bulk([*rows, rows[3]]) is None
    assert bulk([*rows, {"again": rows[3]["tags"]}]) is None
    pair = (1, [2])
    assert bulk([*rows, pair, pair]) is None
    rows.append(rows)
    assert bulk(rows) is None


def test_immutable_parts_may_stand_in_a_tree_twice() -> None:
    pair = (1, ("a", 2.5))
    assert bulk([*records(), pair, [pair], pair]) is not None


def test_a_tangle_of_tuples_that_unfolds_without_end_is_given_up() -> None:
    tangle: tuple[Any, ...] = (1,)
    for _ in range(200):
        tangle = (tangle, tangle)
    assert bulk([*records(), tangle]) is None


CHANGES = [
    "rows[7]['id'] = 8",
    "rows[7]['id'] = 7.0",
    "rows[7]['id'] = True",
    "rows[7]['tags'].append(1)",
    "rows[7]['at'][1].append(1)",
    "rows[7]['at'] = [7, [7]]",
    "rows[7]['at'] = (7, rows[8]['at'][1])",
    "rows[7] = rows[8]",
    "rows[7] = dict(reversed(rows[7].items()))",
    "rows.append(None)",
    "rows.reverse()",
    "rows[7]['tags'] = {'a', 7}",
    "rows[-1] = rows",
]


@pytest.mark.parametrize("change", CHANGES)
def test_changed_in_place_says_changed(change: str) -> None:
    rows = records()
    before, was = probe({"rows": rows}), content(rows)
    exec(change, {"rows": rows})
    assert probe({"rows": rows}) != before
    assert content(rows) != was


def test_a_part_held_elsewhere_in_the_value_counts_as_the_same_part() -> None:
    def digests(make: str) -> str:
        rows = records()
        return content(eval(make, {"rows": rows, "copy": copy})).digest

    shared = {
        digests("{'all': rows, 'best': rows[5]}"),
        digests("{'all': rows, 'best': rows[6]}"),
        digests("{'best': rows[5], 'all': rows}"),
    }
    apart = {digests("{'all': rows, 'best': copy.deepcopy(rows[5])}"), digests("{'best': copy.deepcopy(rows[5]), 'all': rows}")}
    twice = {digests("[rows, [*rows[:20], *copy.deepcopy(rows[20:])]]"), digests("[rows, [*rows[:21], *copy.deepcopy(rows[21:])]]")}
    assert len(shared | apart | twice) == 7
    assert digests("{'all': rows, 'best': rows[5]}") in shared


def test_what_holds_a_part_outside_the_value_does_not_count() -> None:
    rows = records()
    alone = content(rows)
    row, tags = rows[3], [row["tags"] for row in rows]
    assert content(rows) == alone
    assert (row, len(tags)) == (rows[3], ROWS)


def test_names_that_share_a_part_of_a_tree_are_linked() -> None:
    rows = records()
    names = {"row": rows[3], "rows": rows, "other": records(), "tags": rows[4]["tags"], "few": rows[: ROWS - 2]}
    linked = {name: {there.partition(":")[0] for _, there in found.links} - {""} for name, found in probe(names).items()}
    assert linked == {"row": set(), "rows": {"row"}, "other": set(), "tags": {"rows"}, "few": {"row", "rows"}}  # tags too, by way of rows
    before = probe(names)
    names["row"] = rows[5]
    assert probe(names) != before


leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(max_size=3)
tree = st.recursive(
    leaf,
    lambda inner: (
        st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2) | st.integers(), inner, max_size=4)
    ),
)


@settings(max_examples=40)
@given(st.lists(tree, min_size=ROWS, max_size=ROWS + 3), st.lists(tree, min_size=ROWS, max_size=ROWS + 3), st.data())
def test_a_bulk_tells_apart_what_a_walk_tells_apart(one: list[Any], other: list[Any], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, ROWS - 1))
    forms = [one, copy.deepcopy(one), other, [*one[:at], other[at], *one[at + 1 :]], [*one[:at], one[at - 1], *one[at + 1 :]]]
    with part_by_part():
        walked = [content(form).digest for form in forms]
    taken = [content(form).digest for form in forms]
    assert [[a == b for b in taken] for a in taken] == [[a == b for b in walked] for a in walked]
