"""What streams call when they are loaded. These names are stored: they may be added to, never changed.

Functions end with what the stream says they are; a live twin in the notebook is used as it is, and the stored state put on it.
"""

from __future__ import annotations

import copy
import enum
import functools
import importlib
import io
import pickle
import sys
import types
import weakref
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from durnb import trees
from durnb.snapshot import ctypes_data
from durnb.snapshot.definitions import CLASS_NAMES, METHODS, OWN, WHOLE, class_parts, functions_of, is_empty, is_installed
from durnb.snapshot.place import here, restoring
from durnb.snapshot.undo import about_to_change, register

OF_MEMBERS = frozenset({"_value_", "_name_", "__objclass__", "_sort_order_", "_inverted_"})
"""What enum itself keeps on a member."""


class Missing:
    """Stands where a part of a definition could not be stored; the live twin's own part stays there."""

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = Missing()


def function(spec: tuple[Any, ...]) -> types.FunctionType:
    """A function with empty cells and no defaults, or its live twin."""
    code, name, qualname, module, home, group, uid, path, digest, tokens = spec
    place = here()
    known = place.made.get(uid) if home == WHOLE else place.known(uid, path, digest, types.FunctionType)
    if known is not None and not _is_at_home(known, home, group):
        place.forget(uid, known)
        known = None
    if known is not None and (id(known) not in place.live or place.take_cells(tokens, known.__closure__ or ())):
        if id(known) in place.other_code:
            about_to_change(known)
            known.__code__ = place.code(code)
        return known  # type: ignore[no-any-return]  # `known` looks for functions only
    made = types.FunctionType(place.code(code), place.globals_of(home, group), name, None, tuple(map(place.cell, tokens)))
    made.__qualname__, made.__module__ = qualname, module
    place.made.pop(uid, None)
    return place.make(uid, made, digest)  # type: ignore[no-any-return]  # it returns what it is given


def _is_at_home(known: types.FunctionType, home: Any, group: int) -> bool:
    """Whether the globals of a live function are those that the stored one has among those of its stream."""
    place = here()
    if isinstance(home, types.ModuleType):
        return known.__globals__ is vars(home)  # else it is of an earlier module that code made
    if home != OWN or id(known) not in place.live:
        return True
    return known.__globals__ is not place.namespace and place.own_globals.setdefault(group, known.__globals__) is known.__globals__


def function_state(made: types.FunctionType, state: dict[str, Any]) -> None:
    """Puts the stored defaults, closure contents and attributes on a function."""
    place = here()
    live = id(made) in place.live
    if id(made) in place.borrowed:
        return
    if live:
        about_to_change(made)
    made.__defaults__ = _defaults(state["defaults"], made.__defaults__ if live else None)
    made.__kwdefaults__ = _kept(state["kwdefaults"], made.__kwdefaults__ or {}) or None
    for token, contents in state["cells"].items():
        if contents is not MISSING:
            about_to_change(place.cell(token))
            place.cell(token).cell_contents = contents
    for name in [name for name in vars(made) if live and name not in state["attributes"]]:
        del vars(made)[name]
    vars(made).update({name: value for name, value in state["attributes"].items() if value is not MISSING})
    if state["globals"]:
        about_to_change(made.__globals__)
        made.__globals__.update(state["globals"])
    if live:
        made.__doc__ = state["rest"].get("__doc__", made.__doc__)
        return
    for name, value in state["rest"].items():
        setattr(made, name, value)


