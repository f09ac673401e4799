"""What the crash trials have inside a kernel: `effect`, `die` and `flaky` for the cells, and `describe`, the state that two runs must agree on.

Preloaded by the nursery, so that neither the namespace nor sys.path of the notebook shows it. The three are builtins there.
"""

from __future__ import annotations

import builtins
import collections
import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import logging
import os
import pathlib
import pickle
import random
import re
import signal
import sys
import types
import uuid
import warnings
from collections.abc import Mapping
from typing import Any

from IPython import get_ipython

_armed: dict[str, int] = {}
_effects = ""
_root = ""
_kernel = 0
_plain = False
_born: dict[str, str] = {}


def install(*, effects: str, root: str, kernel: int, die: Mapping[str, int], plain: bool) -> None:
    """Called in a forked child before its kernel starts. `die` maps a label to the how-manieth pass that kills; `plain`: the reference run."""
    global _effects, _root, _kernel, _plain
    _effects, _root, _kernel, _plain = effects, root, kernel, plain
    _armed.update(die)
    _born.update(os.environ)
    builtins.effect, builtins.die, builtins.flaky = effect, die_here, flaky  # type: ignore[attr-defined]  # names of the trial's cells


def effect(name: str) -> None:
    """Leave a trace outside the process that a kill can't take back: one line, fsynced."""
    line = f"{_kernel} {cell_id()} {name}\n"
    target = os.open(_effects, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(target, line.encode())
    os.fsync(target)
    os.close(target)


def cell_id() -> str:
    return str(get_ipython().kernel.get_parent("shell")["metadata"].get("cellId"))


def die_here(label: str) -> None:
    """SIGKILL this process where `label` is armed."""
    if label in _armed:
        _armed[label] -= 1
        if _armed[label] == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def flaky(name: str, failures: int) -> None:
    """Fail the first `failures` times, counted over all kernels; never in the reference run."""
    if _plain:
        return
    with open(_effects + "." + name, "a+b") as marks:
        marks.write(b"#")
        failed = marks.tell() <= failures
    if failed:
        raise OSError(f"{name} is not ready yet")


# -- the description ---------------------------------------------------------------------------------------------------------------

ATOMS = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented), range, slice)
BY_REPR = (
    datetime.date,
    datetime.time,
    datetime.timedelta,
    datetime.tzinfo,
    decimal.Decimal,
    fractions.Fraction,
    uuid.UUID,
    pathlib.PurePath,
    re.Pattern,
)
IMMUTABLE = (tuple, frozenset, str, bytes, int, float, complex)
CLASS_NOISE = {
    "__slotnames__",
    "__dict__",
    "__weakref__",
    "__module__",
    "__doc__",
    "__firstlineno__",
    "__static_attributes__",
    "__qualname__",
    "__annotations_cache__",
    "__annotate_func__",
}
LEFT_BY_PICKLE = {"_deprecated_key_to_warnings"}  # scikit-learn's Bunch leaves it out of its own pickle, and reads it with a default
IPYTHON_NAME = re.compile(r"_+$|_i*$|_i?\d+$|_[dio]h$|_exit_code$|__session__$|__builtin__$|__builtins__$")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def short(text: str) -> str:
    text = text.replace(_root, "<root>") if _root else text
    return text if len(text) < 200 else f"{text[:80]}…{digest(text.encode())}"


