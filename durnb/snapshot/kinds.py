"""What kind of thing an object is: immutable (links nothing), refused (never stored), debris (nobody misses it)."""

from __future__ import annotations

import concurrent.futures
import datetime
import decimal
import enum
import fractions
import io
import ipaddress
import logging
import pathlib
import re
import socket
import subprocess
import sys
import threading
import types
import uuid
import weakref
from collections.abc import Callable
from typing import Any

from durnb.records import dataclass
from durnb.snapshot import rebuild, standins
from durnb.snapshot.connections import is_closed

IMMUTABLE: tuple[type, ...] = (
    *(type(None), bool, int, float, complex, str, bytes, tuple, frozenset, range, slice, type(...), type(NotImplemented), type),
    *(types.FunctionType, types.BuiltinFunctionType, types.ModuleType, types.CodeType, types.MethodType, types.MethodWrapperType),
    *(types.WrapperDescriptorType, types.MethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType, property),
    *(staticmethod, classmethod, types.GenericAlias, types.UnionType, types.MappingProxyType, weakref.ref, enum.Enum),
    *(datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, decimal.Decimal, fractions.Fraction, uuid.UUID),
    *(re.Pattern, pathlib.PurePath, ipaddress.IPv4Address, ipaddress.IPv6Address, logging.Logger),
)
ELSEWHERE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("numpy", ("generic", "dtype", "ufunc")),
    ("pandas", ("Index", "Timestamp", "Timedelta", "Period", "Interval")),
    ("pandas.api.extensions", ("ExtensionDtype",)),
    ("pandas._libs.tslibs.offsets", ("BaseOffset",)),
    ("pandas._libs.tslibs.nattype", ("NaTType",)),
    ("pyarrow.lib", ("_Weakrefable",)),
    ("polars.datatypes", ("DataType",)),
)
LOCK, RLOCK = type(threading.Lock()), type(threading.RLock())


class Kinds:
    """The tables as they are now: types of libraries count where the library is loaded."""

    def __init__(self) -> None:
        self._immutable = IMMUTABLE + tuple(_present(ELSEWHERE))
        self._mutable = tuple(_present((("pyarrow.lib", ("NativeFile", "IpcWriteOptions")), ("numpy", ("void",)))))
        self._links: dict[int, tuple[type, bool]] = {}  # by address: a metaclass may forbid hashing

    def links(self, kind: type) -> bool:
        """Whether two names that hold one object of this kind share mutable state."""
        known = self._links.get(id(kind))
        if known is None:
            links = not issubclass(kind, self._immutable) or issubclass(kind, self._mutable)
            known = self._links[id(kind)] = (kind, links)
        return known[1]


def _present(table: tuple[tuple[str, tuple[str, ...]], ...]) -> list[type]:
    found = [getattr(sys.modules.get(module), name, None) for module, names in table for name in names]
    return [each for each in found if isinstance(each, type)]


@dataclass(frozen=True, slots=True)
class Debris:
    """What was dropped, and what stands for it inside a value that is kept."""

    what: str
    stand_in: tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an object can't be stored."""

    reason: str


def verdict(value: Any) -> Debris | Refused | None:
    """Whether an object must not be stored, and why; None for all others."""
    if value is None or isinstance(value, (str, int, float, tuple, types.FunctionType, type)):
        return None
    if isinstance(value, io.IOBase):
        return _file(value)
    if isinstance(value, (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)):
        return _suspended(value)
    if isinstance(value, concurrent.futures.Executor):
        return _executor(value)
    if is_closed(value):
        return Debris("closed connection", (standins.closed_connection, ()))
    if any(isinstance(value, kind) for kind in _present((("tqdm.std", ("tqdm",)), ("rich.progress", ("Progress",))))):
        return Debris("progress bar", (rebuild.nothing, ()))
    return _refused(value)


