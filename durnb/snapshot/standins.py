"""What streams call to make again what can't be stored as it is: objects that a person registered, open files, connections, clients.

These names are stored: they may be added to, never changed. None has an effect outside the process. What can't be opened again is `Gone`, so that
one variable costs the others nothing, and a note says why.
"""

from __future__ import annotations

import asyncio
import contextvars
import decimal
import functools
import importlib
import io
import os
import sys
import threading
import types
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from durnb import computed
from durnb.errors import Unavailable
from durnb.registered import prove, registration_named
from durnb.snapshot import clients, connections, files
from durnb.snapshot.definitions import is_handmade
from durnb.snapshot.model import RestoreError
from durnb.snapshot.place import here
from durnb.snapshot.undo import about_to_change

_notes: ContextVar[list[str] | None] = ContextVar("durnb_restore_notes", default=None)


@contextmanager
def noting() -> Iterator[list[str]]:
    """Collects what restores inside it have to say."""
    notes: list[str] = []
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def note(text: str) -> None:
    """Says something about the restore that is going on, once for each text."""
    notes = _notes.get()
    if notes is not None and text not in notes:
        notes.append(text)


class Gone:
    """Stands for what could not be opened again; whoever uses it is told why."""

    def __init__(self, what: str) -> None:
        object.__setattr__(self, "_durnb_gone", what)

    def __repr__(self) -> str:
        return f"<gone: {object.__getattribute__(self, '_durnb_gone')}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # asked by Python and IPython, not by a person
        raise self._error()

    def __iter__(self) -> Iterator[Any]:
        raise self._error()

    def __enter__(self) -> Any:
        raise self._error()

    def __exit__(self, *_: object) -> None:
        """Never reached: it can't be entered."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Gone, (object.__getattribute__(self, "_durnb_gone"),)

    def _error(self) -> Unavailable:
        return Unavailable(what=object.__getattribute__(self, "_durnb_gone"))


def opened(what: str, opening: Callable[[], Any]) -> Any:
    """What `opening` gives; something `Gone` where it can't be opened. In a scratch load nothing is opened."""
    if here().scratch:
        return Gone(what)
    try:
        return opening()
    except Exception as error:  # whatever a library raises, the other variables must come back
        said = f"{what} could not be opened again ({type(error).__name__}: {error})"
        note(said)
        return Gone(said)


def registered(name: str, kind: str, dumped: Any) -> Any:
    """What `durnb.register` was told to make of `dumped`. Raises RestoreError that names the type and the function."""
    stored = registration_named(name)
    if stored is None:
        raise RestoreError(f"it holds a {name}, which durnb.register stored: run the plain cell that registers it first")
    try:
        made = stored.load(dumped)
    except Exception as error:
        raise RestoreError(f"load of durnb.register({name}) raised {type(error).__name__}: {error}") from error
    found = f"{type(made).__module__}.{type(made).__qualname__}"
    if found != kind:
        raise RestoreError(f"load of durnb.register({name}) made a {found}, not a {kind}")
    prove(stored)
    return made


def file(told: files.OpenFile) -> Any:
    """A file open for reading, at its position."""
    return opened(f"file {told.path}", lambda: files.reopen(told))


def buffered(raw: Any, position: int) -> Any:
    """A buffer over a file."""
    if isinstance(raw, Gone):
        return raw
    made = io.BufferedReader(raw)
    made.seek(position)
    return made


def text(buffer: Any, told: files.TextLayer) -> Any:
    """A text file over its buffer."""
    if isinstance(buffer, Gone):
        return buffer
    made = io.TextIOWrapper(buffer, told.encoding, told.errors, told.newline)
    made.mode = "r"  # type: ignore[misc]  # open() puts it there
    made.seek(told.position)
    return made


def compressed(module: str, name: str, path: str, position: int) -> Any:
    """A compressed file open for reading, at its position."""

    def opening() -> Any:
        os.stat(path)
        made = getattr(importlib.import_module(module), name)(path, "rb")
        made.seek(position)
        return made

    return opened(f"file {path}", opening)


def sqlite(told: connections.SqliteConnection) -> Any:
    """A connection to an SQLite file."""
    return opened(f"SQLite database {told.path}", lambda: connections.open_sqlite(told))


def duckdb(told: connections.DuckdbConnection) -> Any:
    """A connection to a DuckDB file."""
    return opened(f"DuckDB database {told.path}", lambda: connections.open_duckdb(told))


def client(told: clients.Client) -> Any:
    """A client of an HTTP service or of a language model."""
    return opened(f"{told.module}.{told.name}", lambda: clients.make(told, importlib.import_module(told.module)))


def engine(address: str, echo: Any) -> Any:
    """An engine of SQLAlchemy."""
    return opened(f"engine {address}", lambda: importlib.import_module("sqlalchemy").create_engine(address, echo=echo))


def h5_file(path: str) -> Any:
    """A file of h5py, to be read."""
    return opened(f"HDF5 file {path}", lambda: importlib.import_module("h5py").File(path, "r"))


def h5_part(whole: Any, name: str) -> Any:
    """A group or dataset of a file of h5py."""
    return whole if isinstance(whole, Gone) else opened(f"{name} of {whole.filename}", lambda: whole[name])