def _defaults(stored: tuple[Any, ...], present: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    present = present or ()
    fits = len(present) == len(stored)
    return tuple(present[i] if each is MISSING and fits else each for i, each in enumerate(stored)) or None


def _kept(stored: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
    return {name: present.get(name, value) if value is MISSING else value for name, value in stored.items()}


def cell(token: int) -> types.CellType:
    return here().cell(token)


def cell_state(made: types.CellType, contents: tuple[Any, ...]) -> None:
    about_to_change(made)
    for value in contents:
        made.cell_contents = value


def class_(spec: tuple[Any, ...]) -> type:
    """A class without its attributes, or its live twin."""
    _, _, qualname, _, bases, _, uid, path, digest = spec
    place = here()
    known = place.known(uid, path, digest, type)
    if known is None and path is None and "<" not in qualname:
        known = place.earlier(uid, bases, qualname, digest)
    if known is not None and not _can_be_used(known, spec[0], bases):
        place.forget(uid, known)
        known = None
    return class_of_space(spec) if known is None else known


def class_of_space(spec: tuple[Any, ...]) -> type:
    """A class without its attributes, new in each stream."""
    meta, name, qualname, module, bases, slots, uid, _, digest = spec
    place = here()
    if uid in place.made:
        return place.made[uid]  # type: ignore[no-any-return]  # a class, as all of this id
    body = {"__module__": module, "__qualname__": qualname} | ({} if slots is None else {"__slots__": slots})
    return place.make(uid, _skeleton(meta, name, bases, body), digest)  # type: ignore[no-any-return]  # it returns what it is given


def _setter(cls: type) -> Callable[[Any, str, Any], None]:
    """What puts an attribute on a class: past its metaclass, but for those of ctypes, which forbid that."""
    return setattr if ctypes_data.is_data(cls) else type.__setattr__


def _can_be_used(cls: Any, meta: type, bases: tuple[type, ...]) -> bool:
    """Whether a class that is there can be the stored one: methods can be set back, bases (defined anew, perhaps) and the places of fields can't."""
    place = here()
    if place.scratch or id(cls) not in place.live:
        return True
    return (type(cls), cls.__bases__) == (meta, bases) and not (id(cls) in place.other_code and ctypes_data.is_laid_out(cls))


def _skeleton(meta: type, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
    """A new class made without running any `__init_subclass__` again: it ran when the class was written."""
    hooked = {base for root in bases for base in root.__mro__ if "__init_subclass__" in vars(base) and base.__flags__ & (1 << 9)}
    kept = [(base, vars(base)["__init_subclass__"]) for base in hooked]
    for base in hooked:
        type.__setattr__(base, "__init_subclass__", classmethod(lambda cls, **_: None))
    try:
        by_ctypes = any(map(ctypes_data.is_data, bases))  # only a whole call makes a class of theirs
        made: type = meta(name, bases, body) if by_ctypes else type.__new__(meta, name, bases, body)
    finally:
        for base, hook in kept:
            type.__setattr__(base, "__init_subclass__", hook)
    if isinstance(made, _abc_meta()):
        importlib.import_module("_abc")._abc_init(made)
    return made


def _abc_meta() -> type:
    return importlib.import_module("abc").ABCMeta  # type: ignore[no-any-return]  # a module found by name has no types


def class_methods(cls: type, methods: dict[str, Any]) -> None:
    """Puts the methods on a new class, before anything of it is made; and on a live one whose code was changed since."""
    if id(cls) in here().borrowed:
        return
    if id(cls) not in here().live or id(cls) in here().other_code:
        if id(cls) in here().live:
            about_to_change(cls)
        for name, value in methods.items():
            _setter(cls)(cls, name, value)


def class_state(cls: type, state: tuple[None, dict[str, Any], tuple[type, ...]]) -> None:
    """Puts the stored attributes on a class. On a live twin: only data that people wrote, never what its definition made; others are taken off."""
    _, attributes, virtual = state
    live = id(cls) in here().live
    if id(cls) in here().borrowed or (live and here().scratch):
        return
    if live:
        about_to_change(cls)
        _take_off(cls, attributes)
    else:
        ctypes_data.lay_out(cls, attributes)
    for name, value in attributes.items():
        if value is not MISSING and not (_is_laid_out(cls, name) or (live and _is_made_by_definition(cls, name, value))):
            _setter(cls)(cls, name, value)
    register(cls, virtual)
    _give_names(cls)
    if not live and isinstance(cls, _abc_meta()):
        importlib.import_module("abc").update_abstractmethods(cls)


def _give_names(cls: type) -> None:
    """Fills the cell in which the lazy annotations of a class and its methods look up names of the class."""
    members = [function for value in vars(cls).values() for function in functions_of(value)]
    for function in [*members, *(getattr(each, "__annotate__", None) for each in members)]:
        if type(function) is types.FunctionType and CLASS_NAMES in function.__code__.co_freevars:
            cell = (function.__closure__ or ())[function.__code__.co_freevars.index(CLASS_NAMES)]
            if is_empty(cell):
                cell.cell_contents = dict(vars(cls))


def _is_laid_out(cls: type, name: str) -> bool:
    return name in ctypes_data.LAYOUT and ctypes_data.is_laid_out(cls)


def _is_made_by_definition(cls: type, name: str, value: object) -> bool:
    if isinstance(value, (*METHODS, types.MemberDescriptorType)) or isinstance(cls, enum.EnumMeta):
        return True
    return name.startswith("__") and name != "__doc__"


def _take_off(cls: type, stored: dict[str, Any]) -> None:
    """Takes from a live class what was put on it since."""
    other_code = id(cls) in here().other_code
    for name, value in class_parts(cls).items():
        if name not in stored and (other_code if isinstance(value, METHODS) else not _is_made_by_definition(cls, name, value)):
            (delattr if ctypes_data.is_data(cls) else type.__delattr__)(cls, name)


def enum_member(cls: Any, name: str | None, value: Any, *raw: Any) -> Any:
    """A member of an enum that is being made, or that of its live twin; a combination of flags has no name."""
    place = here()
    if id(cls) in place.live or id(cls) in place.borrowed:
        return cls(value) if name is None else vars(cls)["_member_map_"][name]
    key = f"{id(cls)}.{name or repr(value)}"
    if key not in place.made:
        kind = type(raw[0]) if raw else object
        place.made[key] = kind.__new__(cls, *raw)
    return place.made[key]


def member_state(member: Any, state: dict[str, Any]) -> None:
    """Puts the attributes on a member; on that of a live enum only those that people set."""
    own = vars(member)
    if id(type(member)) in here().borrowed:
        return
    if id(type(member)) in here().live:
        about_to_change(member)
        for name in own.keys() - state.keys() - OF_MEMBERS:
            del own[name]
        state = {name: value for name, value in state.items() if name not in OF_MEMBERS}
    own.update(state)


def instance_state(made: Any, state: dict[str, Any]) -> None:
    if id(made) not in here().live:
        about_to_change(made)
        vars(made).update(state)


def object_state(made: Any, state: Any) -> None:
    """Sets attributes past every `__setattr__` and `__getattr__` of the class, which know nothing of half-made objects."""
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    for name, value in {**(attributes or {}), **(slots or {})}.items():
        object.__setattr__(made, name, value)


def dict_state(made: Any, attributes: dict[str, Any]) -> None:
    """Makes a dict that others have, too, the object's own."""
    made.__dict__ = attributes


def container_state(made: Any, state: tuple[Any, list[Any], list[tuple[Any, Any]]]) -> None:
    """Puts items into a list or dict past the methods of its class, which saw them when they were first put in; then its attributes."""
    attributes, listed, paired = state
    if listed:
        list.extend(made, listed)
    put = OrderedDict.__setitem__ if isinstance(made, OrderedDict) else dict.__setitem__  # it has an order of its own beside the dict's
    for key, value in paired:
        put(made, key, value)
    if attributes is made:
        dict_state(made, attributes)
    elif attributes is not None:
        object_state(made, attributes)


def exception(cls: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    """An exception without running its `__init__`, whose parameters nobody knows."""
    made = cls.__new__(cls, *args)
    made.args = args
    return made


def exception_state(made: BaseException, state: tuple[dict[str, Any], Any, Any, bool]) -> None:
    attributes, cause, context, suppress = state
    vars(made).update(attributes)
    made.__cause__, made.__context__, made.__suppress_context__ = cause, context, suppress


def lru_cached(wrapped: Any, parameters: dict[str, Any], path: str | None) -> Any:
    """`functools.lru_cache` around a restored function; the live one where it wraps that function."""
    place = here()
    found = None if place.scratch or path is None else place.namespace.get(path)
    if type(found) is functools._lru_cache_wrapper and found.__wrapped__ is wrapped:
        return found
    return functools.lru_cache(**parameters)(wrapped)


def new(cls: type, *args: Any) -> Any:
    """An instance that no `__init__` has seen, of a class that is not that of what was pickled."""
    return cls.__new__(cls, *args)


def new_by_base(cls: type, base: Any, *args: Any) -> Any:
    """An instance of `cls` as its `base` makes it."""
    return base.__new__(cls, *args)


def by_base(cls: type, base: Any, *args: Any) -> Any:
    """The same, set up by `base` too."""
    made = base.__new__(cls, *args)
    if base.__init__ is not object.__init__:
        base.__init__(made, *args)
    return made


def method(function: Callable[..., Any], owner: object) -> types.MethodType:
    return types.MethodType(function, owner)


def module(name: str) -> types.ModuleType:
    return importlib.import_module(name)


def attribute(module_name: str, path: str) -> Any:
    """Something that a module holds one of, such as a sentinel or the hidden generator of `random`."""
    module = importlib.import_module(module_name)
    found: Any = module
    for name in path.split("."):
        found = getattr(found, name)
    place = here()
    if place.scratch and not is_installed(module) and type(getattr(found, "__dict__", None)) is dict:
        return place.made.setdefault(f"{module_name}:{path}", _beside(found))
    return found


def _beside(found: Any) -> Any:
    """What stands for a project's own object where the stored state must not be put on it: a copy, else itself, left as it is."""
    try:
        made = copy.copy(found)
    except Exception:  # its class refuses to be copied
        made = found
    if made is found:
        here().live.add(id(found))
    return made


def notebook_global(name: str, kind: Callable[..., Any], args: tuple[Any, ...], facts: dict[str, Any]) -> Any:
    """A type variable or the like: the live one of that name, else a new one."""
    place = here()
    found = None if place.scratch else place.namespace.get(name)
    if found is not None and type(found) is kind:
        return found
    made = kind(*args, **facts)
    made.__module__ = "__main__"
    return made


def provide(needs: dict[str, bytes]) -> None:
    """Lends the namespace, while the stream is loaded, definitions that code run by loading needs and that are not there."""
    place = here()
    for name, stream in needs.items():
        if name not in place.namespace:
            with restoring(place.inner()):
                found = pickle.loads(stream)
            place.namespace[name] = found
            place.lent.append(name)


def group(_: None, values: dict[str, Any]) -> dict[str, Any]:
    return values


def live_globals() -> dict[str, Any]:
    """The notebook's namespace itself, for a variable that holds it."""
    return here().globals_of(None, 0)


def main_module() -> types.ModuleType:
    return sys.modules["__main__"]


def weak(referent: Any, callback: Any = None) -> Any:
    return weakref.ref(referent, callback)


def dead_weak() -> Any:
    return weakref.ref(type("Gone", (), {})())


def weak_method(bound: Any) -> Any:
    return weakref.WeakMethod(bound)


def weak_collection(kind: type, items: Any) -> Any:
    return kind(items)


def proxy(mapping: dict[Any, Any]) -> types.MappingProxyType[Any, Any]:
    return types.MappingProxyType(mapping)


def dict_view(owner: dict[Any, Any], which: str) -> Any:
    return getattr(owner, which)()


def view(owner: Any, formatting: str, shape: tuple[int, ...], readonly: bool) -> memoryview:
    made = memoryview(owner)
    if (made.format, made.shape) != (formatting, shape):
        made = made.cast("B").cast(formatting, shape)  # type: ignore[call-overload]  # the format is a variable
    return made.toreadonly() if readonly else made


def tree(kind: str, *pieces: Any) -> Any:
    """A list, dict or tuple of nothing but builtin containers and atoms."""
    return trees.assemble({"list": list, "dict": dict, "tuple": tuple}[kind], map(memoryview, pieces))


def dill_leaf(data: bytes) -> Any:
    """An object that only dill can load. It shares nothing and holds no file."""
    return importlib.import_module("dill").loads(data)


def closed_file() -> io.TextIOWrapper:
    """Stands for a closed file: closed, and of no file."""
    made = io.TextIOWrapper(io.BytesIO())
    made.close()
    return made


def closed_bytes(kind: type) -> Any:
    made = kind()
    made.close()
    return made


def spent_generator() -> Any:
    made: Any = (None for _ in ())
    next(made, None)
    return made


def shut_pool() -> ThreadPoolExecutor:
    made = ThreadPoolExecutor(1)
    made.shutdown()
    return made


def nothing() -> None:
    """Stands for a progress bar that nobody shows any more."""
    return None


def code(stored: tuple[bytes, bytes, str]) -> types.CodeType:
    return here().code(stored)
