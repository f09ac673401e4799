"""Objects that pickle refuses, or would store wrongly, and that have a natural way to be made again."""

from __future__ import annotations

import ast
import contextvars
import decimal
import gc
import io
import itertools
import operator
import os
import random
import re
import sys
import threading
from collections.abc import Callable
from typing import Any

from durnb.records import dataclass
from durnb.snapshot import array_parts, clients, connections, csv_readers, ctypes_data, files, rebuild, standins
from durnb.snapshot.kinds import Debris, Refused


@dataclass(frozen=True, slots=True)
class Natural:
    """How an object is made again; `note` is what a person should know of it, if anything."""

    reduction: tuple[Any, ...]
    note: str = ""


Answer = Natural | Refused | Debris | None
"""None: it is an object like any other."""


def _file(value: Any) -> Answer:
    """A file open for reading, layer by layer, so that what shares one goes on to."""
    inner = value.buffer if isinstance(value, io.TextIOWrapper) else value.raw if isinstance(value, io.BufferedReader) else None
    if value.closed or (inner is not None and type(inner) not in (io.FileIO, io.BufferedReader)):
        return None
    try:
        if isinstance(value, io.TextIOWrapper):
            return Natural((standins.text, (inner, files.describe_text(value))))
        if isinstance(value, io.BufferedReader):
            files.check(value)
            return Natural((standins.buffered, (inner, value.tell())))
        return Natural((standins.file, (files.describe(value),)))
    except files.NotToBeReopened as why:
        return Refused(str(why))


def _compressed(value: Any) -> Answer:
    """A file of gzip, bz2 or lzma, open for reading."""
    inner: Any = getattr(value, "fileobj", None) or getattr(value, "_fp", None)
    if value.closed or inner is None or not value.readable():
        return None
    try:
        kind = type(value)
        return Natural((standins.compressed, (kind.__module__, kind.__qualname__, files.path_of(inner), value.tell())))
    except files.NotToBeReopened as why:
        return Refused(str(why))


def _sqlite(value: Any) -> Answer:
    try:
        told = connections.describe_sqlite(value)
    except connections.NotToBeReopened as why:
        return Refused(str(why))
    return Natural((standins.sqlite, (told,)), f"opened again on {told.path}; functions and converters of its own are not kept")


def _duckdb(value: Any) -> Answer:
    try:
        told = connections.describe_duckdb(value)
    except connections.NotToBeReopened as why:
        return Refused(str(why))
    return Natural((standins.duckdb, (told,)), f"opened again on {told.path}; functions and settings of its own are not kept")


def _requests(value: Any) -> Answer:
    try:
        clients.check_session(value)
    except clients.HoldsSecret as where:
        return _secret(where)
    return None


def _httpx(value: Any) -> Answer:
    if value._state.name == "CLOSED":
        return Debris("closed client", (standins.Gone, ("a closed client",)))
    try:
        told = clients.describe_httpx(value)
    except clients.HoldsSecret as where:
        return _secret(where)
    if told is None:
        return Refused("a client with transports of its own")
    return Natural((standins.client, (told,)), "made again from its settings; certificates of its own are not kept")


def _model_client(value: Any) -> Answer:
    if value.is_closed():
        return Debris("closed client", (standins.Gone, ("a closed client",)))
    try:
        told = clients.describe_model_client(value)
    except clients.HoldsSecret as where:
        return _secret(where)
    return Natural((standins.client, (told,)), "made again from its settings, its key taken from the environment")


def _secret(where: object) -> Refused:
    return Refused(f"a client that holds a secret ({where}), and secrets are never stored: make it in a plain cell")


def _secret_value(value: Any) -> Answer:
    """A `SecretStr` of pydantic: by the name of the environment variable that has it, else not at all."""
    variable = clients.variable_of(value.get_secret_value())
    if variable is None:
        return Refused("a secret, which is never stored: take it from an environment variable, or make it in a plain cell")
    return Natural((standins.secret, (type(value).__module__, type(value).__qualname__, variable)))


