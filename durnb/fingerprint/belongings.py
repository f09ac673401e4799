"""What installed modules and their classes hold for everybody: sentinels, settings, defaults. They are no value's own, and nothing changes them."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
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
    sought = {id(part): part for part in left if module_of(type(part)) != "builtins"}
    everybodys: set[int] = set()
    for package in _packages_of(among) if sought else ():
        known = _known.setdefault(package, {})
        everybodys |= sought.keys() & known.keys()
        unknown = {address: part for address, part in sought.items() if address not in everybodys}
        found = _held_by(package, unknown) if unknown else frozenset[int]()
        known.update({address: sought[address] for address in found})  # kept, so that the addresses stay true
        everybodys |= found
    return mine + [part for part in left if id(part) not in everybodys]


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


def _held_by(package: str, sought: Mapping[int, object]) -> frozenset[int]:
    """Those of the addresses `sought` at which something lies that the loaded modules of an installed package, or their classes, hold."""
    wanted, found = frozenset(sought), set[int]()
    arrays = any(module_of(type(part)) == "numpy" for part in sought.values())
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package and derives(type(module), ModuleType) and of_module(module) is Origin.INSTALLED:
            names = module_dict(module)
            for values in _holdings(list(names.values()), names.get("__name__"), arrays):
                found.update(wanted.intersection(map(id, values)))
    return frozenset(found)


def _holdings(values: list[object], module: object, arrays: bool) -> Iterator[Iterable[object]]:
    """What a module holds: its names, the attributes of its own classes, and where arrays are sought those of its objects, such as transforms."""
    yield values
    held = values
    for value in values:
        if is_class(value) and module_of(value) == module:  # type: ignore[arg-type]  # is_class says so
            attributes = list(class_dict(value).values())  # type: ignore[arg-type]  # the same
            yield attributes
            held = held + attributes if arrays else held
    for value in held if arrays else ():
        if module_of(type(value)) != "builtins" and not is_class(value):
            yield list((instance_dict(value) or {}).values())


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
