"""Functions, classes and modules taken apart: by name where installed, by what they do where they are the notebook's or the project's."""

from __future__ import annotations

import abc
import builtins
import importlib
import sys
from collections import namedtuple
from collections.abc import Callable, Iterable
from types import CellType, CodeType, FunctionType, GetSetDescriptorType, MemberDescriptorType, MethodType, ModuleType

from durnb.fingerprint.bytecode import globals_of
from durnb.fingerprint.looking import MISSING, bases, class_dict, derives, in_class, module_of, qualname, type_name
from durnb.fingerprint.origin import Origin, is_handmade, is_of_own_globals, module_dict, of_class, of_function, of_module
from durnb.fingerprint.parts import Parts, joined, named
from durnb.fingerprint.primitives import WEAK
from durnb.fingerprint.source import code_content, differs_from_file

_CLASS_NOISE = frozenset(
    {
        "__dict__",
        "__weakref__",
        "__module__",
        "__qualname__",
        "__static_attributes__",
        "__firstlineno__",
        "__annotations_cache__",
        "__abc_impl",
        "_abc_impl",
        "__replace__",
        "__dataclass_params__",
        "__slotnames__",
        "__signature__",
        "__class_vars__",
        "__private_attributes__",
        "__classcell__",
        "__classdict__",
        "__classdictcell__",
        "__attrs_props__",
    }
)
_ENUM_NOISE = (
    "_member_",
    "_value2member_map_",
    "_unhashable",
    "_hashable",
    "_use_args_",
    "_new_member_",
    "_value_repr_",
    "_boundary_",
    "_flag",
    "_all_bits",
)
_GENERATED = frozenset(
    {
        "__init__",
        "__repr__",
        "__eq__",
        "__ne__",
        "__lt__",
        "__le__",
        "__gt__",
        "__ge__",
        "__hash__",
        "__setattr__",
        "__delattr__",
        "__new__",
    }
    | {"__getstate__", "__setstate__", "__attrs_init__", "_make", "_replace", "_asdict", "__getnewargs__"}
)
_FIELD = ("name", "type", "default", "default_factory", "init", "repr", "hash", "compare", "kw_only")
_MODULE_NOISE = frozenset({"__builtins__", "__cached__", "__file__", "__loader__", "__name__", "__package__", "__path__", "__spec__"})

_FIELD_OF_TUPLE = type(vars(namedtuple("_Sample", "field"))["field"])

_CLASS_NAMES = "__classdict__"
"""What lazy annotations look names up in, since Python 3.14: the class's body, which counts as the class's own attributes."""
_HAS_DOCSTRING = 0x4000000  # a flag of code objects since Python 3.14; before it, a first constant that is text is one

Note = Callable[[str], None]


def take_function(function: FunctionType, *, deep: bool, note: Note) -> Parts:
    """A function; `deep`: a project's function counts with what it reaches in its own module."""
    origin = of_function(function)
    code = function.__code__
    fields: dict[str, object] = {"__defaults__": function.__defaults__, "__kwdefaults__": function.__kwdefaults__}
    cells = function.__closure__ or ()
    fields.update((f"<{name}>", cell) for name, cell in zip(code.co_freevars, cells, strict=False) if name != _CLASS_NAMES)
    own = {key: value for key, value in function.__dict__.items() if key != "__type_params__"}
    if origin is Origin.INSTALLED:
        head = joined("installed function", function.__module__ or "", function.__qualname__)
        if not cells and not own:
            return Parts(head)
        fields, own = ({name: part for name, part in each.items() if not _is_cache(name, part)} for each in (fields, own))
        return named(head, {**fields, "__dict__": named(b"attributes", own)}, numbered=True)
    fields["__dict__"] = named(b"attributes", own)
    counted = code_content(code, function.__globals__.get("__file__"))
    fields.update(_said(function, code, annotated=not deep or not counted.tree))
    if origin is Origin.PROJECT:
        _note_reload(function, code, note)
    if (origin is Origin.PROJECT and deep) or is_of_own_globals(function):
        fields["<globals>"] = _module_globals(function)
    return named(joined("function", function.__qualname__, counted.digest), fields, numbered=True)