def _engine(value: Any) -> Answer:
    """An engine of SQLAlchemy: by its address, connecting when it is used."""
    if value.url.password:
        return Refused("an engine whose address has a password, and secrets are never stored: make it in a plain cell")
    if value.dialect.name in ("sqlite", "duckdb") and value.url.database in (None, "", ":memory:"):
        return Refused("an engine of a database in memory")
    address = value.url.render_as_string(hide_password=False)
    return Natural((standins.engine, (address, value.echo)), f"made again for {address}; settings of its pool are not kept")


def _symbol(value: Any) -> Answer:
    """A symbol of SQLAlchemy: its number is another in every process, so it is found by its name."""
    homes = [(name, module) for name, module in list(sys.modules.items()) if name.startswith("sqlalchemy.") and module is not None]
    home = next((name for name, module in sorted(homes) if vars(module).get(value.name) is value), None)
    return Natural((rebuild.attribute, (home, value.name))) if home is not None else None


def _h5(value: Any) -> Answer:
    """A file of h5py being read, or a part of one."""
    h5py: Any = sys.modules["h5py"]
    if not value:
        return Debris("closed HDF5 file", (standins.Gone, ("a closed HDF5 file",)))
    if value.file.mode != "r":
        return Refused("an HDF5 file open for writing")
    if isinstance(value, h5py.File):
        path = os.path.abspath(value.filename)
        return Natural((standins.h5_file, (path,)), f"opened again on {path}; what the file holds is not kept")
    return Natural((standins.h5_part, (h5py.File(value.file.id), value.name)))


def _element(value: Any) -> Answer:
    """An element of lxml: its document as text, once for all its elements, and its place in that."""
    etree: Any = sys.modules["lxml.etree"]
    tree = value.getroottree()
    root = tree.getroot()
    if root is value:
        return Natural((standins.xml, (etree.tostring(tree, encoding="utf-8"), _is_html(value))))
    return Natural((standins.xml_part, (root, tree.getpath(value))))


def _is_html(value: Any) -> bool:
    html = sys.modules.get("lxml.html")
    return html is not None and isinstance(value, html.HtmlElement)


def _molecule(value: Any) -> Answer:
    """A molecule of RDKit with all its properties: pickle leaves them out."""
    chem: Any = sys.modules["rdkit.Chem"]
    return Natural((type(value), (value.ToBinary(chem.PropertyPickleOptions.AllProps),)))


def _sqlite_row(value: Any) -> Answer:
    return Natural((connections.row, (tuple(value.keys()), tuple(value))))


def _temporary_file(value: Any) -> Answer:
    return Natural((files.closed_temporary, (value.name,))) if value.file.closed else None


def _decimal_context(value: decimal.Context) -> Answer:
    """The context that counts is one of ambient state, too, which sets it: what it is here is what it is there."""
    return Natural((standins.decimal_context, (value is decimal.getcontext(), value.__reduce__()[1])))


def _variable(value: contextvars.ContextVar[Any]) -> Answer:
    default = tuple(gc.get_referents(value))[1:2] if " default=" in repr(value) else ()
    held = value.get(_UNSET) if not default else value.get()
    return Natural((standins.context_variable, (value.name, default), () if held is _UNSET else (held,), None, None, standins.set_variable))


_UNSET = object()


def _system_random(value: random.SystemRandom) -> Answer:
    return Natural((type(value), ()))


def _count(value: Any) -> Answer:
    """A counter of itertools: its text says where it stands, where it counts in plain numbers. Newer Pythons don't let it be pickled."""
    try:
        return Natural((itertools.count, ast.literal_eval(repr(value).removeprefix("count")[:-1] + ",)")))
    except (ValueError, SyntaxError):
        return None if REDUCES else _part_way(value)


def _repeat(value: Any) -> Answer:
    """A repetition of itertools, with how often it still goes on."""
    held = ([each for each in gc.get_referents(value) if each is not type(value)] or [type(value)])[0]
    endless = operator.length_hint(value, -1) < 0
    return Natural((itertools.repeat, (held,) if endless else (held, operator.length_hint(value))))


def _part_way(value: Any) -> Answer:
    told = f"an itertools.{type(value).__name__.lstrip('_')} does not say where it stands since Python 3.14"
    return Refused(f"{told}: make it in a plain cell, or keep a list of its items")


