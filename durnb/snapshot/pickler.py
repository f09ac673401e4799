"""The pickler under everything: C, protocol 5, one memo; a slower one without a stack for values nested too deep for C."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from durnb.snapshot.deep import Deep
from durnb.snapshot.model import CantStore

T = TypeVar("T")
Outward = Callable[[pickle.PickleBuffer], bool]


class Takes(Protocol):
    """What takes objects apart."""

    def reduce(self, obj: Any) -> Any: ...


class _Nothing:
    """A file that forgets what is written."""

    def write(self, data: bytes) -> int:
        return len(data)


class _Fast(pickle.Pickler):
    def __init__(self, file: Any, reducer: Takes, outward: Outward | None) -> None:
        super().__init__(file, 5, buffer_callback=outward)
        self._reducer = reducer

    def reducer_override(self, obj: Any) -> Any:
        return self._reducer.reduce(obj)


def visit(value: object, reducer: Takes) -> list[object]:
    """Pickles `value` into nothing and returns every object that was come to, as often as it was."""

    def run(kind: Any) -> list[object]:
        visited: list[object] = []
        made = kind(_Nothing(), reducer, lambda _: False)
        made.persistent_id = visited.append  # seen from C: it hears of every object, and says None
        made.dump(value)
        return visited

    return _shallow_or_deep(run, value)


def write(value: object, reducer: Takes, outward: Outward) -> bytes:
    """The stream of `value`. Buffers for which `outward` returns False leave it."""

    def run(kind: Any) -> bytes:
        sink = io.BytesIO()
        kind(sink, reducer, outward).dump(value)
        return sink.getvalue()

    return _shallow_or_deep(run, value)


def _shallow_or_deep(run: Callable[[Any], T], value: object) -> T:
    try:
        return run(_Fast)
    except RecursionError:
        pass  # too deep for the stack
    try:
        return run(_deep)
    except RecursionError as error:
        raise CantStore(value, "it is nested too deep to be pickled: its own __reduce__ recurses") from error


def _deep(file: Any, reducer: Takes, outward: Outward | None) -> Deep:
    return Deep(file, reducer.reduce, outward)
