"""What a class says of how its instances are pickled."""

from __future__ import annotations

import copyreg
import enum
import sys
import types
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from durnb.records import dataclass
from durnb.snapshot import rebuild, singletons, standins
from durnb.snapshot.definitions import is_installed


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What is asked of a class once, for all its instances.

    `hashes`: code of the notebook does, and so runs when a set or dict that holds instances is loaded. `constructs`: its constructors are written in Python. `reduces`: so is its way to be reduced. `shares_dict`: an instance can be given a dict.
    """

    kind: Any
    is_custom: bool
    hashes: bool
    guards_items: bool
    guards_attributes: bool
    constructs: bool
    reduces: bool
    shares_dict: bool


def manner_of(kind: Any) -> Manner:
    """How the instances of a class are to be taken apart."""
    dicts = any("__dict__" in vars(base) for base in kind.__mro__ if base.__flags__ & (1 << 9))  # C's has none that can be set
    return Manner(
        kind=kind,
        is_custom=is_custom(kind),
        hashes=getattr(kind.__hash__, "__module__", None) == "__main__",
        guards_items=guards_items(kind),
        guards_attributes=guards_attributes(kind),
        constructs=any(isinstance(getattr(kind, name), types.FunctionType) for name in ("__new__", "__init__")),
        reduces=any(isinstance(getattr(kind, name), types.FunctionType) for name in ("__reduce__", "__reduce_ex__")),
        shares_dict=dicts and not hasattr(kind, "__setstate__"),
    )


def past_own_methods(reduced: tuple[Any, ...], obj: Any, manner: Manner) -> tuple[Any, ...]:
    """A reduction of Python's own that runs no method of the class: what it holds is read and put back as it is."""
    kind = manner.kind
    if not manner.reduces:
        reduced = with_items(reduced, obj)
    if manner.constructs:
        reduced = past_constructors(reduced, kind)
    reduced = with_attributes(reduced, obj, kind)
    if kind.__module__ == "itertools" and len(reduced) == 3:
        return *reduced, None, None, standins.iterator_state
    if manner.guards_items and 3 <= len(reduced) <= 5:
        callee, arguments, state, listed, paired = (*reduced, None, None)[:5]
        return callee, arguments, (state, list(listed or ()), list(paired or ())), None, None, rebuild.container_state
    shared = with_shared_dict(reduced, obj) if manner.shares_dict else reduced
    if shared is reduced and manner.guards_attributes and 3 <= len(reduced) <= 5:
        return *(*reduced, None, None)[:5], rebuild.object_state
    return shared


def with_items(reduced: tuple[Any, ...], obj: Any) -> tuple[Any, ...]:
    """A reduction with the items that a list or dict holds, whatever its class lets others see of them."""
    if len(reduced) > 4 and reduced[4] is not None and isinstance(obj, dict) and type(obj).items not in _ITEMS:
        items: Any = OrderedDict.items if isinstance(obj, OrderedDict) else dict.items
        return *reduced[:4], iter(items(obj)), *reduced[5:]
    if len(reduced) > 3 and reduced[3] is not None and isinstance(obj, list) and type(obj).__iter__ is not list.__iter__:
        return *reduced[:3], list.__iter__(obj), *reduced[4:]
    return reduced


_ITEMS = (dict.items, OrderedDict.items)


def past_constructors(reduced: tuple[Any, ...], kind: Any) -> tuple[Any, ...]:
    """A reduction that makes the object by the class of a library or of Python from which a person's class derives.

    The person's own `__new__` and `__init__` saw the object when it was first made: they may take other arguments, count, or change what they get.
    """
    named = ("__new__",) if reduced[0] is _NEW and reduced[1][:1] == (kind,) else ("__new__", "__init__") if reduced[0] is kind else ()
    if not any(isinstance(getattr(kind, name), types.FunctionType) for name in named):
        return reduced
    is_passed = _is_python if reduced[0] is _NEW and len(reduced[1]) > 1 else _is_written  # the arguments are those of a built-in type
    base, own = kind, {name for each in kind.__mro__ if is_passed(each) for name in vars(each)}
    while is_passed(base):
        base = base.__base__
    if base is kind or own.isdisjoint(named) or not own.isdisjoint(_ASKED):
        return reduced
    if reduced[0] is kind:
        return rebuild.by_base, (kind, base, *reduced[1]), *reduced[2:]
    return rebuild.new_by_base, (kind, base, *reduced[1][1:]), *reduced[2:]


def with_shared_dict(reduced: tuple[Any, ...], obj: Any) -> tuple[Any, ...]:
    """A reduction with the object's very dict where somebody else holds it too: ``vars(x)``, objects that share all they know, or a dict that is its own."""
    if not 3 <= len(reduced) <= 5 or reduced[0] is not _NEW:
        return reduced
    attributes = getattr(obj, "__dict__", None)
    held = type(attributes) is dict and sys.getrefcount(attributes) > _ALONE + (attributes is reduced[2])
    if not (held or attributes is obj) or not (reduced[2] is None or reduced[2] is attributes):
        return reduced
    return *reduced[:2], attributes, *(*reduced[3:], None, None)[:2], rebuild.dict_state


def _alone() -> int:
    """What `sys.getrefcount` says, in `with_shared_dict`, of a dict that only its object holds."""
    attributes = getattr(_Plain(), "__dict__", None)
    return sys.getrefcount(attributes) + 1  # the object, which is gone by now


class _Plain:
    def __init__(self) -> None:
        self.attribute = 1


_ALONE = _alone()


def with_attributes(reduced: tuple[Any, ...], obj: Any, kind: type) -> tuple[Any, ...]:
    """A reduction of Python's own that says nothing of attributes (of a `defaultdict`, a date), with those that a person's class put there."""
    if reduced[0] is _NEW or (len(reduced) > 2 and reduced[2] is not None) or len(reduced) > 5:
        return reduced
    attributes = getattr(obj, "__dict__", None)
    if not isinstance(attributes, dict) or not attributes or not _is_written(kind):
        return reduced
    own = {name for each in kind.__mro__ if _is_written(each) for name in vars(each)}
    items = (*reduced[3:], None, None)[:2]
    return (*reduced[:2], dict(attributes), *items, rebuild.object_state) if own.isdisjoint(_ASKED) else reduced


_NEW: Any = vars(copyreg)["__newobj__"]  # what the default reduction calls
_ASKED = frozenset({"__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__", "__getinitargs__"})


def _is_python(kind: type) -> bool:
    """Whether a class is written in Python, and no plain named tuple."""
    maker = getattr(vars(kind).get("__new__"), "__func__", None)
    named_tuple = isinstance(maker, types.FunctionType) and str(maker.__globals__.get("__name__")).startswith("namedtuple_")
    return bool(kind.__flags__ & (1 << 9)) and not named_tuple


def _is_written(kind: type) -> bool:
    """Whether a person wrote the class, in the notebook or in a module of the project."""
    home = sys.modules.get(kind.__module__)
    return _is_python(kind) and (kind.__module__ == "__main__" or (home is not None and not is_installed(home)))


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
