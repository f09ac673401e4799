"""Who holds what: what is anybody's to change, and what nobody changes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from durnb.fingerprint import circles


def opened(namespace: dict[str, Any]) -> set[str]:
    """The names that something outside the notebook holds parts of; the namespace is the only holder of its values."""
    ours: dict[int, int] = {}
    for value in namespace.values():
        ours[id(value)] = ours.get(id(value), 0) + 1
    del value
    return {name for circle in circles(namespace, ours, namespace) if circle.open for name in circle.names}


class Setting:
    def __init__(self) -> None:
        self.limits = [1, 2]


_elsewhere = [Setting()]


@pytest.fixture
def library() -> Iterator[ModuleType]:
    """An installed library with an object for everybody, made of its own class."""
    made = ModuleType("standing_library")
    made.__file__ = f"{ModuleType.__module__}/../site-packages/standing_library.py"
    kind = type("Setting", (Setting,), {"__module__": "standing_library"})
    made.Setting, made.default = kind, kind()  # type: ignore[attr-defined]  # a module's names
    sys.modules[made.__name__] = made
    yield made
    del sys.modules[made.__name__]


def test_what_an_installed_module_holds_opens_no_value_that_holds_it_too(library: Any) -> None:
    assert opened({"drawn": SimpleNamespace(setting=library.default)}) == set()
    assert opened({"drawn": SimpleNamespace(setting=_elsewhere)}) == {"drawn"}


def test_what_a_name_is_bound_to_itself_is_open_though_a_module_of_another_package_holds_it() -> None:
    pytest.importorskip("matplotlib")
    from matplotlib import rcParams  # where it is installed

    assert opened({"fonts": rcParams["font.serif"]}) == {"fonts"}
    assert opened({"drawn": {"fonts": rcParams["font.serif"]}}) == set()


def test_arrow_is_open_where_it_may_stand_on_an_array_of_the_notebook() -> None:
    arrow, numpy = pytest.importorskip("pyarrow"), pytest.importorskip("numpy")
    namespace: dict[str, Any] = {"a": numpy.arange(4.0)}
    namespace["p"] = arrow.array(namespace["a"])
    namespace["other"] = [1]
    assert opened(namespace) == {"a", "p"}
    assert opened({"p": arrow.array([1, 2]), "a": numpy.arange(4.0)}) == set()