REDUCES: bool = "__reduce__" in vars(itertools.count)
"""Whether objects of itertools can be pickled: up to Python 3.13."""
_ITERTOOLS = () if REDUCES else (itertools._tee, *(each for each in vars(itertools).values() if type(each) is type))  # type: ignore[attr-defined,unused-ignore]  # no stub has it


def _match(value: re.Match[Any]) -> Answer:
    """A match of a pattern: found again in the same text, in the way that finds the same."""
    pattern, text, end = value.re, value.string, value.endpos
    for how, start in (("match", value.pos), ("search", value.pos), ("match", value.start()), ("fullmatch", value.pos)):
        found = getattr(pattern, how)(text, start, end)
        if found is not None and (found.regs, found.lastindex) == (value.regs, value.lastindex):
            return Natural((standins.match, (pattern, how, text, start, end)))
    return Refused("a match that is not found again in its text")


def _struct(value: Any) -> Answer:
    return Natural((type(value), (value.format,)))


def _ufunc(value: Any) -> Answer:
    """A function for arrays that `numpy.frompyfunc` made of one for values; numpy's own are found by their names."""
    function = next((each for each in gc.get_referents(value) if callable(each)), None)
    if function is None:
        return None
    return Natural((standins.ufunc, (function, value.nin, value.nout, value.identity)))


def _row(value: Any) -> Answer:
    """A row of a structured array, on the array's memory."""
    element = array_parts.element_of(value)
    return None if element is None else Natural((array_parts.row, (element,)))


def _flat(value: Any) -> Answer:
    return Natural((array_parts.flat, (value.base, value.index)))


def _memory_map(value: Any) -> Answer:
    """A file that numpy maps, and the parts of that: by the file, as long as it holds the same."""
    try:
        return Natural(array_parts.reduced_map(value))
    except array_parts.NotToBeMapped as why:
        return Refused(str(why))


def _csv_reader(value: Any) -> Answer:
    try:
        return Natural(csv_readers.reduced_reader(value), "it goes on with the next row; its line_num counts from 0 again")
    except csv_readers.NotBetweenRows:
        return Refused("a reader of csv in the middle of a row")


def _csv_writer(value: Any) -> Answer:
    reduced = csv_readers.reduced_writer(value)
    return None if reduced is None else Natural(reduced)


def _thread_local(value: threading.local) -> Answer:
    """What this thread has of it, and the arguments with which it is set up for others."""
    held = [each for each in gc.get_referents(value) if not isinstance(each, type)]
    args = next((each for each in held if type(each) is tuple), ())
    named = next((each for each in held if type(each) is dict and each is not value.__dict__ and _are_words(each)), {})
    ours = type(value).__module__ in ("__main__", "_thread")  # a library sets up what other threads need when they ask
    note = "what other threads have of it is not kept" if ours else ""
    return Natural((standins.thread_local, (type(value), args, named), dict(value.__dict__), None, None, rebuild.instance_state), note)


def _thread(value: threading.Thread) -> Answer:
    """A thread that has ended, with what a class of one's own keeps in it."""
    if value.ident is None or value.is_alive():
        return Refused("a thread")
    own = {name: held for name, held in vars(value).items() if name not in _OF_THREADS}
    return Natural((standins.ended_thread, (type(value), value.name, value.daemon), own, None, None, rebuild.instance_state))


_OF_THREADS = frozenset(vars(threading.Thread()))


def _are_words(given: dict[Any, Any]) -> bool:
    return bool(given) and all(type(name) is str for name in given)


def _drawing(value: Any) -> Answer:
    """What draws on an image of Pillow."""
    image = getattr(value, "_image", None)
    if image is None:  # of an earlier Pillow, which does not say on what
        return None
    return Natural((type(value), (image, value.mode), {name: held for name, held in vars(value).items() if name not in _OF_IMAGES}))


_OF_IMAGES = ("_image", "im", "draw", "palette", "mode")


def _span(value: Any) -> Answer:
    return Natural((type(value), (value.doc, value.start, value.end, value.label_, None, None, value.kb_id_, value.id_)))


def _token(value: Any) -> Answer:
    return Natural((operator.getitem, (value.doc, value.i)))


def _finalizer(value: Any) -> Answer:
    """A finalizer that has not run; one that has is stored like any other object."""
    told = value.peek()
    return None if told is None else Natural((standins.finalizer, (*told, value.atexit)))


