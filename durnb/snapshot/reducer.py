"""How every object is taken apart for the one memo of a group.

The C pickler handles exact built-in containers and asks here for all else. What a notebook defines is left to a subclass: the
surveyor cuts there, the writer stores it.
"""

from __future__ import annotations

import concurrent.futures
import copyreg
import enum
import functools
import gc
import io
import pickle
import subprocess
import sys
import threading
import types
import typing
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from durnb import computed
from durnb.registered import Registration, is_proven, registration_of
from durnb.snapshot import array_parts, arrays, figures, leaves, memory_views, natural, rebuild, singletons, standins, tensors
from durnb.snapshot.classes import (
    Manner,
    manner_of,
    past_own_methods,
    quiet,
    raw_member,
    reduced_exception,
    reduces_as_exception,
    resolves,
    with_causes,
)
from durnb.snapshot.definitions import Notebook, importable, is_empty, is_handmade
from durnb.snapshot.kinds import LOCK, RLOCK, Debris, Kinds, Refused, verdict
from durnb.snapshot.model import CantStore

Reduction = Any
NATIVE: frozenset[type] = frozenset(
    (
        *(type(None), bool, int, float, complex, str, bytes, bytearray, tuple, list, dict, set, frozenset),
        *(type(...), type(NotImplemented), range, slice, pickle.PickleBuffer),
    )
)
DICT_VIEWS: dict[type, str] = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}
BY_NAME = tuple(
    getattr(typing, name) for name in ("TypeVar", "ParamSpec", "TypeVarTuple", "NewType", "TypeAliasType") if hasattr(typing, name)
)
CHANGEABLE: tuple[type, ...] = (
    *(io.IOBase, types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType),
    *(concurrent.futures.Executor, concurrent.futures.Future, subprocess.Popen),
)


class Call:
    """A call made while the stream is loaded, at the place where it stands."""

    __slots__ = ("args", "function")

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.function, self.args = function, args


class Reduced:
    """An object by its reduction, which is known."""

    __slots__ = ("reduction",)

    def __init__(self, reduction: Reduction) -> None:
        self.reduction = reduction