def _is_cache(name: str, part: object) -> bool:
    """Whether a closure of an installed function remembers there what it was called with (``functools.singledispatch``)."""
    if type(part) is CellType and name == "<cache_token>":
        return True
    try:
        held = part.cell_contents if type(part) is CellType else part.__self__ if type(part) is MethodType else part
    except ValueError:  # an empty cell
        return False
    return any(type(held) is each for each in WEAK)


def _said(function: FunctionType, code: CodeType, *, annotated: bool) -> dict[str, object]:
    """What a function says of itself, where its text does not say the same."""
    first = code.co_consts[0] if code.co_consts else None
    doc = function.__doc__
    named_anew = function.__name__ not in (code.co_name, function.__qualname__.rpartition(".")[2])
    said: dict[str, object] = {"__name__": function.__name__} if named_anew else {}
    said |= {} if doc is None or (type(doc) is type(first) is str and doc == first) else {"__doc__": doc}
    if doc is None and type(first) is str and (code.co_flags & _HAS_DOCSTRING or sys.version_info < (3, 14)):
        said["__doc__"] = None
    if annotated and sys.version_info < (3, 14) and function.__annotations__:  # later ones are code that would have to run
        said["__annotations__"] = function.__annotations__
    return said


def _note_reload(function: FunctionType, code: CodeType, note: Note) -> None:
    names = function.__globals__
    file, name = names.get("__file__"), names.get("__name__")
    if type(file) is str and type(name) is str and differs_from_file(code, file):
        note(f"reload {name}: {file.rsplit('/', 1)[-1]} was changed after it was loaded")


def _module_globals(function: FunctionType) -> Parts:
    """What a project's function finds in its own module, transitively since those are parts in turn."""
    found = globals_of(function.__code__)
    names = function.__globals__
    attributes: dict[str, set[str] | None] = {}
    for name, attribute in found.uses:
        before = attributes.setdefault(name, set())
        if attribute is None or before is None:
            attributes[name] = None
        else:
            before.add(attribute)
    fields: dict[str, object] = {}
    for name in found.reads:
        value = names.get(name, MISSING)
        if value is not MISSING and name not in _MODULE_NOISE:
            taken = attributes.get(name)
            fields[name] = take_module(value, frozenset(taken)) if type(value) is ModuleType and taken else value
    return named(b"globals", fields)


def take_class(cls: type) -> Parts:
    """A class: by name where installed, else its bases, its metaclass and its own attributes."""
    if of_class(cls) is Origin.INSTALLED:
        return Parts(joined("class", type_name(cls)))
    own = class_dict(cls)
    fields = {name: _member(cls, name, value) for name, value in own.items() if _counts(cls, name, value)}
    registered = virtual_subclasses(cls)
    if registered:
        fields["<registered>"] = Parts(b"registered", registered, unordered=True)
    fields["<bases>"] = bases(cls)
    fields["<metaclass>"] = type(cls)
    head = joined("class", module_of(cls) if module_of(cls) != "__main__" else "", qualname(cls))
    return named(head, {str(name): value for name, value in fields.items()}, numbered=True)


def virtual_subclasses(cls: type) -> list[type]:
    """The classes registered with an abstract base class."""
    if not derives(type(cls), abc.ABCMeta):
        return []
    registry = importlib.import_module("_abc")._get_dump(cls)[0]  # the only way to read it
    return [found for ref in registry if (found := ref()) is not None]


def _counts(cls: type, name: str, value: object) -> bool:
    if name == "_generate_next_value_" and _is_installed(value):
        return False
    if name == "__orig_bases__" and derives(cls, tuple):
        return False
    if name in _CLASS_NOISE or (name.startswith("__pydantic_") and name != "__pydantic_fields__"):
        return False
    if (
        type(value) is GetSetDescriptorType
        or type_name(type(value)) in ("_ctypes.CField", "ctypes.CField")
        or (name != "__table__" and _is_of_mapping(cls, value))
    ):
        return False
    if name == "__doc__" and type(value) is str and in_class(cls, "__dataclass_fields__") is not MISSING:
        return not value.startswith(qualname(cls).rpartition(".")[2] + "(")  # dataclasses wrote it, and sets in it have no order
    return not (name.startswith(_ENUM_NOISE) and in_class(cls, "_member_map_") is not MISSING)


