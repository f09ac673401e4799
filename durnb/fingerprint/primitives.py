"""Standard-library objects of C that tell their state without being changed: locks, hashes part way, iterators, weak collections."""

from __future__ import annotations

import contextvars
import ctypes
import gc
import hashlib
import hmac
import io
import itertools
import re
import sys
import threading
import warnings
import weakref
from collections.abc import Mapping
from typing import Any

from durnb import reading
from durnb.fingerprint.containers import of_mapping
from durnb.fingerprint.looking import basicsize, derives, instance_dict, type_name
from durnb.fingerprint.parts import Parts, Taker, joined, named, opaque

ITERTOOLS_REDUCE = sys.version_info < (3, 14)
WEAK = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary, weakref.WeakSet)
_RLOCK = re.compile(r"owner=(\d+) count=(\d+)")


def _of_lock(value: Any) -> Parts:
    return Parts(joined("lock", str(value.locked())), numbered=True)


def _of_rlock(value: Any) -> Parts:
    told = _RLOCK.search(repr(value))  # the only way to ask that every Python has
    return Parts(joined("reentrant lock", told[2] if told and told[1] != "0" else "0"), numbered=True)


def _of_hash(value: Any) -> Parts:
    return Parts(joined("hash", value.name, value.digest()), numbered=True)


def _of_variable(value: contextvars.ContextVar[Any]) -> Parts:
    held = value.get(_UNSET)
    return Parts(joined("context variable", value.name), () if held is _UNSET else (held,), label=lambda _: ".get()", numbered=True)


_UNSET = object()


def _of_weak_mapping(value: Mapping[object, object]) -> Parts:
    items = list(value.items())
    return of_mapping(type_name(type(value)).encode(), [key for key, _ in items], [held for _, held in items])


def _of_weak_set(value: weakref.WeakSet[object]) -> Parts:
    return Parts(b"weakref.WeakSet", list(value), unordered=True, numbered=True)


def _of_file(value: Any) -> Parts:
    """A file open for reading counts by its name and where one reads. One open for writing can't be asked without being flushed."""
    if value.closed:
        return Parts(joined("closed file", type_name(type(value))))
    if value.writable() or not value.seekable():
        return opaque(type_name(type(value)))
    return Parts(joined("opaque", type_name(type(value)), str(value.name), _place(value)), opaque=True)


def _place(file: Any) -> str:
    if type(file) is not io.TextIOWrapper:
        return str(file.tell())
    try:
        return str(reading.place_of(file))
    except reading.Untold:  # in the middle of `for line in file`: what it has decoded and not handed out tells one place from another
        buffer: Any = file.buffer  # of whatever kind
        return f"{buffer.tell()} {reading.rest_of(file)}"


def _of_memory_file(value: Any) -> Parts:
    """A StringIO or BytesIO. Merely asking one for its attributes gives it a dict for them."""
    if value.closed:
        return Parts(joined("closed file", type_name(type(value))))
    *state, own = value.__getstate__()
    return Parts(joined("file in memory", type_name(type(value))), (*state, own or None), numbered=True)


def of_csv(value: Any) -> Parts:
    """A reader or writer of csv counts by how it is set, by what it reads from or writes to, and by the row that it is in the middle of."""
    settings = tuple(getattr(value.dialect, name) for name in _DIALECT)
    held = [each for each in gc.get_referents(value) if each is not value.dialect and each != [] and not isinstance(each, type)]
    return Parts(joined("csv", type_name(type(value))), (settings, *held), label=lambda _: "", numbered=True)


_DIALECT = ("delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace", "strict")


def of_thread_local(value: threading.local) -> Parts:
    """Thread-local state counts by what this thread has of it."""
    return named(joined("thread local", type_name(type(value))), dict(value.__dict__), numbered=True)


def of_sqlite(value: Any) -> Parts:
    """A connection of sqlite3 counts by how it is set; its database is not looked at."""
    settings = (value.isolation_level, value.in_transaction, value.row_factory, value.text_factory)
    return Parts(joined("opaque", type_name(type(value))), settings, opaque=True)


def of_shared_library(value: Any) -> Parts:
    """A library of ctypes counts by its name, and by what was told of its functions; not by where it lies, nor by which functions were looked up."""
    own = instance_dict(value) or {}
    found: list[tuple[str, Any]] = [(name, each) for name, each in own.items() if derives(type(each), _FUNCTION)]
    told: dict[str, object] = {
        name: (each.restype, each.argtypes) for name, each in found if each.argtypes is not None or each.restype is not ctypes.c_int
    }
    return Parts(joined("library", type_name(type(value)), str(own.get("_name"))), (named(b"functions", told),), numbered=True)


def reduced_quietly(value: Any) -> object:
    """What an object of itertools reduces to; newer Pythons warn that this will go."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return value.__reduce__()


def memory_of(value: object) -> Parts:
    """An iterator that can't be asked, for a probe: what it refers to, and its memory."""
    cls = type(value)
    return Parts(joined("opaque", type_name(cls), _memory(value, cls).hex()), gc.get_referents(value), opaque=True)


def _memory(value: object, cls: type) -> bytes:
    """What a C object holds, less the pointer to its weak references, which looking makes one of."""
    raw = ctypes.string_at(id(value) + basicsize(object), basicsize(cls) - basicsize(object))
    weak: int = cls.__weakrefoffset__ - basicsize(object)
    return raw if weak < 0 else raw[:weak] + raw[weak + ctypes.sizeof(ctypes.c_void_p) :]


_HASHES = {type(hashlib.new(name)) for name in ("md5", "sha256")} | {type(hashlib.blake2b()), type(hashlib.blake2s())}
_MAC = type(getattr(hmac.new(b"k", digestmod="sha256"), "_hmac", None))

_FUNCTION: type = type(ctypes.CDLL(None).abs).__mro__[1]
"""The class of all functions of ctypes, which has no public name."""

PRIMITIVES: dict[type, Taker] = {
    type(threading.Lock()): _of_lock,
    type(threading.RLock()): _of_rlock,
    contextvars.ContextVar: _of_variable,
    **dict.fromkeys((io.TextIOWrapper, io.BufferedReader, io.FileIO), _of_file),
    **dict.fromkeys((io.StringIO, io.BytesIO), _of_memory_file),
    weakref.WeakKeyDictionary: _of_weak_mapping,
    weakref.WeakValueDictionary: _of_weak_mapping,
    weakref.WeakSet: _of_weak_set,
    **dict.fromkeys(_HASHES | ({_MAC} if _MAC is not type(None) else set()), _of_hash),
}


def is_iterator(cls: type) -> bool:
    """Whether a class is one of itertools'."""
    return id(cls) in _ITERATORS


_ITERATORS = {id(type(itertools.tee(())[0])), *(id(each) for each in vars(itertools).values() if type(each) is type)}
