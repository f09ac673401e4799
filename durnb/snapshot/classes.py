"""What a class says of how its instances are pickled."""

from __future__ import annotations

import copyreg
import enum
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from durnb.snapshot import rebuild, singletons


def raw_member(member: enum.Enum) -> tuple[Any, ...]:
    """The plain value beneath a member of an enum that derives from a built-in type."""
    kind: Any = getattr(type(member), "_member_type_", object)
    exact: dict[Any, Callable[[Any], Any]] = {int: int.__int__, str: str.__str__, float: float.__float__}
    if kind is object:
        return ()
    return (exact[kind](member) if kind in exact else kind(member),)


def reduces_as_exception(kind: type) -> bool:
    """Whether an exception's class leaves it to Python how it is pickled."""
    inherited = {vars(base)["__reduce__"] for base in kind.__mro__ if "__reduce__" in vars(base)}
    return inherited <= {vars(BaseException)["__reduce__"], vars(object)["__reduce__"], vars(ImportError)["__reduce__"]}


def reduced_exception(obj: BaseException) -> tuple[Any, ...]:
    """The reduction of an exception that is not to go through its `__init__`."""
    state = (dict(vars(obj)), obj.__cause__, obj.__context__, obj.__suppress_context__)
    return rebuild.exception, (type(obj), obj.args), state, None, None, rebuild.exception_state


def with_causes(reduced: Any, obj: BaseException) -> Any:
    """A built-in exception's own reduction, with what it came from, which Python leaves out."""
    if not (obj.__cause__ or obj.__context__ or obj.__suppress_context__) or len(reduced) > 3:
        return reduced
    state = (dict(vars(obj)), obj.__cause__, obj.__context__, obj.__suppress_context__)
    return *reduced[:2], state, None, None, rebuild.exception_state


def is_custom(kind: type) -> bool:
    """Whether code outside the standard library and the well-known ones decides how this is loaded."""
    if kind.__module__.partition(".")[0] in singletons.KNOWN_PACKAGES:
        return False
    reduces = _hook(kind, "__reduce__") is not object.__reduce__ or _hook(kind, "__reduce_ex__") is not object.__reduce_ex__
    builds = isinstance(kind.__new__, types.FunctionType) or any("__setstate__" in vars(base) for base in kind.__mro__)
    return reduces or builds or kind in copyreg.dispatch_table


def guards_attributes(kind: type) -> bool:
    """Whether the class answers for attributes in Python, and leaves its state to the default."""
    if _hook(kind, "__reduce_ex__") is not object.__reduce_ex__ or _hook(kind, "__reduce__") is not object.__reduce__:
        return False
    hooks = {name for base in kind.__mro__ if base is not object for name in vars(base)}
    return bool(hooks & {"__getattr__", "__getattribute__", "__setattr__"}) and not hooks & {"__setstate__", "__getstate__"}


def guards_items(kind: type) -> bool:
    """Whether a list or dict has its own way, in Python, of taking items, which has had its say when they came in."""
    if not issubclass(kind, dict | list) or kind.__module__ in sys.stdlib_module_names:
        return False
    hooks = {name for base in kind.__mro__ if base.__flags__ & (1 << 9) for name in vars(base)}
    return bool(hooks & {"__setitem__", "append", "extend"}) and not hooks & {"__setstate__", "__getstate__", "__reduce__", "__reduce_ex__"}


def _hook(kind: type, name: str) -> object:
    return getattr(kind, name)


def resolves(module: str | None, path: str, obj: object) -> bool:
    """Whether `obj` is what stands at `path` of that module."""
    found: object = sys.modules.get(module or "")
    if found is None or module == "__main__":
        return False
    for name in path.split("."):
        found = getattr(found, name, None)
    return found is obj


@contextmanager
def quiet(kind: type) -> Iterator[None]:
    """Newer Pythons warn when an itertools object is reduced; other warnings are let through."""
    if kind.__module__ != "itertools":
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
