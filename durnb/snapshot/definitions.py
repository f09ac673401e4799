"""Notebook functions and classes as data: what they are (code) and what they hold (state).

The parts of a definition are the values that it holds, by label; each is state that is stored and put back.
"""

from __future__ import annotations

import abc
import enum
import functools
import gc
import hashlib
import importlib
import sys
import types
from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

from durnb.records import dataclass
from durnb.snapshot.ctypes_data import is_field, layout_text

SKIPPED_IN_CLASSES = frozenset(
    {
        *("__dict__", "__weakref__", "__module__", "__qualname__", "__name__", "__slots__", "__classcell__", "__classdictcell__"),
        *("_abc_impl", "__static_attributes__", "__firstlineno__", "__annotations_cache__", "__abstractmethods__"),
    }
)
INSTALLED = ("/site-packages/", "/dist-packages/")
CLASS_NAMES = "__classdict__"
"""The cell in which lazy annotations look names up, since Python 3.14: a class's body. It is made again from the class."""
OWN, WHOLE = 0, 1
"""Homes of functions whose globals are a namespace of their own: stored as far as their code names it, or whole, as the dict that others hold."""
METHODS = (types.FunctionType, staticmethod, classmethod, property, functools.cached_property)


class Notebook:
    """The live namespace as the place where definitions are found. `own` are the names that are being stored."""

    def __init__(self, namespace: Mapping[str, object], home: object | None = None, own: Collection[str] = ()) -> None:
        self.namespace = namespace
        self.own = own
        self.home = namespace if home is None else home
        self.on_host: dict[int, Any] = {}  # copies of other devices' memory, by its address there: one for all that stands on it
        self._modules: dict[int, types.ModuleType | None] = {}

    @functools.cached_property
    def bound(self) -> dict[int, str]:
        """The first name of every function and class of the namespace, by its address: one that is there before what is stored comes back, if any."""
        kinds = (types.FunctionType, type)
        found: dict[int, str] = {}
        for name, value in sorted(self.namespace.items(), key=lambda item: item[0] in self.own):
            if issubclass(type(value), kinds):  # not isinstance, which asks the value
                found.setdefault(id(value), name)
        return found

    def module_of(self, names: dict[str, Any]) -> types.ModuleType | None:
        """The module made by hand whose names these are; found once, since only the garbage collector knows."""
        if names.get("__spec__", names) is not None:  # a module's names have it, None where it was made by hand
            return None
        if id(names) not in self._modules:
            holders: list[Any] = gc.get_referrers(names)
            found = (each for each in holders if is_handmade(each) and vars(each) is names)
            self._modules[id(names)] = next(found, None)
        return self._modules[id(names)]

    def is_live(self, module_globals: object) -> bool:
        """Whether these globals are the notebook's own, which a restored function shares with its live ones."""
        main = sys.modules.get("__main__")
        return module_globals is self.home or (main is not None and module_globals is vars(main))

    def path_of(self, definition: Any) -> str | None:
        """Where a live twin of `definition` would be: its dotted name in the notebook, or the name that it is bound to."""
        name = self.bound.get(id(definition))
        qualname = str(definition.__qualname__)
        if name is not None and lookup(self.namespace, qualname) is not definition:
            return name
        named = "<" not in qualname and self.is_of_notebook(definition) and not self._is_superseded(definition, qualname)
        return qualname if named else name

    def _is_superseded(self, definition: Any, qualname: str) -> bool:
        """Whether another definition of the same code has its name now: what was made by the first must not come back as of the second."""
        found = list(twins(lookup(self.namespace, qualname)))
        if any(each is definition for each in found):
            return False
        digest = digest_of(definition)
        return any(type(each) is type(definition) and digest_of(each) == digest for each in found)

    def is_of_notebook(self, definition: Any) -> bool:
        return definition.__module__ in ("__main__", self.namespace.get("__name__", "__main__"), None, "builtins")


def lookup(namespace: Mapping[str, object], path: str) -> object | None:
    """What stands at the dotted `path` of the namespace, without running descriptors."""
    first, *rest = path.split(".")
    found = namespace.get(first)
    for name in rest:
        if not isinstance(found, type):
            return None
        found = vars(found).get(name)
    return cast(object, found.__func__) if isinstance(found, (staticmethod, classmethod)) else found


def twins(found: object) -> Iterator[object]:
    """`found` and what it wraps: a decorated function hides the one that was written."""
    seen: set[int] = set()
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        if isinstance(found, property):
            yield from (part for part in (found.fget, found.fset, found.fdel) if part is not None)
        if isinstance(found, functools.cached_property):
            yield found.func
        found = getattr(found, "__wrapped__", None)