class Reducer:
    """Takes objects apart; one for each pickler."""

    def __init__(self, notebook: Notebook, kinds: Kinds) -> None:
        self.notebook, self.kinds = notebook, kinds
        self.customs: list[tuple[object, str]] = []
        self.marked: list[tuple[object, dict[str, str]]] = []
        self.debris: list[tuple[object, str]] = []
        self.named: list[object] = []
        self.unproven = False
        self._singletons = singletons.Singletons(notebook)
        self._storages: dict[int, tuple[tensors.Storage, Any]] = {}  # with torch's own, so that its address stays its own
        self._looks_for_marks = computed.are_there()
        self._ordinary: set[type] = set()
        self._manners: dict[int, Manner] = {}  # by address: a metaclass may forbid hashing
        self._containers, self._arrays = arrays.container_kinds()

    def reduce(self, obj: Any) -> Reduction:
        """What the pickler's `reducer_override` returns. Raises CantStore with the culprit, whatever the object raised."""
        kind = type(obj)
        if kind in NATIVE:
            return NotImplemented
        try:
            return self._reduce(obj, kind)
        except (CantStore, KeyboardInterrupt, RecursionError):
            raise
        except BaseException as error:
            raise CantStore(obj, f"{type(error).__name__}: {error}") from error

    def _reduce(self, obj: Any, kind: type) -> Reduction:
        if self._looks_for_marks and (marks := computed.marks_of(obj)):
            self.marked.append((obj, dict(marks)))
        if kind not in self._ordinary:
            told = self._special(obj, kind)
            if told is not None:
                return told
        found = self._singletons.find(obj)
        if found is not None:
            self.named.append(obj)
            return found
        if arrays.is_array(obj):
            return self._array(obj, kind)
        if tensors.is_plain_tensor(obj, kind):
            return self._tensor(obj)
        return self._object(obj, kind)

    def _special(self, obj: Any, kind: type) -> Reduction | None:
        """What its type decides; None for an object whose type says nothing, which is not asked again where it never will."""
        stored = registration_of(kind)
        if stored is not None:
            return self._registered(obj, stored)
        known = _REDUCTIONS.get(kind)
        if known is not None:
            return known(self, obj)
        if isinstance(obj, type):
            return self._class(obj)
        handler = natural.handler_of(kind)
        told = self._natural(obj, handler) if handler is not None else None
        return self._judged(obj, kind, always=handler is not None) if told is None else told

    def _natural(self, obj: Any, handler: natural.Handler) -> Reduction | None:
        """What makes an object of a known library again; None where it is stored like any other."""
        by_reference = self._singletons.stream(obj)
        if by_reference is not None:
            self.named.append(obj)
            return by_reference
        match handler(obj):
            case natural.Natural(reduction, note):
                if note:
                    self.debris.append((obj, note))
                return reduction
            case Refused(reason):
                raise CantStore(obj, reason)
            case Debris(what, stand_in):
                self.debris.append((obj, what))
                return stand_in
            case None:
                return None

    def _judged(self, obj: Any, kind: type, *, always: bool) -> Reduction | None:
        match self._singletons.stream(obj) or verdict(obj):
            case Refused(reason):
                raise CantStore(obj, reason)
            case Debris(what, stand_in):
                self.debris.append((obj, what))
                return stand_in
            case tuple() as by_reference:
                self.named.append(obj)
                return by_reference
        if not always and not isinstance(obj, CHANGEABLE):
            self._ordinary.add(kind)
        return None

    # What subclasses decide

    def definition(self, obj: Any) -> Reduction:
        raise NotImplementedError

    def plain_array(self, obj: Any, *, shares: bool) -> Reduction:
        raise NotImplementedError

    def handmade(self, obj: types.ModuleType) -> None:
        """A module made by hand was met."""

    def cell(self, obj: types.CellType) -> Reduction:
        return rebuild.cell, (0,), () if is_empty(obj) else (obj.cell_contents,)

    def code(self, obj: types.CodeType) -> Reduction:
        return rebuild.code, ()

    # Definitions and what is made of them

    def _class(self, obj: type) -> Reduction:
        if any(obj is kind for kind in (type(None), type(...), type(NotImplemented))) or importable(obj, self.notebook):
            return NotImplemented
        by_reference = singletons.builtin_type(obj)
        if by_reference is not None:
            return by_reference
        if obj.__module__ == "_ctypes":
            raise CantStore(obj, "classes of ctypes can't be stored: make them, and what is made of them, in a plain cell")
        if not obj.__flags__ & (1 << 9):
            raise CantStore(obj, f"the type {obj.__qualname__} of {obj.__module__} can't be found by its name")
        return self.definition(obj)

    def _function(self, obj: types.FunctionType) -> Reduction:
        return NotImplemented if importable(obj, self.notebook) else self.definition(obj)

    def _method(self, obj: types.MethodType) -> Reduction:
        return rebuild.method, (obj.__func__, obj.__self__)

    def _static(self, obj: Any) -> Reduction:
        state = {name: value for name, value in vars(obj).items() if not hasattr(obj.__func__, name)}
        return type(obj), (obj.__func__,), state or None

    def _property(self, obj: property) -> Reduction:
        return type(obj), (obj.fget, obj.fset, obj.fdel, obj.__doc__)

    def _call(self, obj: Call) -> Reduction:
        return obj.function, obj.args

    def _module(self, obj: types.ModuleType) -> Reduction:
        if obj is sys.modules.get("__main__"):
            return rebuild.main_module, ()
        known = sys.modules.get(obj.__name__) is obj
        if known and not is_handmade(obj):
            return rebuild.module, (obj.__name__,)
        self.handmade(obj)
        facts = {name: value for name, value in vars(obj).items() if name not in ("__builtins__", "__loader__", "__spec__")}
        return standins.handmade_module, (obj.__name__, known), facts, None, None, standins.module_state

    def _lru(self, obj: Any) -> Reduction:
        if importable(obj, self.notebook):
            return NotImplemented
        count = obj.cache_info().currsize
        if count:
            self.debris.append((obj, f"the cache of a function ({count} results) is not kept: it fills again"))
        path = next((name for name, value in self.notebook.namespace.items() if value is obj), None)
        state = {name: value for name, value in vars(obj).items() if name != "__wrapped__"}
        return rebuild.lru_cached, (obj.__wrapped__, obj.cache_parameters(), path), state, None, None, rebuild.instance_state

    def _by_name(self, obj: Any) -> Reduction:
        if resolves(obj.__module__, obj.__name__, obj):
            return NotImplemented
        kind, name = type(obj), obj.__name__
        facts: dict[str, Any] = {}
        args: tuple[Any, ...] = (name,)
        if hasattr(obj, "__supertype__"):
            args = (name, obj.__supertype__)
        elif hasattr(obj, "__constraints__"):
            args = (name, *obj.__constraints__)
            facts = {"bound": obj.__bound__, "covariant": obj.__covariant__, "contravariant": obj.__contravariant__}
        elif hasattr(obj, "__value__"):
            args = (name, obj.__value__)
        return rebuild.notebook_global, (name, kind, args, facts)

    def _registered(self, obj: Any, stored: Registration) -> Reduction:
        try:
            dumped = stored.dump(obj)
        except Exception as error:
            raise CantStore(obj, f"dump of durnb.register({stored.name}) raised {type(error).__name__}: {error}") from error
        self.unproven = self.unproven or not is_proven(stored)
        return standins.registered, (stored.name, f"{type(obj).__module__}.{type(obj).__qualname__}", dumped)

    # Odds and ends that the pickler does not know

    def _weak(self, obj: Any) -> Reduction:
        if type(obj) is weakref.WeakMethod:
            bound = obj()
            return (rebuild.weak_method, (bound,)) if bound is not None else (rebuild.dead_weak, ())
        referent = obj()
        if referent is None:
            return rebuild.dead_weak, ()
        return rebuild.weak, (referent, obj.__callback__)

    def _weak_proxy(self, obj: Any) -> Reduction:
        try:
            return standins.weak_proxy, (obj.__reduce_ex__.__self__,)  # asked of the object behind it, as everything is
        except ReferenceError:
            return standins.Gone, ("an object that went",)

    def _weak_items(self, obj: Any) -> Reduction:
        items = dict(obj.items()) if not isinstance(obj, weakref.WeakSet) else list(obj)
        return rebuild.weak_collection, (type(obj), items)

    def _proxy(self, obj: Any) -> Reduction:
        underlying = next((each for each in gc.get_referents(obj) if isinstance(each, dict)), None)
        if underlying is None:
            raise CantStore(obj, "a mapping proxy of something other than a dict")
        owner = next((each for each in gc.get_referrers(underlying) if isinstance(each, type) and vars(each) == obj), None)
        return (vars, (owner,)) if owner is not None else (rebuild.proxy, (underlying,))

    def _lock(self, obj: Any) -> Reduction:
        if obj.locked() if type(obj) is LOCK else "owner=0 " not in repr(obj):
            raise CantStore(obj, "a lock that is held")
        return (threading.Lock if type(obj) is LOCK else threading.RLock), ()

    def _memoryview(self, obj: memoryview) -> Reduction:
        if memoryview(obj.obj).nbytes != obj.nbytes or not obj.c_contiguous:
            reduced = memory_views.reduced_part(obj)
            if reduced is None:
                raise CantStore(obj, "a memoryview on a part of a buffer")
            return reduced
        return rebuild.view, (obj.obj, obj.format, obj.shape, obj.readonly)

    def _dict_view(self, obj: Any) -> Reduction:
        return rebuild.dict_view, (gc.get_referents(obj)[0], DICT_VIEWS[type(obj)])

    # Instances

    def _array(self, obj: Any, kind: type) -> Reduction:
        np = arrays.numpy()
        assert np is not None
        if kind is np.ndarray and (obj.base is None or not array_parts.is_mapped(obj)):
            return self.plain_array(obj, shares=True)
        if kind is np.ndarray:
            return array_parts.reduced_map(obj)
        own = kind.__reduce__ is not np.ndarray.__reduce__ or kind.__reduce_ex__ is not np.ndarray.__reduce_ex__
        if own and not arrays.is_masked(
            kind
        ):  # a masked array says all in its attributes, and its own way to reduce copies what it is a view of
            return self._object(obj, kind)
        state = dict(getattr(obj, "__dict__", {})) or None
        return arrays.rebuild_subclass, (obj.view(np.ndarray), kind), state, None, None, arrays.subclass_state if state else None

    def _tensor(self, obj: Any) -> Reduction:
        if tensors.is_of_a_graph(obj):
            self.debris.append((obj, "the graph that it was computed by is not kept: it is a tensor of its own"))
        storage = obj.untyped_storage()
        key = storage.data_ptr() or id(obj)
        known = self._storages.get(key)
        if known is None:
            known = self._storages[key] = tensors.Storage(storage, self.notebook.on_host), storage
        return tensors.reduced(obj, known[0])

    def _owned(self, obj: arrays.Owned) -> Reduction:
        if arrays.is_array(obj.value):
            return self.plain_array(obj.value, shares=False)
        made = arrays.owned(self._reduced(obj.value), self._arrays)
        return (rebuild.new, *made[1:]) if getattr(made[0], "__name__", "") == "__newobj__" else made

    def _object(self, obj: Any, kind: type) -> Reduction:
        manner = self._manners.get(id(kind))
        if manner is None:
            manner = self._manners[id(kind)] = manner_of(kind)
        self.unproven |= manner.hashes
        if isinstance(obj, enum.Enum) and not importable(kind, self.notebook):
            name = obj.name if obj.name in vars(kind)["_member_map_"] else None
            raw = (kind, name, obj.value, *raw_member(obj))
            return rebuild.enum_member, raw, dict(vars(obj)), None, None, rebuild.member_state
        if (
            isinstance(obj, BaseException)
            and isinstance(getattr(kind, "__init__", None), types.FunctionType)
            and reduces_as_exception(kind)
        ):
            return reduced_exception(obj)
        try:
            reduced = self._reduced(obj)
        except (KeyboardInterrupt, RecursionError, CantStore):
            raise
        except BaseException as error:
            return self._leaf(obj, error)
        if isinstance(obj, BaseException):
            reduced = with_causes(reduced, obj)
        if manner.is_custom:
            self.unproven = True
            self.customs.append((obj, f"{kind.__module__}.{kind.__qualname__}"))
        if isinstance(reduced, tuple):
            figure = figures.kept_from_pyplot(reduced, obj)
            reduced = past_own_methods(reduced, obj, manner) if figure is reduced else figure
        return arrays.owned(reduced, self._arrays) if isinstance(obj, self._containers or ()) else reduced

    def _reduced(self, obj: Any) -> Reduction:
        own = copyreg.dispatch_table.get(type(obj))
        with quiet(type(obj)):
            reduced = own(obj) if own is not None else obj.__reduce_ex__(5)
        if isinstance(reduced, str):
            module = pickle.whichmodule(obj, reduced)  # type: ignore[attr-defined,unused-ignore]  # public in all but the stubs
            if not resolves(module, reduced, obj):
                raise CantStore(obj, f"{module}.{reduced} is not this object")
            self.named.append(obj)
        elif not (isinstance(reduced, tuple) and 2 <= len(reduced) <= 6 and callable(reduced[0]) and isinstance(reduced[1], tuple)):
            raise CantStore(obj, "its __reduce__ does not say how to make it again")
        return reduced

    def _leaf(self, obj: Any, error: BaseException) -> Reduction:
        data = leaves.dilled(obj)
        if data is None:
            raise CantStore(obj, str(error) or type(error).__name__) from error
        self.unproven = True
        return rebuild.dill_leaf, (data,)


