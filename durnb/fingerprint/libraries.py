"""Which classes of loaded libraries are taken apart in a way of their own; nothing is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import partial
from operator import is_
from types import ModuleType
from typing import Any, TypeGuard

from durnb.fingerprint import documents, frames, numeric, primitives
from durnb.fingerprint.looking import derives, instance_dict, is_class, type_name
from durnb.fingerprint.origin import module_dict
from durnb.fingerprint.parts import Parts, joined, named, opaque
from durnb.fingerprint.remembered import REMEMBERED
from durnb.records import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """How instances of a library's class are taken apart; without a taker as they pickle, but never as shared."""

    take: Callable[[Any], Parts] | None
    frozen: bool = False
    probe: Callable[[Any], Parts] | None = None
    """How they are taken apart for a probe, where that is quicker."""
    remembers: frozenset[str] | None = None
    """Attributes that mean nothing, beside those that stand in front of a property; None where the library is not known to remember any."""


@dataclass(slots=True)
class _Table:
    """What was made of the modules that were loaded, and of what they had under the names that were asked for: it holds while they are the same."""

    modules: Sequence[object]
    kinds: dict[int, Kind] = field(default_factory=dict)
    frozen: dict[int, bool] = field(default_factory=dict)
    asked: list[tuple[dict[str, object], str, object]] = field(default_factory=list)

    def holds(self, modules: Sequence[object]) -> bool:
        return all(map(is_, modules, self.modules)) and all(own.get(name) is found for own, name, found in self.asked)

    def add(self, module: ModuleType, name: str, kind: Kind) -> None:
        cls = self._class(module, name)
        if cls is not None:
            self.kinds[id(cls)] = kind

    def remember(self, module: ModuleType, name: str, hidden: frozenset[str]) -> None:
        cls = self._class(module, name)
        if cls is not None:
            known = self.kinds.get(id(cls))
            self.kinds[id(cls)] = Kind(None, remembers=hidden | (known.remembers if known is not None and known.remembers else frozenset()))

    def _class(self, module: ModuleType, name: str) -> object | None:
        own = module_dict(module)
        found = own.get(name)
        self.asked.append((own, name, found))
        return found if is_class(found) else None


_table: list[_Table] = []


def loaded_kinds() -> Mapping[int, Kind]:
    """By id of a class, what is done with it and with classes derived from it; the nearest base decides."""
    return _known().kinds


def frozen_kinds() -> Mapping[int, bool]:
    """By id of a class of a loaded library, whether its instances never change."""
    return _known().frozen


def _known() -> _Table:
    modules = list(map(sys.modules.get, _MODULES))
    if not _table or not _table[0].holds(modules):
        _table[:] = [_made(modules)]
    return _table[0]


def _made(modules: Sequence[object]) -> _Table:
    table = _Table(modules)
    loaded = {name: module for name, module in zip(_MODULES, modules, strict=True) if _is_module(module)}
    np, torch, pa = (loaded.get(name) for name in _TAKEN_WITH)
    if np is not None:
        table.add(np, "ndarray", Kind(partial(numeric.of_array, np), probe=partial(numeric.of_array, np, probing=True)))
        table.add(np, "generic", Kind(numeric.of_scalar, frozen=True))
        table.add(np, "void", Kind(partial(numeric.of_row, np)))
        table.add(np, "flatiter", Kind(partial(numeric.of_flat, np)))
        table.add(np, "dtype", Kind(numeric.of_dtype, frozen=True))
        table.add(np, "ufunc", Kind(numeric.of_ufunc))
    if torch is not None:
        table.add(torch, "Tensor", Kind(partial(numeric.of_tensor, torch)))
    if pa is not None:
        for name in ("Table", "RecordBatch", "ChunkedArray", "Array"):
            table.add(pa, name, Kind(partial(frames.of_arrow, pa), frozen=True))
    for module, names, hidden in REMEMBERED:
        for name in names if module in loaded else ():
            table.remember(loaded[module], name, hidden)
    for module, names, kind in _TABLE:
        for name in names if module in loaded else ():
            table.add(loaded[module], name, kind)
    table.frozen = {address: kind.frozen for address, kind in table.kinds.items()}
    return table


