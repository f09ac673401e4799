"""The harness itself: its reference runs agree with themselves, and its comparison sees what it must see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crash import in_kernel
from crash.equivalence import Book, Kill, Trial, differences, finished_at, kills, parse
from crash.notebooks import BOOKS
from kernel.driver import Nursery


def described(**names: Any) -> dict[str, str]:
    walk = in_kernel.Description({})
    for name in sorted(names):
        walk.walk(name, names[name])
    return walk.lines


class Slotted:
    __slots__ = ("x",)


Slotted.__module__ = "__main__"


def slotted(x: object) -> Slotted:
    made = Slotted()
    made.x = x
    return made


def counter(start: list[int]) -> Callable[[], list[int]]:
    def count() -> list[int]:
        return start

    count.__module__ = "__main__"
    return count


def test_books_have_names_of_their_own_and_there_are_enough_of_them() -> None:
    assert len({book.name for book in BOOKS}) == len(BOOKS) >= 40


def test_equal_values_that_are_shared_alike_are_described_alike() -> None:
    def make() -> dict[str, Any]:
        a = [1, {"k": (2.0, None)}]
        return {"a": a, "b": {"again": a}, "c": counter(a), "d": {3, 1, 2}, "e": slotted(a)}

    assert described(**make()) == described(**make())


def test_a_missed_alias_is_seen() -> None:
    a = [1]
    assert described(a=a, b={"l": a}) != described(a=[1], b={"l": [1]})
    assert differences("name", described(a=a, b=a), described(a=[1], b=[1])) == [
        "name b: list of 1, not is a",
        "name b[0]: int 1, not there",
    ]


def test_an_alias_too_many_is_seen() -> None:
    a = [1]
    assert described(a=[1], b=[1]) != described(a=a, b=a)


def test_an_alias_through_a_closure_or_a_slot_is_seen() -> None:
    a = [1]
    assert described(a=a, f=counter(a)) != described(a=a, f=counter([1]))
    assert described(a=a, s=slotted(a)) != described(a=a, s=slotted([1]))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, 1.0),
        (1, True),
        (0.0, -0.0),
        ("a", b"a"),
        ([1], (1,)),
        ([1, 2], [2, 1]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1, 2}, {1, 3}),
        ({1}, frozenset({1})),
        (bytearray(b"a"), bytearray(b"b")),
        (counter([1]), counter([2])),
        (slotted(1), slotted(2)),
        (iter([1, 2]), iter([1])),
    ],
)
def test_a_changed_value_is_seen(one: object, other: object) -> None:
    assert described(x=one) != described(x=other)


def test_a_lost_name_and_a_name_too_many_are_seen() -> None:
    assert differences("name", described(a=1), described()) == ["name a: missing, not int 1"]
    assert differences("name", described(), described(a=1)) == ["name a: int 1, not there"]


def test_views_of_one_array_are_told_from_copies() -> None:
    numpy = pytest.importorskip("numpy")
    grid = numpy.arange(6.0)
    assert described(a=grid, b=grid[2:]) != described(a=grid, b=grid[2:].copy())
    assert described(a=grid, b=grid[2:]) == described(a=grid.copy(), b=grid[2:]) | {"b.memory": "overlaps a by 16"}
    assert described(a=grid) != described(a=grid.astype("f4"))
    assert described(a=grid) != described(a=grid.reshape(2, 3))


def test_frames_are_compared_by_their_content() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2]})
    assert described(f=frame) == described(f=frame.copy())
    assert described(f=frame) != described(f=frame + 1)
    assert described(f=frame) != described(f=frame.astype("float"))
    assert described(f=frame, g=frame) != described(f=frame, g=frame.copy())


def test_die_stands_between_the_statements_of_a_durable_cell() -> None:
    (cell,) = parse("%%durable s\na = 1\n@d\ndef f():\n    return 1\nf()")
    assert cell.source == "%%durable s\na = 1\ndie('s.1')\n@d\ndef f():\n    return 1\ndie('s.2')\nf()"
    assert cell.labels == ["s.1", "s.2"]
    assert cell.plain.splitlines()[1:] == cell.source.splitlines()[1:]


def test_a_cell_that_is_not_plain_python_is_left_as_it_is() -> None:
    (cell,) = parse("%%durable s\n%%capture out\na = 1\nb = 2")
    assert cell.source == "%%durable s\n%%capture out\na = 1\nb = 2"
    assert cell.plain == "%%capture out\na = 1\nb = 2"


def test_a_step_is_finished_when_its_commit_is() -> None:
    book = Book("b", "", "%%durable a\nx = 1\n---\ny = 2\n---\n%%durable b\nz = 3")
    ends = {str(kill): finished_at(book, kill) for kill in kills(book)}
    assert ends["a before-commit"] == set()
    assert ends["a after-commit"] == ends["after a"] == ends["after p1"] == ends["b body-ended"] == {"a"}
    assert ends["b after-commit"] == {"a", "b"}


@pytest.mark.parametrize("how", ["effect", "twice"])
def test_effects_are_counted_by_kernel_and_cell(how: str, tmp_path: Path, light: tuple[Nursery, Nursery]) -> None:
    book = Book("b", "", '%%durable a\neffect("e")\nx = 1')
    trial = Trial(book, tmp_path, light)
    for _ in range(1 + (how == "twice")):
        trial.plainly()
    assert sorted(trial.effects().items()) == [((n + 1, "a", "e"), 1) for n in range(1 + (how == "twice"))]


def test_an_armed_label_kills_the_kernel_there_and_only_in_that_run(tmp_path: Path, light: tuple[Nursery, Nursery]) -> None:
    trial = Trial(Book("b", "", "x = 1"), tmp_path, light)
    code = "effect('before')\ndie('here')\neffect('after')"
    with trial.kernel(Kill("inside", 0, "here")) as driver:
        assert driver.run(code, "c").status == "died"
    with trial.kernel() as driver:
        assert driver.run(code, "c").ok
    assert sorted(trial.effects()) == [(1, "c", "before"), (2, "c", "after"), (2, "c", "before")]


def test_kernels_of_a_trial_have_different_hash_seeds(tmp_path: Path, light: tuple[Nursery, Nursery]) -> None:
    trial = Trial(Book("b", "", "x = 1"), tmp_path, light)
    seen = set()
    for _ in range(2):
        with trial.kernel() as driver:
            seen.add(driver.evaluate("hash('a word')"))
    assert len(seen) == 2
