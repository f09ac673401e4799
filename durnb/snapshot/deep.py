"""A pickler that keeps what it still has to do in a list, not on the stack: no value is nested too deep for it, on any Python.

It writes what `pickle` writes, a few times slower than C: it is for the linked lists and deep trees at which the C pickler gives up.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pickle import (
    ADDITEMS,
    APPEND,
    APPENDS,
    BINPERSID,
    BUILD,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_SET,
    EMPTY_TUPLE,
    FROZENSET,
    MARK,
    NEWOBJ,
    NEWOBJ_EX,
    POP,
    POP_MARK,
    REDUCE,
    SETITEM,
    SETITEMS,
    TUPLE,
    TUPLE1,
    TUPLE2,
    TUPLE3,
)
from typing import Any

Steps = Iterator[Any]
"""The writing of one object: it gives each object inside it, to be written before it goes on."""

_BATCH = 1000
_DONE = object()
_ATOMS = frozenset((type(None), bool, int, float))  # never in the memo
_SHORT = {1: TUPLE1, 2: TUPLE2, 3: TUPLE3}


_InPython: Any = vars(pickle)["_Pickler"]  # it is there in every Python, and not in every stub


class Deep(_InPython):  # type: ignore[misc]  # see above
    """Protocol 5, with the given way of taking objects apart."""

    def __init__(self, file: Any, reduce: Callable[[Any], Any], outward: Callable[[pickle.PickleBuffer], bool] | None) -> None:
        super().__init__(file, 5, buffer_callback=outward)
        self._reduce = reduce

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        """Writes `obj` and all that is inside it."""
        todo: list[Steps] = []
        inner = obj
        while True:
            steps = self._begin(inner)
            if steps is not None:
                todo.append(steps)
            while True:
                if not todo:
                    return
                inner = next(todo[-1], _DONE)
                if inner is not _DONE:
                    break
                todo.pop()

    def _begin(self, obj: Any) -> Steps | None:
        """Writes an object that has nothing inside; how to go about any other."""
        name = self.persistent_id(obj)  # hears of every object
        if name is not None:
            return self._named(name)
        kind = type(obj)
        if kind in _ATOMS:
            self.dispatch[kind](self, obj)
            return None
        known = self.memo.get(id(obj))
        if known is not None:
            self.write(self.get(known[0]))
            return None
        self.framer.commit_frame()
        if kind in _INSIDE:  # exact containers, in whose way of being written nobody has a say
            return _INSIDE[kind](self, obj)
        reduced = self._reduce(obj)
        if reduced is NotImplemented:
            if kind in self.dispatch:
                self.dispatch[kind](self, obj)
                return None
            reduced = obj.__qualname__ if issubclass(kind, type) else obj.__reduce_ex__(5)
        if isinstance(reduced, str):
            self.save_global(obj, reduced)
            return None
        return self._made(obj, *reduced)

    def _named(self, name: Any) -> Steps:
        yield name
        self.write(BINPERSID)

    def _made(
        self, obj: Any, func: Any, args: Any, state: Any = None, listed: Any = None, paired: Any = None, setter: Any = None, /
    ) -> Steps:
        how = getattr(func, "__name__", "")
        if how in ("__newobj__", "__newobj_ex__"):
            yield args[0]
            yield from args[1:] if how == "__newobj_ex__" else (args[1:],)
            self.write(NEWOBJ_EX if how == "__newobj_ex__" else NEWOBJ)
        else:
            yield func
            yield args
            self.write(REDUCE)
        if id(obj) in self.memo:  # an immutable that holds itself: it was made while what is inside it was written
            self.write(POP + self.get(self.memo[id(obj)][0]))
        else:
            self.memoize(obj)
        if listed is not None:
            yield from self._items(listed, APPEND, APPENDS)
        if paired is not None:
            yield from self._pairs(paired)
        if setter is not None and state is not None:
            yield from (setter, obj, state)
            self.write(TUPLE2 + REDUCE + POP)
        elif state is not None:
            yield state
            self.write(BUILD)

    def _items(self, items: Iterable[Any], one: bytes, many: bytes) -> Steps:
        rest = iter(items)
        while batch := list(islice(rest, _BATCH)):
            if len(batch) == 1 and one:
                yield batch[0]
                self.write(one)
            else:
                self.write(MARK)
                yield from batch
                self.write(many)

    def _few(self, obj: dict[Any, Any]) -> Steps:
        if len(obj) > 1:
            self.write(MARK)
        for key, value in list(obj.items()):
            yield key
            yield value
        self.write(SETITEMS if len(obj) > 1 else SETITEM)

    def _pairs(self, pairs: Iterable[tuple[Any, Any]]) -> Steps:
        rest = iter(pairs)
        while batch := list(islice(rest, _BATCH)):
            if len(batch) > 1:
                self.write(MARK)
            for pair in batch:
                yield from pair
            self.write(SETITEMS if len(batch) > 1 else SETITEM)

    def _list(self, obj: list[Any]) -> Steps:
        self.write(EMPTY_LIST)
        self.memoize(obj)
        yield from self._items(obj, APPEND, APPENDS)

    def _dict(self, obj: dict[Any, Any]) -> Steps:
        self.write(EMPTY_DICT)
        self.memoize(obj)
        if obj:
            yield from self._few(obj) if len(obj) <= _BATCH else self._pairs(obj.items())

    def _set(self, obj: set[Any]) -> Steps:
        self.write(EMPTY_SET)
        self.memoize(obj)
        yield from self._items(obj, b"", ADDITEMS)

    def _tuple(self, obj: tuple[Any, ...]) -> Steps:
        if not obj:
            self.write(EMPTY_TUPLE)
            return
        short = _SHORT.get(len(obj))
        if short is None:
            self.write(MARK)
        yield from obj
        if id(obj) in self.memo:
            self.write((POP_MARK if short is None else POP * len(obj)) + self.get(self.memo[id(obj)][0]))
            return
        self.write(short or TUPLE)
        self.memoize(obj)

    def _frozenset(self, obj: frozenset[Any]) -> Steps:
        self.write(MARK)
        yield from obj
        if id(obj) in self.memo:
            self.write(POP_MARK + self.get(self.memo[id(obj)][0]))
            return
        self.write(FROZENSET)
        self.memoize(obj)


_INSIDE: dict[type, Callable[[Deep, Any], Steps]] = {
    list: Deep._list,
    dict: Deep._dict,
    set: Deep._set,
    tuple: Deep._tuple,
    frozenset: Deep._frozenset,
}