_PYDANTIC = ("annotation", "default", "default_factory", "alias", "metadata", "frozen", "init", "kw_only", "title", "description")
_TABLE = (
    ("IPython.core.interactiveshell", ("InteractiveShell",), Kind(lambda value: _of_kernel(value))),
    ("ipykernel.kernelbase", ("Kernel",), Kind(lambda value: _of_kernel(value))),
    ("ipykernel.iostream", ("OutStream",), Kind(lambda value: _of_kernel(value))),
    ("scipy.sparse", ("spmatrix", "sparray"), Kind(numeric.of_sparse)),
    ("pandas", ("DataFrame",), Kind(frames.of_frame)),
    ("pandas", ("Series",), Kind(frames.of_series)),
    ("pandas", ("Index", "Timestamp", "Timedelta", "Period", "Interval"), Kind(None, frozen=True)),
    ("pandas.core.arrays.masked", ("BaseMaskedArray",), Kind(frames.of_masked, frozen=True, probe=frames.probe_masked)),
    ("pandas._libs.arrays", ("NDArrayBacked",), Kind(frames.of_backed)),
    ("pandas.api.extensions", ("ExtensionArray", "ExtensionDtype"), Kind(None, frozen=True)),
    ("pandas._libs.tslibs.offsets", ("BaseOffset",), Kind(None, frozen=True)),
    ("polars", ("DataFrame", "Series"), Kind(frames.of_polars)),
    ("_csv", ("Reader", "Writer"), Kind(primitives.of_csv)),
    ("threading", ("local",), Kind(primitives.of_thread_local)),
    ("sqlite3", ("Connection",), Kind(primitives.of_sqlite)),
    ("decimal", ("Context",), Kind(lambda value: _decimal(value))),
    ("sqlite3", ("Row",), Kind(lambda value: Parts(b"sqlite3.Row", (tuple(value.keys()), tuple(value))), frozen=True)),
    ("ctypes", ("CDLL",), Kind(primitives.of_shared_library)),
    ("lxml.etree", ("_Element",), Kind(documents.of_element)),
    ("rdkit.Chem.rdchem", ("Mol",), Kind(documents.of_molecule)),
    ("zoneinfo", ("ZoneInfo",), Kind(lambda value: _zone(value), frozen=True)),
    ("matplotlib.cbook", ("CallbackRegistry",), Kind(lambda value: _callbacks(value))),  # its __getstate__ counts up
    ("pydantic.fields", ("FieldInfo",), Kind(lambda value: _fields(value, _PYDANTIC))),
)


_TAKEN_WITH = ("numpy", "torch", "pyarrow")  # what is taken apart by functions of the library itself
_MODULES = tuple(dict.fromkeys([*_TAKEN_WITH, *(module for module, _, _ in REMEMBERED), *(module for module, _, _ in _TABLE)]))


def _is_module(value: object) -> TypeGuard[ModuleType]:
    return type(value) is ModuleType or derives(type(value), ModuleType)


def _of_kernel(value: object) -> Parts:
    """What a kernel has one of and everything leads to, threads by their hook for exceptions: it changes with every cell, and means nothing."""
    return Parts(joined("of the kernel", type_name(type(value))))


def _callbacks(value: object) -> Parts:
    own = instance_dict(value) or {}
    return named(b"callbacks", {key: own[key] for key in ("_signals", "exception_handler") if key in own}, numbered=True)


def _zone(value: Any) -> Parts:
    return Parts(joined("zone", value.key)) if value.key is not None else opaque("zoneinfo.ZoneInfo")


def _decimal(value: Any) -> Parts:
    """A context of decimal arithmetic, without its flags, which mere arithmetic raises."""
    numbers = (value.prec, value.rounding, value.Emin, value.Emax, value.capitals, value.clamp)
    return Parts(b"decimal.Context", (*numbers, *sorted(signal.__name__ for signal, traps in value.traps.items() if traps)), numbered=True)


def _fields(value: object, names: tuple[str, ...]) -> Parts:
    return named(joined("fields"), {name: getattr(value, name, None) for name in names}, numbered=True)