def _table() -> Iterator[tuple[type, Callable[[Reducer, Any], Reduction]]]:
    yield types.FunctionType, Reducer._function
    yield types.MethodType, Reducer._method
    yield types.ModuleType, Reducer._module
    yield types.CellType, lambda reducer, obj: reducer.cell(obj)
    yield types.CodeType, lambda reducer, obj: reducer.code(obj)
    yield staticmethod, Reducer._static
    yield classmethod, Reducer._static
    yield property, Reducer._property
    yield functools._lru_cache_wrapper, Reducer._lru
    yield types.MappingProxyType, Reducer._proxy
    yield from ((kind, Reducer._dict_view) for kind in DICT_VIEWS)
    yield memoryview, Reducer._memoryview
    yield arrays.Owned, Reducer._owned
    yield Call, Reducer._call
    yield Reduced, lambda _, obj: obj.reduction
    yield from ((kind, Reducer._weak) for kind in (weakref.ref, weakref.WeakMethod))
    yield from ((kind, Reducer._weak_proxy) for kind in (weakref.ProxyType, weakref.CallableProxyType))
    yield from ((kind, Reducer._weak_items) for kind in (weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary))
    yield from ((kind, Reducer._lock) for kind in (LOCK, RLOCK))
    yield from ((kind, Reducer._by_name) for kind in BY_NAME)


_REDUCTIONS = dict(_table())
