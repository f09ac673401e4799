"""The pickler under everything: C, protocol 5, one memo; a slower one without a stack for values nested too deep for C."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from durnb.snapshot import spaces
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


def visit(value: object, reducer: Takes, visited: list[object], naming: Callable[[], spaces.Naming] | None = None) -> spaces.Naming | None:
    """Pickles `value` into nothing and puts every object that was come to, as often as it was, into `visited`."""

    def run(kind: Any) -> spaces.Naming | None:
        visited.clear()
        names = naming() if naming is not None else None
        made = kind(_Nothing(), reducer, lambda _: False)
        made.persistent_id = visited.append if names is None else hearing(names)  # the first is seen from C, and says None
        made.dump(value)
        return names

    def hearing(names: spaces.Naming) -> Callable[[object], object]:
        def hear(obj: object) -> object:
            visited.append(obj)
            return names(obj)

        return hear

    return _shallow_or_deep(run, value)


def write(value: object, reducer: Takes, outward: Outward, naming: Callable[[], spaces.Naming] | None = None) -> bytes:
    """The stream of `value`. Buffers for which `outward` returns False leave it. `naming` is needed where it holds namespaces of code."""

    def run(kind: Any) -> bytes:
        sink = io.BytesIO()
        made = kind(sink, reducer, outward)
        if naming is not None:
            sink.write(spaces.MARK)
            made.persistent_id = naming()
        made.dump(value)
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