class Description:
    """A walk over values that gives one line for each part: its path, and what is there. A part met before is ``is <first path>``.

    So two descriptions are equal where the values are equal and the mutable parts are shared alike.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self.lines: dict[str, str] = {}
        self._first: dict[int, str] = {}
        self._held: list[object] = []
        self._arrays: list[tuple[int, int, str]] = []

    def walk(self, path: str, value: Any) -> None:
        if len(self.lines) > 50_000 or path.count(".") + path.count("[") > 120:
            self.lines[path] = "too deep"
            return
        if isinstance(value, enum.Enum):
            self.lines[path] = f"member {type(value).__qualname__}.{value.name}"
            self.walk(f"{path}.__class__", type(value))
        elif type(value) in ATOMS or isinstance(value, BY_REPR):
            self.lines[path] = short(f"{type(value).__name__} {value!r}")
        elif isinstance(value, types.ModuleType):
            self.lines[path] = f"module {value.__name__}"
        elif isinstance(value, logging.Logger):
            self.lines[path] = f"logger {value.name}"
        elif isinstance(value, IMMUTABLE) and not getattr(value, "__dict__", None):
            self._inside(path, value)  # equal immutables may be one object or several
        elif isinstance(value, types.MethodType):
            self.lines[path] = f"method {value.__func__.__qualname__}"
            self.walk(f"{path}.__self__", value.__self__)
        elif id(value) in self._first:
            self.lines[path] = f"is {self._first[id(value)]}"
        else:
            self._first[id(value)] = path
            self._held.append(value)
            self._inside(path, value)

    def _inside(self, path: str, value: Any) -> None:
        module = type(value).__module__.partition(".")[0]
        if isinstance(value, type):
            self._class(path, value)
        elif isinstance(value, types.FunctionType):
            self._function(path, value)
        elif isinstance(value, types.BuiltinFunctionType | types.WrapperDescriptorType | types.MethodDescriptorType):
            self.lines[path] = f"builtin {value.__qualname__}"
        elif isinstance(value, types.CellType):
            self._cell(path, value)
        elif isinstance(value, staticmethod | classmethod):
            self.lines[path] = type(value).__name__
            self.walk(f"{path}.__func__", value.__func__)
        elif isinstance(value, property):
            self.lines[path] = "property"
            for part in ("fget", "fset", "fdel"):
                self.walk(f"{path}.{part}", getattr(value, part))
        elif isinstance(value, functools.partial):
            self.lines[path] = "partial"
            self._parts(path, {"func": value.func, "args": value.args, "keywords": value.keywords})
        elif isinstance(value, random.Random):
            self.lines[path] = f"{type(value).__name__} {digest(repr(value.getstate()).encode())}"
        elif (module == "numpy" and self._numpy(path, value)) or (module == "pandas" and self._pandas(path, value)):
            pass
        elif isinstance(value, types.GeneratorType):
            self.lines[path] = f"generator {value.__qualname__}"
        else:
            self._container(path, value)
            self._instance(path, value)

    def _parts(self, path: str, parts: Mapping[str, Any]) -> None:
        for name, part in parts.items():
            self.walk(f"{path}.{name}", part)

    def _class(self, path: str, value: type) -> None:
        if value.__module__ != "__main__":
            self.lines[path] = f"class {value.__module__}.{value.__qualname__}"
            return
        self.lines[path] = f"class {value.__qualname__} of __main__"
        for n, base in enumerate(value.__bases__):
            self.walk(f"{path}.__bases__[{n}]", base)
        if issubclass(value, enum.Enum):
            self.lines[f"{path}.members"] = repr([(name, repr(member.value)) for name, member in value.__members__.items()])
            return
        for name in sorted(vars(value)):
            part = vars(value)[name]
            if name not in CLASS_NOISE and not isinstance(part, types.GetSetDescriptorType | types.MemberDescriptorType):
                self.walk(f"{path}.{name}", part)

    def _function(self, path: str, value: types.FunctionType) -> None:
        if value.__module__ != "__main__" and value.__globals__ is not self.namespace:
            self.lines[path] = f"function {value.__module__}.{value.__qualname__}"
            return
        live = "live globals" if value.__globals__ is self.namespace else "OTHER GLOBALS"
        self.lines[path] = f"function {value.__qualname__} {code_digest(value.__code__)} {live}"
        self._parts(path, {"__defaults__": value.__defaults__, "__kwdefaults__": value.__kwdefaults__})
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            if name == "__classdict__":  # what lazy annotations look names up in: the class, as it is anyway
                continue
            self.walk(f"{path}.<{name}>", cell)
        for name, part in value.__dict__.items():
            self.walk(f"{path}.{name}", part)

    def _cell(self, path: str, value: types.CellType) -> None:
        self.lines[path] = "cell"
        try:
            self.walk(f"{path}.contents", value.cell_contents)
        except ValueError:
            self.lines[f"{path}.contents"] = "empty"

    def _numpy(self, path: str, value: Any) -> bool:
        numpy = sys.modules["numpy"]
        if isinstance(value, numpy.ndarray):
            self._array(path, value)
        elif isinstance(value, numpy.generic):
            self.lines[path] = f"{type(value).__name__} {value!r}"
        elif isinstance(value, numpy.random.Generator):
            self.lines[path] = f"Generator {value.bit_generator.state!r}"
        elif isinstance(value, numpy.random.RandomState):
            self.lines[path] = f"RandomState {digest(pickle.dumps(value.get_state()))}"
        elif isinstance(value, numpy.dtype):
            self.lines[path] = f"dtype {value!r}"
        else:
            return False
        return True

    def _array(self, path: str, value: Any) -> None:
        content = "objects" if value.dtype.hasobject else digest(value.tobytes())
        self.lines[path] = (
            f"{type(value).__name__} {value.dtype.str} {value.shape} {content} {'writeable' if value.flags.writeable else 'readonly'}"
        )
        if value.dtype.hasobject:
            for n, item in enumerate(value.flat):
                self.walk(f"{path}[{n}]", item)
        low = value.__array_interface__["data"][0]
        high = low + sum((size - 1) * max(stride, 0) for size, stride in zip(value.shape, value.strides, strict=True)) + value.itemsize
        for start, end, first in self._arrays:
            if value.size and start < high and low < end:
                self.lines[f"{path}.memory"] = f"overlaps {first} by {low - start}"
                break
        self._arrays.append((low, high, path))

    def _pandas(self, path: str, value: Any) -> bool:
        pandas = sys.modules["pandas"]
        name = type(value).__name__
        if isinstance(value, pandas.DataFrame):
            columns = [(repr(label), str(value[label].dtype), repr(list(value[label]))) for label in value.columns]
            self.lines[path] = short(f"{name} {columns} {value.index!r}")
            self.walk(f"{path}.attrs", dict(value.attrs))
        elif isinstance(value, pandas.Series):
            self.lines[path] = short(f"{name} {value.name!r} {value.dtype} {list(value)!r} {value.index!r}")
        elif isinstance(value, pandas.Index):
            self.lines[path] = short(f"{name} {value.name!r} {value.dtype} {list(value)!r}")
        elif hasattr(value, "isoformat"):
            self.lines[path] = f"{name} {value!r}"
        else:
            return False
        return True

    def _container(self, path: str, value: Any) -> None:
        kind = type(value).__qualname__
        if isinstance(value, dict | types.MappingProxyType):
            self.lines[path] = short(f"{kind} of {len(value)}")
            for n, (key, item) in enumerate(value.items()):
                if isinstance(key, ATOMS):
                    self.lines[f"{path}.key{n}"] = short(repr(key))
                    self.walk(f"{path}[{short(repr(key))}]", item)
                else:
                    self.walk(f"{path}.key{n}", key)
                    self.walk(f"{path}.value{n}", item)
            if isinstance(value, collections.defaultdict):
                self.walk(f"{path}.default_factory", value.default_factory)
        elif isinstance(value, list | tuple | collections.deque):
            self.lines[path] = f"{kind} of {len(value)}"
            for n, item in enumerate(value):
                self.walk(f"{path}[{n}]", item)
        elif isinstance(value, set | frozenset):
            self.lines[path] = f"{kind} of {len(value)}"
            for n, item in enumerate(sorted(value, key=self._alone)):
                self.walk(f"{path}{{{n}}}", item)
        elif isinstance(value, bytearray | memoryview):
            self.lines[path] = f"{kind} {digest(bytes(value))} {len(value)}"
        elif isinstance(value, BaseException):
            self.lines[path] = kind
            self.walk(f"{path}.args", value.args)
        elif isinstance(value, IMMUTABLE):
            self.lines[path] = short(f"{kind} {value!s}")
        else:
            self.lines[path] = f"a {type(value).__module__}.{kind}"

    def _alone(self, value: Any) -> str:
        """An order for the elements of a set that does not depend on hashes."""
        walk = Description(self.namespace)
        walk.walk("", value)
        return repr(walk.lines)

    def _instance(self, path: str, value: Any) -> None:
        cls = type(value)
        if cls.__module__ == "__main__":
            self.walk(f"{path}.__class__", cls)
        attributes = {name: part for name, part in getattr(value, "__dict__", {}).items() if name not in LEFT_BY_PICKLE}
        slots = [name for base in cls.__mro__ for name in _slots(base) if hasattr(value, name)]
        for name in (*attributes, *slots):
            self.walk(f"{path}.{name}", attributes[name] if name in attributes else getattr(value, name))
        plain = isinstance(
            value, dict | list | tuple | set | frozenset | collections.deque | bytearray | memoryview | types.MappingProxyType
        )
        if not plain and not attributes and not slots and cls.__module__ != "__main__" and not isinstance(value, BaseException):
            self._reduced(path, value)

    def _reduced(self, path: str, value: Any) -> None:
        try:
            reduced = value.__reduce_ex__(4)
        except Exception as error:  # anything may refuse to be reduced: then its type is all that is compared
            self.lines[f"{path}.opaque"] = type(error).__name__
            return
        if isinstance(reduced, tuple):
            for n, part in enumerate(reduced[1:3]):
                self.walk(f"{path}.reduced{n}", part)
            for n in (3, 4):
                if len(reduced) > n and reduced[n] is not None:
                    self.walk(f"{path}.items{n}", list(reduced[n]))


def _slots(cls: type) -> tuple[str, ...]:
    slots = vars(cls).get("__slots__", ()) if cls.__module__ == "__main__" else ()
    return (slots,) if isinstance(slots, str) else tuple(slots)


def code_digest(code: types.CodeType) -> str:
    """What a code object does, whatever file and lines it came from."""
    constants = [code_digest(c) if isinstance(c, types.CodeType) else _constant(c) for c in code.co_consts]
    return digest(
        repr((code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_flags)).encode()
    )


def _constant(value: Any) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def ambient() -> dict[str, str]:
    """The state of the process that is no variable, as text."""
    found = {
        "cwd": short(os.getcwd()),
        "random": digest(repr(random.getstate()).encode()),
        "warnings": short(repr(warnings.filters)),
        "decimal": repr(decimal.getcontext()),
        "sys.path": repr([short(entry) for entry in sys.path]),
    }
    for name in sorted({*os.environ, *_born}):
        if os.environ.get(name) != _born.get(name) and name != "PWD":
            found[f"environ:{name}"] = short(repr(os.environ.get(name)))
    if numpy := sys.modules.get("numpy"):
        found["numpy.random"] = digest(pickle.dumps(numpy.random.get_state()))
    if config := sys.modules.get("pandas._config.config"):
        found["pandas"] = short(repr(config._global_config))
    if matplotlib := sys.modules.get("matplotlib"):
        found["rcParams"] = digest(
            repr(sorted((key, repr(value)) for key, value in matplotlib.rcParams.items() if key not in BACKEND)).encode()
        )
    return found


BACKEND = {"backend", "backend_fallback", "interactive"}  # the first figure of a kernel sets them


def describe() -> dict[str, dict[str, str]]:
    """The notebook's namespace, Out and the ambient state, as flat tables of text."""
    shell = get_ipython()
    walk = Description(shell.user_ns)
    for name in sorted(shell.user_ns):
        if name not in HIDDEN and not IPYTHON_NAME.match(name):
            walk.walk(name, shell.user_ns[name])
    for count, value in sorted(shell.user_ns["Out"].items()):
        walk.walk(f"Out[{count}]", value)
    walk.walk("_", shell.user_ns.get("_"))
    return {"names": walk.lines, "ambient": ambient()}


def names() -> list[str]:
    """The notebook's own names."""
    return sorted(name for name in get_ipython().user_ns if name not in HIDDEN and not IPYTHON_NAME.match(name))


HIDDEN = {
    "__warningregistry__",
    "In",
    "Out",
    "exit",
    "quit",
    "get_ipython",
    "open",
    "__name__",
    "__doc__",
    "__package__",
    "__loader__",
    "__spec__",
    "__builtin__",
    "__annotations__",
    "__annotate__",
    "__conditional_annotations__",
    "__builtins__",
}
