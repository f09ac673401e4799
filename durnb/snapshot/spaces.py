"""Namespaces of code that was run by ``exec``: dicts that are the globals of functions, and that hold Python's builtins.

Pickle takes dicts apart by itself. These are named to it instead (a persistent id), so that functions get the very dict that values hold as their
globals, and Python's own dict of builtins, through which everything in the process is found, is never entered.
"""

from __future__ import annotations

import builtins
import io
import pickle
import sys
from collections.abc import Callable, Sequence
from typing import Any

from durnb.snapshot.definitions import WHOLE, is_handmade
from durnb.snapshot.place import here

BUILTINS = vars(builtins)
MARK = b"durnb spaces\n"
"""What a stream with such names begins with; any other begins with what every pickle does."""
Begin = Callable[[int, object], object]
"""What, once loaded, begins a namespace: its number, and its builtins."""


def is_space(value: object) -> bool:
    """Whether a value is the builtins, or holds any as the globals of a function do."""
    return type(value) is dict and (value is BUILTINS or "__builtins__" in value)


class Naming:
    """Gives namespaces their names, in one stream: numbers, with what is in them at the first time."""

    def __init__(self, numbers: dict[int, int], begin: Begin) -> None:
        self.met: dict[int, dict[str, Any]] = {}
        self._numbers, self._begin = numbers, begin

    def __call__(self, obj: object) -> tuple[Any, ...] | None:
        """The name of `obj`; None for nearly everything."""
        if not is_space(obj):
            return None
        assert isinstance(obj, dict)
        known = id(obj) in self.met
        self.met[id(obj)] = obj
        if obj is BUILTINS:
            return ("builtins",)
        module = sys.modules.get(obj.get("__name__"))  # type: ignore[arg-type]  # whatever it is, it is looked up
        if module is not None and vars(module) is obj and not is_handmade(module):
            return "module", module.__name__
        number = self._numbers.setdefault(id(obj), len(self._numbers))
        return ("space", number) if known else ("space", number, self._begin(number, obj.get("__builtins__")), list(obj.items()))


def begin(number: int, own_builtins: object) -> None:
    """A namespace of code gets its builtins before any function is made in it: a function keeps those that it finds then."""
    here().globals_of(WHOLE, number)["__builtins__"] = own_builtins


def _found(name: tuple[Any, ...]) -> Any:
    match name:
        case ("builtins",):
            return BUILTINS
        case ("module", str(module)):
            return vars(sys.modules[module])
        case ("space", int(number), _, list(items)):
            found = here().globals_of(WHOLE, number)
            found.clear()
            found.update(items)
            return found
        case ("space", int(number)):
            return here().globals_of(WHOLE, number)
        case _:
            raise pickle.UnpicklingError(f"it names a namespace in a way that this durnb does not know: {name!r:.80}")


class _Loader(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        return _found(pid)


def loads(stream: bytes, buffers: Sequence[bytes | bytearray | memoryview]) -> Any:
    """What the stream of a group holds."""
    if not stream.startswith(MARK):
        return pickle.loads(stream, buffers=list(buffers))
    peekable = io.BufferedReader(io.BytesIO(stream[len(MARK) :]))
    return _Loader(peekable, buffers=list(buffers)).load()