def importable(definition: Any, notebook: Notebook) -> bool:
    """Whether a class or function is found under its name in a module other than the notebook."""
    module, qualname = getattr(definition, "__module__", None), getattr(definition, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(qualname, str) or module == "__main__":
        return False
    home = sys.modules.get(module) or _loaded_late(module)
    if home is None or vars(home) is notebook.namespace:
        return False
    found: object = home
    for name in qualname.split("."):
        found = getattr(found, name, None)
    return found is definition


def _loaded_late(name: str) -> types.ModuleType | None:
    """A module of an installed package that the package has not loaded, although classes call it theirs (``numpy.rec``)."""
    package = sys.modules.get(name.partition(".")[0])
    if package is None or not is_installed(package) or package.__name__ == name:
        return None
    try:
        return importlib.import_module(name)
    except Exception:  # there is no such module, or it can't be loaded: then nothing is found by its name
        return None


def is_installed(module: types.ModuleType) -> bool:
    """Whether a module is the standard library's or installed, not one of the project."""
    file = getattr(module, "__file__", None)
    if file is None or module.__name__.partition(".")[0] in sys.stdlib_module_names:
        return True
    return any(place in file.replace("\\", "/") for place in INSTALLED)


def code_digest(code: types.CodeType) -> str:
    """Equal for equal code, wherever it stands in its file."""
    digest = hashlib.blake2b(digest_size=16)
    _feed(digest, code)
    return digest.hexdigest()


def _feed(digest: Any, code: types.CodeType) -> None:
    shape = (code.co_name, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    digest.update(repr((shape, names)).encode("utf-8", "surrogatepass") + code.co_code)
    digest.update(getattr(code, "co_exceptiontable", b""))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            _feed(digest, constant)
        elif isinstance(constant, frozenset):
            digest.update(repr(sorted(map(repr, constant))).encode("utf-8", "surrogatepass"))
        else:
            digest.update(f"{type(constant).__name__}:{constant!r}".encode("utf-8", "surrogatepass"))


def class_digest(cls: type) -> str:
    """Equal for classes of equal shape: name, bases, slots, methods; what they hold is not part of it."""
    digest = hashlib.blake2b(digest_size=16)
    bases = [f"{base.__module__}.{base.__qualname__}" for base in cls.__bases__]
    digest.update(repr((cls.__qualname__, bases, repr(vars(cls).get("__slots__")), type(cls).__qualname__)).encode())
    digest.update(layout_text(cls).encode())
    if isinstance(cls, enum.EnumMeta):
        members = [(name, repr(getattr(member, "value", None))) for name, member in vars(cls)["_member_map_"].items()]
        digest.update(repr(members).encode("utf-8", "surrogatepass"))
    for name, value in sorted(vars(cls).items(), key=lambda item: item[0]):
        if name in ("__annotate_func__", "__annotate__"):
            continue
        for function in functions_of(value):
            digest.update(f"{name}:{code_digest(function.__code__)}".encode())
    return digest.hexdigest()


def digest_of(definition: object) -> str:
    """Equal for functions and classes of equal code; empty for all else."""
    if isinstance(definition, type):
        return class_digest(definition)
    return code_digest(definition.__code__) if isinstance(definition, types.FunctionType) else ""


def earlier_classes(base: type, qualname: str) -> Iterator[type]:
    """The living classes of the notebook that derive from `base` and have that name."""
    found: list[type] = type.__subclasses__(base)
    for each in found:
        if each.__qualname__ == qualname and each.__module__ == "__main__":
            yield each


def functions_of(member: object) -> Iterator[types.FunctionType]:
    """The functions that a class attribute is made of."""
    inner: tuple[object, ...] = (member,)
    if isinstance(member, (staticmethod, classmethod)):
        inner = (member.__func__,)
    elif isinstance(member, property):
        inner = (member.fget, member.fset, member.fdel)
    elif isinstance(member, functools.cached_property):
        inner = (member.func,)
    for each in inner:
        if isinstance(each, types.FunctionType):
            yield each


@dataclass(frozen=True, slots=True)
class FunctionParts:
    """What a function holds. `home` is None for the notebook, a module's name, a module made by hand, or OWN where its globals are its own."""

    home: str | int | types.ModuleType | None
    defaults: tuple[Any, ...]
    kwdefaults: dict[str, Any]
    cells: dict[str, types.CellType]
    attributes: dict[str, Any]
    globals: dict[str, Any]
    rest: dict[str, Any]

    def labelled(self) -> Iterator[tuple[str, object]]:
        """Every value held, with how a person would point at it."""
        if isinstance(self.home, types.ModuleType):
            yield ".__globals__", self.home
        for index, value in enumerate(self.defaults):
            yield f".__defaults__[{index}]", value
        for name, value in self.kwdefaults.items():
            yield f".__kwdefaults__[{name!r}]", value
        for name, cell in self.cells.items():
            if name != CLASS_NAMES and not is_empty(cell):
                yield f".<closure {name}>", cell.cell_contents
        for name, value in self.attributes.items():
            yield f".{name}", value
        for name, value in self.globals.items():
            yield f".__globals__[{name!r}]", value
        for name, value in self.rest.items():
            yield f".{name}", value


def is_empty(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018  # an empty cell tells so only by raising
    except ValueError:
        return True
    return False


def function_parts(function: types.FunctionType, notebook: Notebook) -> FunctionParts:
    home = _home(function, notebook)
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    own = {} if home != OWN else _used_globals(function)
    return FunctionParts(
        home, function.__defaults__ or (), dict(function.__kwdefaults__ or {}), cells, dict(vars(function)), own, _rest(function)
    )


def _rest(function: types.FunctionType) -> dict[str, Any]:
    """Annotations, type parameters and the docstring. Since Python 3.14 reading annotations runs code: their function is kept instead."""
    annotate = getattr(function, "__annotate__", None)
    rest: dict[str, Any] = {"__doc__": function.__doc__}
    if annotate is not None:
        rest["__annotate__"] = annotate
    elif sys.version_info < (3, 14) and function.__annotations__:
        rest["__annotations__"] = function.__annotations__
    if getattr(function, "__type_params__", ()):
        rest["__type_params__"] = getattr(function, "__type_params__")  # noqa: B009  # unknown to the oldest Python's types
    return rest


def _home(function: types.FunctionType, notebook: Notebook) -> str | int | types.ModuleType | None:
    if notebook.is_live(function.__globals__):
        return None
    name = function.__globals__.get("__name__")
    module = sys.modules.get(name) if isinstance(name, str) else None
    if module is not None and vars(module) is function.__globals__:
        return module if is_handmade(module) else cast(str, name)
    return notebook.module_of(function.__globals__) or OWN


def is_handmade(module: object) -> bool:
    """Whether code made a module (``types.ModuleType("m")``), so that it can't be imported and what it holds is state."""
    if type(module) is not types.ModuleType or getattr(module, "__spec__", None) is not None or hasattr(module, "__file__"):
        return False
    return module.__name__ not in ("__main__", *sys.builtin_module_names)


def is_imported(value: object) -> bool:
    """Whether a value is a module that an import gives."""
    return isinstance(value, types.ModuleType) and not is_handmade(value)


def _used_globals(function: types.FunctionType) -> dict[str, Any]:
    names = {"__name__"} | set(_names_in(function.__code__))
    return {name: function.__globals__[name] for name in sorted(names) if name in function.__globals__ and name != "__builtins__"}


def names_used(definition: object) -> Iterator[str]:
    """The global names, and some others, that the code of a function or class names."""
    members = vars(definition).values() if isinstance(definition, type) else (definition,)
    for function in (function for member in members for function in functions_of(member)):
        yield from _names_in(function.__code__)


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)


def class_parts(cls: type) -> dict[str, Any]:
    """What a class holds: its attributes, less what its creation makes."""
    slots = vars(cls).get("__slots__", ())
    own = {slots} if isinstance(slots, str) else {mangled(cls, name) for name in slots}
    parts = {
        name: value
        for name, value in vars(cls).items()
        if name not in SKIPPED_IN_CLASSES and not (name in own and isinstance(value, types.MemberDescriptorType))
    }
    parts = {name: value for name, value in parts.items() if not isinstance(value, types.GetSetDescriptorType) and not is_field(value)}
    if any(
        "_sa_registry" in vars(base) for base in cls.__mro__
    ):  # mapped by SQLAlchemy: the mapping is made by the definition, and can't be moved
        parts = {name: value for name, value in parts.items() if not _is_of_mapping(value)}
    if "__annotate_func__" in parts:
        parts["__annotate__"] = parts.pop("__annotate_func__")
    return parts


def _is_of_mapping(value: object) -> bool:
    made = isinstance(value, types.FunctionType) and value.__globals__.get("__name__") != "__main__"
    return made or type(value).__module__.startswith("sqlalchemy.")


def mangled(cls: type, name: str) -> str:
    private = name.startswith("__") and not name.endswith("__")
    return f"_{cls.__name__.lstrip('_')}{name}" if private else name


def virtual_subclasses(cls: type) -> tuple[type, ...]:
    """The classes registered with an abstract base class."""
    if not isinstance(cls, abc.ABCMeta):
        return ()
    registry = importlib.import_module("_abc")._get_dump(cls)[0]  # the only way to read it
    return tuple(found for ref in registry if (found := ref()) is not None)