def _file(value: Any) -> Debris | Refused | None:
    in_memory = isinstance(value, (io.BytesIO, io.StringIO))
    try:
        closed = bool(value.closed)
    except Exception:
        return Refused("a file")
    if closed and in_memory:
        return Debris("closed buffer", (rebuild.closed_bytes, (io.BytesIO if isinstance(value, io.BytesIO) else io.StringIO,)))
    if closed:
        return Debris("closed file", (rebuild.closed_file, ()))
    if in_memory or isinstance(value, socket.SocketIO):
        return None if in_memory else Refused("a socket")
    return Refused("a file open for writing" if value.writable() else "an open file")


def _suspended(value: Any) -> Debris | Refused:
    frame = next((getattr(value, name) for name in ("gi_frame", "cr_frame", "ag_frame") if hasattr(value, name)), None)
    what = type(value).__name__.replace("_", " ")
    if frame is not None:
        return Refused(f"a {what} that has not ended: it can't be stored where it stands")
    return Debris(f"spent {what}", (rebuild.spent_generator, ()))


def _executor(value: Any) -> Debris | Refused:
    if getattr(value, "_shutdown", False) or getattr(value, "_shutdown_thread", False):
        return Debris("shut-down pool", (rebuild.shut_pool, ()))
    return Refused("a pool that still takes work")


REFUSED: tuple[tuple[str, str, str], ...] = (
    ("socket", "socket", "a socket"),
    ("ssl", "SSLContext", "a TLS context"),
    ("ssl", "SSLObject", "a TLS connection"),
    ("mmap", "mmap", "a memory map of a file"),
    ("threading", "Thread", "a thread"),
    ("sqlite3", "Connection", "a database connection"),
    ("sqlite3", "Cursor", "a database cursor"),
    ("duckdb", "DuckDBPyConnection", "a database connection"),
    ("duckdb", "DuckDBPyRelation", "a relation of a database connection"),
    ("multiprocessing.process", "BaseProcess", "a process"),
    ("multiprocessing.connection", "_ConnectionBase", "a connection to a process"),
    ("multiprocessing.pool", "Pool", "a pool of processes"),
    ("multiprocessing.managers", "BaseProxy", "a proxy of an object in another process"),
    ("multiprocessing.managers", "BaseManager", "a manager process"),
    ("multiprocessing.shared_memory", "SharedMemory", "shared memory"),
    ("multiprocessing.synchronize", "SemLock", "a lock between processes"),
    ("asyncio", "AbstractEventLoop", "an event loop"),
    ("asyncio", "Future", "a task or future of an event loop"),
    ("concurrent.futures", "Future", "a future of a pool"),
    ("contextvars", "Context", "a context"),
    ("contextvars", "ContextVar", "a context variable"),
    ("contextvars", "Token", "a token of a context variable"),
    ("numpy", "memmap", "a memory map of a file"),
    ("zmq", "Socket", "a socket"),
    ("zmq", "Context", "a zmq context"),
    ("selectors", "BaseSelector", "a selector"),
    ("tempfile", "TemporaryDirectory", "a temporary directory, which goes with its process"),
    ("tempfile", "_TemporaryFileWrapper", "a temporary file, which goes with its process"),
    ("dbm", "_Database", "an open database"),
    ("IPython.core.interactiveshell", "InteractiveShell", "the IPython shell"),
    ("ipywidgets", "Widget", "a widget, which goes with its kernel"),
    ("_hashlib", "HASH", "a hash part way"),
    ("_hashlib", "HMAC", "a hash part way"),
    ("_blake2", "blake2b", "a hash part way"),
    ("_blake2", "blake2s", "a hash part way"),
)


def _refused(value: object) -> Refused | None:
    if isinstance(value, (types.FrameType, types.TracebackType)):
        return Refused(f"a {type(value).__name__}")
    if isinstance(value, subprocess.Popen):
        return Refused("a running process") if value.returncode is None else None
    if isinstance(value, concurrent.futures.Future) and value.done():
        return None
    for module, name, reason in REFUSED:
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type) and isinstance(value, kind):
            return Refused(reason)
    return None
