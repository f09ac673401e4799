"""Things that a module holds one of: they are stored by name, and found again where they are.

A copy of a sentinel is not that sentinel, and a copy of the hidden generator of `random` draws other numbers than `random` does.
"""

from __future__ import annotations

import sys
import types
from typing import Any

from durnb.snapshot import ctypes_data, rebuild
from durnb.snapshot.definitions import Notebook, is_installed

KNOWN_PACKAGES = sys.stdlib_module_names | {
    "durnb",
    "numpy",
    "pandas",
    "pyarrow",
    "polars",
    "scipy",
    "sklearn",
    "torch",
    "pydantic",
    "pydantic_core",
}
STREAMS = ("stdout", "stderr", "stdin", "__stdout__", "__stderr__", "__stdin__")


class Singletons:
    """Looks objects up among the globals of the module of their type."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._by_module: dict[str, dict[int, str]] = {}

    def find(self, obj: Any) -> tuple[Any, ...] | None:
        """How to find `obj` where it is; of a project's own module also the state to put on it."""
        name: Any = type(obj).__module__
        module = sys.modules.get(name) if isinstance(name, str) else None
        if module is None or name in ("__main__", "builtins") or vars(module) is self._notebook.namespace:
            return None
        if name not in self._by_module:
            self._by_module[name] = {id(value): key for key, value in list(vars(module).items()) if not isinstance(value, types.ModuleType)}
        path = self._by_module[name].get(id(obj))
        if path is None:
            return None
        if is_installed(module) or type(getattr(obj, "__dict__", None)) is not dict:
            return rebuild.attribute, (name, path)
        return rebuild.attribute, (name, path), vars(obj), None, None, rebuild.instance_state

    def stream(self, obj: object) -> tuple[Any, ...] | None:
        """`sys.stdout` and the like."""
        return next(((rebuild.attribute, ("sys", name)) for name in STREAMS if obj is not None and getattr(sys, name, None) is obj), None)


def builtin_type(kind: Any) -> tuple[Any, ...] | None:
    """Built-in types that are found only through the `types` module, such as that of functions; and those that ctypes makes."""
    made = ctypes_data.by_what_it_is_made_of(kind)
    if made is not None:
        return made
    path = next((name for name, value in vars(types).items() if value is kind), None)
    return (rebuild.attribute, ("types", path)) if path is not None else None