def xml(text: bytes, is_html: bool) -> Any:
    """The root of a document of lxml."""
    etree: Any = importlib.import_module("lxml.etree")
    parser = etree.XMLParser(huge_tree=True, resolve_entities=False)
    if is_html:
        parser.set_element_class_lookup(importlib.import_module("lxml.html").HtmlElementClassLookup())
    return etree.fromstring(text, parser)


def xml_part(root: Any, path: str) -> Any:
    """An element of a document of lxml."""
    return root.xpath(path)[0]


def secret(module: str, name: str, variable: str) -> Any:
    """A secret that an environment variable has."""

    def opening() -> Any:
        kind = getattr(importlib.import_module(module), name)
        value = os.environ[variable]
        return kind(value.encode() if name == "SecretBytes" else value)

    return opened(f"secret {variable}", opening)


def iterator_state(made: Any, state: Any) -> None:
    """Puts an object of itertools where it stood; newer Pythons warn when that is done, and people may have made errors of warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made.__setstate__(state)


def decimal_context(current: bool, facts: tuple[Any, ...]) -> decimal.Context:
    """A context of decimal arithmetic: that which counts in this thread, where it was that, else one of its own."""
    return decimal.getcontext() if current and not here().scratch else decimal.Context(*facts)


def match(pattern: Any, how: str, text: Any, start: int, end: int) -> Any:
    """A match of a pattern in a text."""
    return getattr(pattern, how)(text, start, end)


def ufunc(function: Any, takes: int, gives: int, identity: Any) -> Any:
    """A function for arrays of one for values."""
    return importlib.import_module("numpy").frompyfunc(function, takes, gives, identity=identity)


def weak_proxy(referent: Any) -> Any:
    """A proxy of an object that somebody else holds."""
    return weakref.proxy(referent)


def thread_local(kind: Any, args: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Thread-local state that no thread has set up."""
    return kind.__new__(kind, *args, **named)


def ended_thread(kind: Any, name: str, daemon: bool) -> Any:
    """A thread that has ended."""
    made: Any = threading.Thread(name=name, daemon=daemon)
    if not here().scratch:
        made.start()
        made.join()
    made.__class__ = kind
    return made


def finalizer(owner: Any, function: Any, args: tuple[Any, ...], named: dict[str, Any] | None, at_exit: bool) -> Any:
    """A finalizer that is due when `owner` goes; on trial one that has run."""
    if here().scratch:
        return object.__new__(weakref.finalize)
    made = weakref.finalize(owner, function, *args, **(named or {}))
    made.atexit = at_exit
    return made


def context_variable(name: str, default: tuple[Any, ...]) -> contextvars.ContextVar[Any]:
    """The live context variable of that name, else a new one."""
    place = here()
    known = () if place.scratch else place.namespace.values()
    found = next((each for each in known if type(each) is contextvars.ContextVar and each.name == name), None)
    if found is not None:
        return found
    return contextvars.ContextVar(name, default=default[0]) if default else contextvars.ContextVar(name)


def set_variable(made: contextvars.ContextVar[Any], held: tuple[Any, ...]) -> None:
    """Gives a context variable its value."""
    for value in held if not here().scratch else ():
        token = made.set(value)
        about_to_change(made, functools.partial(made.reset, token))


def async_future(result: Any, error: BaseException | None, cancelled: bool) -> Any:
    """A done future, of the loop that runs now."""
    made: asyncio.Future[Any] = asyncio.Future(loop=_loop())
    if cancelled:
        made.cancel()
    elif error is not None:
        made.set_exception(error)
        made.exception()  # asked for already, or not: it is not to be complained about
    else:
        made.set_result(result)
    return made


def _loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.new_event_loop()


def handmade_module(name: str, known: bool) -> types.ModuleType:
    """A module that code made; the live one where it stands in `sys.modules`, and put there where it stood there."""
    place = here()
    found = sys.modules.get(name) if known and not place.scratch else None
    if found is not None and is_handmade(found):
        return found
    made = types.ModuleType(name)
    if known and not place.scratch and found is None:
        sys.modules[name] = made
    return made


def module_state(made: types.ModuleType, state: dict[str, Any]) -> None:
    """Gives a module exactly these names, beside those that Python gives it."""
    own = vars(made)
    about_to_change(made)
    for name in [name for name in own if name not in state and not name.startswith("__")]:
        del own[name]
    own.update(state)


def checked(values: dict[str, Any], customs: list[tuple[object, str]]) -> dict[str, Any]:
    """The values; when a stream is tried, those whose own classes decide how they are loaded must have come back as what they were."""
    for value, name in customs if here().scratch else ():
        found = f"{type(value).__module__}.{type(value).__qualname__}"
        if found != name:
            raise TypeError(f"its __reduce__ makes a {found} of a {name}")
    return values


def marked(values: dict[str, Any], marks: list[tuple[object, dict[str, str]]]) -> dict[str, Any]:
    """The values, and what is known of attributes that their cached properties put there."""
    for instance, digests in marks if not here().scratch else ():
        computed.mark(instance, digests)
    return values


def closed_connection() -> Any:
    """Stands for a closed connection to a database."""
    made = importlib.import_module("sqlite3").connect(":memory:")
    made.close()
    return made
