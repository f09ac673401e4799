"""Writes one group: values, the notebook definitions that they need, and buffers beside the stream."""

from __future__ import annotations

import importlib.util
import linecache
import marshal
import os
import pickle
import platform
import sys
import types
from collections.abc import Collection, Mapping
from typing import Any

from durnb import computed
from durnb.snapshot import arrays, axes, pickler, rebuild, spaces, standins
from durnb.snapshot.definitions import (
    CLASS_NAMES,
    METHODS,
    OWN,
    WHOLE,
    FunctionParts,
    Notebook,
    class_digest,
    class_parts,
    code_digest,
    function_parts,
    functions_of,
    is_empty,
    virtual_subclasses,
)
from durnb.snapshot.kinds import Kinds
from durnb.snapshot.model import OUT_OF_BAND, Group
from durnb.snapshot.reducer import Call, Reduced, Reducer, Reduction
from durnb.snapshot.tracker import uid_of


class Writer(Reducer):
    """Takes objects apart for a stream. `shared` are the memories with more than one view; `missing` the parts to leave out.

    `whole` are the namespaces of code that values of the group hold. `checks`: some of the values are loaded by code that nobody vouches for. `indexes` are those that other variables hold as well.
    """

    def __init__(
        self,
        notebook: Notebook,
        kinds: Kinds,
        *,
        shared: Collection[tuple[str, int]] = (),
        missing: Collection[int] = (),
        twice: Collection[int] = (),
        whole: Collection[int] = (),
        checks: bool = False,
        indexes: Mapping[int, axes.Shared] | None = None,
    ) -> None:
        super().__init__(notebook, kinds)
        self.sources: dict[str, str] = {}
        self.buffers: list[pickle.PickleBuffer] = []
        self.readonly: list[bool] = []
        self.plain: list[bool] = []
        self._shared, self._missing, self._twice, self._checks = shared, missing, twice, checks
        self._indexes, self._whole = indexes or {}, whole
        self._roots: dict[tuple[str, int], Any] = {}
        self._tokens: dict[int, tuple[int, types.CellType]] = {}
        self._groups: dict[int, int] = {}
        self._ours: dict[int, tuple[pickle.PickleBuffer, bool]] = {}

    def write(self, values: dict[str, Any], needs: Mapping[str, bytes]) -> Group:
        """The group of `values`; `needs` are lent to the namespace while it is loaded."""
        root = Call(rebuild.group, Call(rebuild.provide, dict(needs)), values) if needs else values
        if self._checks:
            root = Call(standins.checked, root, self.customs)  # filled while the values before it are pickled
        if computed.are_there():
            root = Call(standins.marked, root, self.marked)  # the same
        stream = pickler.write(root, self, self._outward, self._naming if self._whole else None)
        return Group(
            names=tuple(values), stream=stream, buffers=tuple(self.buffers), readonly=tuple(self.readonly), plain=tuple(self.plain)
        )

    def _naming(self) -> spaces.Naming:
        return spaces.Naming(self._groups, lambda number, own: Call(spaces.begin, number, own))

    def _outward(self, buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < OUT_OF_BAND:
            return True
        self.buffers.append(buffer)
        _, plain = self._ours.get(id(buffer), (buffer, False))
        self.readonly.append(raw.readonly and id(buffer) not in self._ours)
        self.plain.append(plain)
        return False

    # Arrays

    def plain_array(self, obj: Any, *, shares: bool) -> Reduction:
        if shares and obj.size:
            memory = arrays.memory_of(obj)
            if memory.key in self._shared:
                root = self._roots.setdefault(memory.key, arrays.root_of(memory.root))
                if obj is not root and arrays.spans(root, obj):
                    return arrays.view_of(obj, root)
            behind = arrays.spread(obj)
            if behind is not None:
                return arrays.view_of(obj, behind, arrays.Owned(behind))
        if not arrays.is_plain(obj):
            return arrays.object_array(obj)
        reduced = arrays.plain_array(obj)
        self._ours[id(reduced[1][0])] = reduced[1][0], obj.dtype.kind in "fcmM"
        return reduced

    def _object(self, obj: Any, kind: type) -> Reduction:
        told, reduced = self._indexes.get(id(obj)), super()._object(obj, kind)
        return (axes.shared_index, (Reduced(reduced), told.uid, told.elsewhere)) if told is not None else reduced

    # Definitions

    def definition(self, obj: Any) -> Reduction:
        return self._write_class(obj) if isinstance(obj, type) else self._write_function(obj)

    def _write_function(self, obj: types.FunctionType) -> Reduction:
        parts = function_parts(obj, self.notebook)
        code = obj.__code__
        self._note_source(code)
        home = WHOLE if id(obj.__globals__) in self._whole else parts.home
        group = self._groups.setdefault(id(obj.__globals__), len(self._groups)) if home in (OWN, WHOLE) else 0
        tokens = tuple(self._token(cell) for cell in parts.cells.values())
        stored = (marshal.dumps(code), importlib.util.MAGIC_NUMBER, platform.python_version())
        digest = code_digest(code)
        place = (home, group, self._uid(obj, digest), self._path(obj), digest, tokens)
        spec = (stored, obj.__name__, obj.__qualname__, obj.__module__, *place)
        state = self._function_state(parts, tokens)
        if home == WHOLE:
            state |= {"globals": {}, "whole": obj.__globals__}
        return rebuild.function, (spec,), state, None, None, rebuild.function_state

    def _function_state(self, parts: FunctionParts, tokens: tuple[int, ...]) -> dict[str, Any]:
        cells = zip(tokens, parts.cells.items(), strict=True)
        full = [(token, cell) for token, (name, cell) in cells if name != CLASS_NAMES and not is_empty(cell)]
        return {
            "defaults": tuple(map(self._kept, parts.defaults)),
            "kwdefaults": {name: self._kept(value) for name, value in parts.kwdefaults.items()},
            "cells": {token: self._kept(cell.cell_contents) for token, cell in full},
            "attributes": {name: self._kept(value) for name, value in parts.attributes.items()},
            "globals": {name: value for name, value in parts.globals.items() if id(value) not in self._missing},
            "rest": {name: value for name, value in parts.rest.items() if id(value) not in self._missing},
        }

    def _write_class(self, obj: Any) -> Reduction:
        attributes = {name: self._kept(value) for name, value in class_parts(obj).items()}
        methods = {name: value for name, value in attributes.items() if isinstance(value, METHODS)}
        data = {name: value for name, value in attributes.items() if name not in methods}
        for function in methods.values():
            self._note_source(getattr(function, "__code__", None))
        slots, digest = vars(obj).get("__slots__"), class_digest(obj)
        spec = (
            type(obj),
            obj.__name__,
            obj.__qualname__,
            obj.__module__,
            obj.__bases__,
            slots,
            self._uid(obj, digest),
            self._path(obj),
            digest,
        )
        early = methods | {
            name: value for name, value in data.items() if name == "__parameters__"
        }  # without them a generic is not subscribed
        state = (Call(rebuild.class_methods, obj, early), methods | data, virtual_subclasses(obj))
        return (
            rebuild.class_of_space if self._is_of_a_space(attributes) else rebuild.class_,
            (spec,),
            state,
            None,
            None,
            rebuild.class_state,
        )

    def _is_of_a_space(self, attributes: dict[str, Any]) -> bool:
        """Whether methods have globals that come back anew, so that those of a live class would be out of date."""
        globals_ = {id(each.__globals__): each.__globals__ for value in attributes.values() for each in functions_of(value)}
        made = (self.notebook.module_of(each) for each in globals_.values() if not self.notebook.is_live(each))
        return any(address in self._whole for address in globals_) or any(
            each is not None and sys.modules.get(each.__name__) is not each for each in made
        )

    def _kept(self, value: Any) -> Any:
        return rebuild.MISSING if id(value) in self._missing else value

    def _uid(self, obj: Any, digest: str) -> str:
        return uid_of(obj, self.notebook.home, digest)

    def _path(self, obj: Any) -> str | None:
        return None if id(obj) in self._twice else self.notebook.path_of(obj)

    def _token(self, cell: types.CellType) -> int:
        return self._tokens.setdefault(id(cell), (len(self._tokens), cell))[0]

    def cell(self, obj: types.CellType) -> Reduction:
        """A cell met by itself, not in a closure."""
        contents = () if is_empty(obj) else (obj.cell_contents,)
        return rebuild.cell, (self._token(obj),), contents, None, None, rebuild.cell_state

    def _note_source(self, code: types.CodeType | None) -> None:
        if code is None or code.co_filename in self.sources:
            return
        entry = linecache.cache.get(code.co_filename)
        if entry is not None and len(entry) == 4 and (entry[1] is None or not os.path.exists(code.co_filename)):
            self.sources[code.co_filename] = "".join(entry[2])

    def code(self, obj: types.CodeType) -> Reduction:
        """A code object by itself."""
        self._note_source(obj)
        return rebuild.code, ((marshal.dumps(obj), importlib.util.MAGIC_NUMBER, platform.python_version()),)