def _ctypes(value: Any) -> Answer:
    """Data of ctypes in the memory of other data, or of a buffer; with memory of its own it is stored like any other object."""
    reduced = ctypes_data.reduced_part(value)
    return None if reduced is None else Natural(reduced)


def _loop_bound(value: Any) -> Answer:
    """A lock, event, queue or the like of asyncio: the event loop that it waited in goes with its process."""
    if any(getattr(value, name, None) for name in ("_waiters", "_getters", "_putters")):
        return Refused("something of asyncio that a task waits for")
    return Natural((rebuild.new, (type(value),), {**vars(value), "_loop": None}, None, None, rebuild.instance_state))


def _async_future(value: Any) -> Answer:
    if not value.done():
        return Refused("a task or future that is not done")
    if value.cancelled():
        return Natural((standins.async_future, (None, None, True)))
    error = value._exception if type(value).__name__ == "Future" else value.exception()
    return Natural((standins.async_future, (value.result() if error is None else None, error, False)), "a done future stands for the task")


Handler = Callable[[Any], Answer]
_ALWAYS: tuple[tuple[type, Handler], ...] = (
    (io.TextIOWrapper, _file),
    (io.BufferedReader, _file),
    (io.FileIO, _file),
    (contextvars.ContextVar, _variable),
    (decimal.Context, _decimal_context),
    (random.SystemRandom, _system_random),
    (re.Match, _match),
    (itertools.count, _count),
    (itertools.repeat, _repeat),
    *((kind, _part_way) for kind in _ITERTOOLS),
)
_LOADED: tuple[tuple[str, tuple[str, ...], Handler], ...] = (
    ("gzip", ("GzipFile",), _compressed),
    ("bz2", ("BZ2File",), _compressed),
    ("lzma", ("LZMAFile",), _compressed),
    ("sqlite3", ("Connection",), _sqlite),
    ("sqlite3", ("Row",), _sqlite_row),
    ("tempfile", ("_TemporaryFileWrapper",), _temporary_file),
    ("duckdb", ("DuckDBPyConnection",), _duckdb),
    ("requests", ("Session",), _requests),
    ("httpx", ("Client", "AsyncClient"), _httpx),
    ("openai", ("OpenAI", "AsyncOpenAI"), _model_client),
    ("anthropic", ("Anthropic", "AsyncAnthropic"), _model_client),
    ("pydantic", ("SecretStr", "SecretBytes"), _secret_value),
    ("sqlalchemy", ("Engine",), _engine),
    ("sqlalchemy.util.langhelpers", ("symbol",), _symbol),
    ("h5py", ("File", "Group", "Dataset"), _h5),
    ("struct", ("Struct",), _struct),
    ("weakref", ("finalize",), _finalizer),
    ("PIL.ImageDraw", ("ImageDraw",), _drawing),
    ("spacy.tokens", ("Span",), _span),
    ("spacy.tokens", ("Token",), _token),
    ("_csv", ("Reader",), _csv_reader),
    ("_csv", ("Writer",), _csv_writer),
    ("numpy", ("ufunc",), _ufunc),
    ("numpy", ("void", "record"), _row),
    ("numpy", ("flatiter",), _flat),
    ("numpy", ("memmap",), _memory_map),
    ("lxml.etree", ("_Element",), _element),
    ("lxml.html", ("HtmlElement",), _element),
    ("rdkit.Chem.rdchem", ("Mol", "RWMol"), _molecule),
    ("asyncio", ("Lock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "Barrier"), _loop_bound),
    ("asyncio", ("Queue", "PriorityQueue", "LifoQueue"), _loop_bound),
    ("asyncio", ("Future", "Task"), _async_future),
)


def handler_of(kind: type) -> Handler | None:
    """How objects of exactly this type are made again; of libraries that are loaded."""
    for known, handler in _ALWAYS:
        if kind is known:
            return handler
    for module, names, handler in _LOADED:
        loaded = sys.modules.get(module)
        if loaded is not None and any(kind is getattr(loaded, name, None) for name in names):
            return handler
    if issubclass(kind, threading.local):
        return _thread_local
    if issubclass(kind, threading.Thread):
        return _thread
    return _ctypes if ctypes_data.is_data(kind) else None
