"""Where code comes from: the notebook itself, a module of the project, or an installed package."""

from __future__ import annotations

import os
import sys
import sysconfig
from enum import Enum
from functools import lru_cache
from types import FunctionType, ModuleType

import durnb
from durnb.fingerprint.looking import HEAP, flags, module_of

_module_dict = vars(ModuleType)["__dict__"].__get__
_EXTENSIONS = (("kernel_ext", "durnb_kernel_ext"), ("widgets", "durnb_widgets"))
_SITE = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


class Origin(Enum):
    """Who owns a piece of code."""

    NOTEBOOK = "notebook"
    PROJECT = "project"
    INSTALLED = "installed"


def of_globals(names: dict[str, object]) -> Origin:
    """The origin of the functions whose globals these are."""
    name = names.get("__name__")
    if type(name) is not str or name == "__main__":
        return Origin.NOTEBOOK
    module = sys.modules.get(name)
    if type(module) is ModuleType and module.__dict__ is names:
        return of_module(module)
    file = names.get("__file__")
    if type(file) is str:
        return _of_file(file)
    return Origin.INSTALLED if _is_frozen(names.get("__spec__")) or name.startswith("_frozen") else Origin.NOTEBOOK


def of_function(function: FunctionType) -> Origin:
    """The origin of a function: of its globals, whatever it calls its module."""
    return of_globals(function.__globals__)


def of_class(cls: type) -> Origin:
    """The origin of a class, by the module that it names."""
    if not flags(cls) & HEAP:
        return Origin.INSTALLED
    name = module_of(cls)
    if name == "__main__":
        return Origin.NOTEBOOK
    module = sys.modules.get(name)
    if name == "builtins":
        return Origin.NOTEBOOK
    if not isinstance(module, ModuleType):  # classes may call a module theirs that their package has not loaded (``numpy.rec``)
        package = sys.modules.get(name.partition(".")[0])
        is_known = isinstance(package, ModuleType) and of_module(package) is Origin.INSTALLED
        return Origin.INSTALLED if is_known else Origin.NOTEBOOK
    return of_module(module)


def of_module(module: ModuleType) -> Origin:
    """The origin of a module, by its file."""
    names = module_dict(module)
    if names.get("__name__") == "__main__":
        return Origin.NOTEBOOK
    file = names.get("__file__")
    if type(file) is str:
        return _of_file(file)
    search = names.get("__path__")
    if search is not None and names.get("__spec__") is not None and not _is_frozen(names["__spec__"]):
        return _of_search(search)
    return Origin.INSTALLED if names.get("__spec__") is not None or names.get("__name__") in sys.builtin_module_names else Origin.NOTEBOOK


def is_handmade(module: ModuleType) -> bool:
    """Whether code made the module (``types.ModuleType("m")``), so that what it holds is state as that of any object."""
    names = module_dict(module)
    made = type(module) is ModuleType and names.get("__spec__") is None and names.get("__file__") is None
    return made and names.get("__name__") not in ("__main__", *sys.builtin_module_names)


def is_of_own_globals(function: FunctionType) -> bool:
    """Whether a function's globals are neither a notebook's nor an imported module's: code run by ``exec`` in a namespace of its own."""
    names = function.__globals__
    return not may_be_notebook(names) or (names.get("__name__") != "__main__" and of_globals(names) is Origin.NOTEBOOK)


def may_be_notebook(names: dict[str, object]) -> bool:
    """Whether these can be the names of a notebook: in a kernel those of ``__main__`` alone are, whatever others call themselves."""
    main = module_dict(sys.modules["__main__"])
    return names is main or "get_ipython" not in main or names.get("__name__") != "__main__"


def _of_search(search: object) -> Origin:
    try:
        places = [place for place in list(search) if type(place) is str]  # type: ignore[call-overload]  # a namespace package's path
    except Exception:  # a lazy path may fail in any way; then nothing can be tracked
        return Origin.INSTALLED
    return Origin.PROJECT if any(_of_file(os.path.join(place, "")) is Origin.PROJECT for place in places) else Origin.INSTALLED


def _is_frozen(spec: object) -> bool:
    return getattr(spec, "origin", None) in ("built-in", "frozen")


def module_dict(module: ModuleType) -> dict[str, object]:
    """A module's names."""
    names: dict[str, object] = _module_dict(module)
    return names


def is_project_file(file: str) -> bool:
    """Whether a Python file is the project's own: neither installed nor of the standard library."""
    return _of_file(file) is Origin.PROJECT


@lru_cache(maxsize=4096)
def _of_file(file: str) -> Origin:
    path = os.path.abspath(file)
    if any(part in path for part in _SITE) or path.startswith(_installed_places()):
        return Origin.INSTALLED
    real = os.path.realpath(path)
    if any(part in real for part in _SITE) or real.startswith(_installed_places()):
        return Origin.INSTALLED
    return Origin.PROJECT


@lru_cache(maxsize=1)
def _installed_places() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    places = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib") if key in paths}
    ours = os.path.dirname(durnb.__file__)  # durnb itself is nobody's project, where it runs from a checkout too
    places |= {ours, *(os.path.join(os.path.dirname(ours), *part) for part in _EXTENSIONS)}
    places |= {os.path.realpath(place) for place in places}
    return tuple(place.rstrip(os.sep) + os.sep for place in sorted(places))