def _is_of_mapping(cls: type, value: object) -> bool:
    """Whether a class attribute is how SQLAlchemy maps the class: it follows from the table, and changes as the class is used."""
    if in_class(cls, "_sa_registry") is MISSING:
        return False
    return module_of(type(value)).startswith("sqlalchemy.") or (type(value) is FunctionType and is_of_own_globals(value))


def _is_installed(value: object) -> bool:
    inner = value.__func__ if type(value) is staticmethod else value
    return type(inner) is FunctionType and of_function(inner) is Origin.INSTALLED


def _member(cls: type, name: str, value: object) -> object:
    if type(value) is MemberDescriptorType:
        return Parts(b"slot")
    if name == "__table__" and _is_of_mapping(cls, value):
        return Parts(joined("table", repr(value)))
    inner = value.__func__ if type(value) is staticmethod else value
    if type(inner) is FunctionType and _is_generated(cls, inner):
        return Parts(joined("generated", name))
    if type(value) is _FIELD_OF_TUPLE:
        return Parts(b"slot")
    if name == "__dataclass_fields__" and type(value) is dict:
        return named(b"fields", {str(key): _field(field) for key, field in value.items()})
    return value


def _field(field: object) -> object:
    from_slots = {name: in_class(type(field), name) for name in _FIELD}
    values = {name: member.__get__(field, type(field)) for name, member in from_slots.items() if type(member) is MemberDescriptorType}
    kind = getattr(getattr(field, "_field_type", None), "name", "")
    return named(joined("field", str(kind)), values)


def _is_generated(cls: type, function: FunctionType) -> bool:
    """Methods written by dataclasses, attrs and namedtuple follow from the fields."""
    file = function.__code__.co_filename
    inner = function.__dict__.get("__wrapped__")  # dataclasses guard __repr__ against recursion
    if type(inner) is FunctionType and function.__name__ == "__repr__":
        file = inner.__code__.co_filename
    made = any(in_class(cls, name) is not MISSING for name in ("__dataclass_fields__", "__attrs_attrs__"))
    made |= derives(cls, tuple) and in_class(cls, "_fields") is not MISSING
    return (
        made
        and function.__name__ in _GENERATED
        and (file == "<string>" or file.startswith(("<attrs generated", "<namedtuple", "<dataclass")) or "namedtuple" in file)
    )


def take_module(module: object, attributes: frozenset[str] | None = None) -> Parts:
    """A module: installed by its name; the project's by what it holds, or by those attributes of it that are used."""
    if type(module) is not ModuleType and not derives(type(module), ModuleType):
        return Parts(b"no module", (module,))
    names = module_dict(module)  # type: ignore[arg-type]  # derives says so
    name = str(names.get("__name__", ""))
    if name == "__main__" or not (of_module(module) is Origin.PROJECT or is_handmade(module)):  # type: ignore[arg-type]  # the same
        return Parts(joined("module", name))
    wanted: Iterable[str] = list(names) if attributes is None else attributes
    fields = {key: names.get(key, MISSING) for key in wanted if type(key) is str and not (attributes is None and _is_noise(key))}
    present = {key: value for key, value in fields.items() if value is not MISSING}
    head = joined("module", name, *sorted(fields.keys() - present.keys()))
    return named(head, present, numbered=attributes is None)


def _is_noise(name: str) -> bool:
    return name in _MODULE_NOISE or (name.startswith("__") and name.endswith("__") and name not in ("__all__",)) or hasattr(builtins, name)


def by_module_name(module: ModuleType) -> Parts:
    """A module in a probe: its name; one made by hand with what it holds."""
    if is_handmade(module):
        return take_module(module)
    return Parts(joined("module", str(module_dict(module).get("__name__", ""))))
