"""What installed modules and their classes hold for everybody: sentinels, settings, defaults. They are no value's own, and nothing changes them."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from types import CellType, ModuleType
from typing import Any

from durnb.fingerprint.looking import class_dict, derives, instance_dict, is_class, module_of
from durnb.fingerprint.origin import Origin, module_dict, of_class, of_module

_known: dict[str, dict[int, object]] = {}


def without_everybodys(parts: Iterable[object], among: Iterable[object], bound: Collection[int]) -> list[object]:
    """Those of `parts` that no installed module, nor a class of it, holds under a name; the packages of `among` are looked through.

    What a name of the notebook is bound to itself (its address is in `bound`) is somebody's, unless it is a sentinel of its type's module.
    """
    mine = [part for part in parts if id(part) in bound and not _is_of_its_module(part)]
    left = [part for part in parts if id(part) not in bound and not _is_a_list_of_matplotlib(part)]
    left = [part for part in left if not _is_of_its_module(part)]
    packages = _packages_of(among) if left else frozenset[str]()
    left = [part for part in left if not any(id(part) in _known.get(package, ()) for package in packages)]
    if left:  # much is made when it is first needed, so what is not known may be there by now
        _known.update({package: _look_through(package) for package in packages})
        left = [part for part in left if not any(id(part) in _known[package] for package in packages)]
    return mine + left


def _packages_of(parts: Iterable[object]) -> frozenset[str]:
    """The packages that define the types of `parts`."""
    kinds = {id(kind): kind for kind in map(type, parts)}
    return frozenset(module_of(kind).partition(".")[0] for kind in kinds.values()) - {"__main__", "builtins"}


def is_own_class_cell(part: object, kind: type) -> bool:
    """Whether it is the cell in which methods of an installed class find their class, for ``super()``: all of them share it."""
    return kind is CellType and _holds_installed_class(part)


def _holds_installed_class(cell: Any) -> bool:
    try:
        held = cell.cell_contents
    except ValueError:  # it is empty
        return False
    return is_class(held) and of_class(held) is Origin.INSTALLED


def _is_of_its_module(part: object) -> bool:
    module = sys.modules.get(module_of(type(part)))
    return isinstance(module, ModuleType) and any(value is part for value in list(module_dict(module).values()))


def _look_through(package: str) -> dict[int, object]:
    """By address, what the loaded modules of an installed package and their classes hold; kept, so that addresses stay true."""
    found: dict[int, object] = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package and derives(type(module), ModuleType) and of_module(module) is Origin.INSTALLED:
            names = module_dict(module)
            for value in list(names.values()):
                inner: Iterable[object] = _of_class(value, names.get("__name__")) if is_class(value) else ()
                found.update({id(each): each for each in (value, *inner) if module_of(type(each)) != "builtins"})
    for each in [each for each in found.values() if not is_class(each)]:
        found.update({id(part): part for part in (instance_dict(each) or {}).values() if module_of(type(part)) == "numpy"})
    return found


def _of_class(cls: Any, module: object) -> Iterable[object]:
    return class_dict(cls).values() if module_of(cls) == module else ()


def _is_a_list_of_matplotlib(part: Any) -> bool:
    """Whether a list is a value of matplotlib's settings, which artists take as it is (the settings are ambient state), or of its colour maps."""
    if type(part) is not list or "matplotlib" not in sys.modules:
        return False
    matplotlib = module_dict(sys.modules["matplotlib"])
    settings = [each for name in ("rcParams", "rcParamsDefault", "rcParamsOrig") if isinstance(each := matplotlib.get(name), dict)]
    return any(value is part for each in settings for value in dict.values(each)) or id(part) in _colours()


def _colours() -> dict[int, object]:
    module = sys.modules.get("matplotlib._cm_listed")
    if module is None:
        return {}
    if "matplotlib._cm_listed" not in _known:
        lists = [value for value in module_dict(module).values() if type(value) is list]
        _known["matplotlib._cm_listed"] = {id(each): each for colours in lists for each in (colours, *colours)}
    return _known["matplotlib._cm_listed"]
