"""A dataclass of durnb is what the standard library would have made of the same class."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any, ClassVar

import pytest

from durnb import records

FORMS: list[dict[str, bool]] = [
    {"frozen": frozen, "slots": slots, "kw_only": kw_only, "eq": eq, "repr": shown}
    for frozen in (False, True)
    for slots in (False, True)
    for kw_only in (False, True)
    for eq in (False, True)
    for shown in (False, True)
]


def _classes(decorate: Callable[..., Any], form: dict[str, bool]) -> list[type]:
    @decorate(**form)
    class Point:
        x: int
        y: list[int] = dataclasses.field(default_factory=list)
        unit: str = "m"
        seen: int = dataclasses.field(default=0, compare=False, repr=False)
        kind: ClassVar[str] = "point"

    @decorate(**form)
    class Made(Point):
        late: int = dataclasses.field(init=False, default=7)
        far: int = dataclasses.field(default=3, kw_only=True)
        note: str = dataclasses.field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "note", f"{self.x}!")

        def __repr__(self) -> str:
            return "made"

    @decorate(**form)
    class Own:
        x: int = 1

        def __eq__(self, other: object) -> bool:
            return isinstance(other, type(self))

        def __hash__(self) -> int:
            return 5

    @decorate(**form)
    class Empty:
        pass

    return [Point, Made, Own, Empty]


def _did(act: Callable[[], Any]) -> Any:
    """What comes of it, or the name of the error."""
    try:
        return act()
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(name for name, on in form.items() if on) or "plain")
def test_instances_behave_as_those_of_the_standard_library(form: dict[str, bool]) -> None:
    told = [
        [_facts(cls, Empty=classes[-1]) for cls in classes]
        for classes in (_classes(dataclasses.dataclass, form), _classes(records.dataclass, form))
    ]
    assert told[0] == told[1]


def _facts(cls: Any, Empty: type) -> list[Any]:
    first = _did(lambda: cls(x=1)) if cls is not Empty else cls()
    again = _did(lambda: cls(x=1)) if cls is not Empty else cls()
    other = _did(lambda: cls(x=2)) if cls is not Empty else cls()
    return [
        cls.__match_args__,
        [(f.name, f.init, f.compare, f.kw_only) for f in dataclasses.fields(cls)],
        [(p.name, p.kind, p.default is inspect.Parameter.empty) for p in inspect.signature(cls).parameters.values()],
        hasattr(cls, "__slots__") and cls.__slots__,
        [first == again, first == other, first == 5, first is again],
        repr(first) if cls.__repr__ is not object.__repr__ else "",
        cls.__hash__ is None or (cls.__hash__ is object.__hash__),
        _did(lambda: hash(first) == hash(again)),
        _did(lambda: setattr(first, "x", 3)) if cls is not Empty else "",  # of slots without fields the standard one raises a wrong error
        _did(lambda: delattr(first, "x")) if cls is not Empty else "",
        _did(lambda: dataclasses.replace(again, x=9).x),
        _did(lambda: dataclasses.asdict(again)),
        _did(lambda: copy.copy(again) == again),
        _did(lambda: dataclasses.asdict(copy.deepcopy(again))),
        _did(lambda: cls(1, [2], "k").y),
        _did(lambda: type(cls()).__name__),
        _did(lambda: cls(x=1, nothing=2)),
        _did(lambda: cls(x=1).y is cls(x=1).y),
    ]


@records.dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    name: str
    parts: tuple[int, ...] = ()


def test_a_frozen_one_with_slots_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Kept(name="a", parts=(1, 2)))) == Kept(name="a", parts=(1, 2))


def test_only_init_is_compiled() -> None:
    compiled: list[str] = []

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "exec" and watching:
            compiled.extend(each.co_name for each in arguments[0].co_consts if isinstance(each, CodeType))

    watching = False
    sys.addaudithook(count)
    watching = True
    _classes(records.dataclass, {"frozen": True, "slots": True, "kw_only": True, "eq": True, "repr": True})
    watching = False
    assert [name for name in compiled if name != "__create_fn__"] == ["__init__"] * 4  # newer Pythons compile what holds no function
