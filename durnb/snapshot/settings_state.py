"""Settings of libraries: pandas options, matplotlib's rcParams, warnings filters, the decimal context.

Where a library has defaults, only what differs from them is state.
"""

from __future__ import annotations

import decimal
import importlib
import pickle
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, cast

from durnb.snapshot.plain import is_plain, spelled
from durnb.snapshot.process_state import _Replaced

UNTOUCHED_RC = ("backend", "interactive", "toolbar", "webagg.", "docstring.")


class PandasOptions(_Replaced):
    """Each option of pandas that is not at its default and whose value is plain."""

    prefix = "@pandas:"

    def look(self) -> object:
        config = sys.modules.get("pandas._config.config")
        if config is None or not hasattr(sys.modules.get("pandas"), "options"):
            return None
        return len(config._registered_options), _copied(config._global_config)

    def take(self, seen: Any) -> Mapping[str, bytes]:
        if seen is None:
            return {}
        registered: Mapping[str, Any] = sys.modules["pandas._config.config"]._registered_options
        values = ((key, option.defval, _nested(seen[1], key)) for key, option in registered.items())
        return {self.prefix + key: spelled(value) for key, default, value in values if value != default and is_plain(value)}

    def put(self, name: str, payload: bytes | None) -> str | None:
        pandas: Any = sys.modules.get("pandas")
        key = name.removeprefix(self.prefix)
        if pandas is None:
            return None if payload is None else f"pandas is not loaded, so its option {key} is left as it is"
        if payload is None:
            pandas.reset_option(key)
        else:
            pandas.set_option(key, pickle.loads(payload))
        return None


def _copied(options: Any) -> Any:
    """Nested options and their lists, which may be changed in place, anew."""
    if type(options) is dict:
        return {key: _copied(value) for key, value in options.items()}
    return [*options] if type(options) is list else options


def _nested(options: Any, key: str) -> object:
    for part in key.split("."):
        options = options[part]
    return cast(object, options)


class RcParams(_Replaced):
    """matplotlib's parameters that are not at their defaults.

    The defaults are copied at the first look: matplotlib's own share their lists with the parameters, and change with them.
    """

    prefix = "@rcParams"

    def __init__(self) -> None:
        self._defaults: dict[str, object] = {}

    def as_loaded(self) -> bool:
        return not dict(_changed(sys.modules["matplotlib"].rcParams, self._defaults))

    def look(self) -> object:
        matplotlib = sys.modules.get("matplotlib")
        if matplotlib is None or not hasattr(matplotlib, "rcParamsDefault"):
            return None
        self._defaults = self._defaults or _copied_values(matplotlib.rcParamsDefault)
        return _copied_values(matplotlib.rcParams)

    def take(self, seen: Any) -> Mapping[str, bytes]:
        return {} if seen is None else {self.prefix: spelled(dict(_changed(seen, self._defaults)))}

    def put(self, name: str, payload: bytes | None) -> str | None:
        matplotlib: Any = sys.modules.get("matplotlib")
        if self.look() is None:
            return None if payload is None else "matplotlib is not loaded, so its rcParams are left as they are"
        wanted = {} if payload is None else pickle.loads(payload)
        for key, _ in list(_changed(matplotlib.rcParams, self._defaults)):
            if key not in wanted:
                dict.__setitem__(matplotlib.rcParams, key, _copied(self._defaults[key]))
        for key, value in wanted.items():
            matplotlib.rcParams[key] = _cycle(value) if isinstance(value, dict) else value
        return None


def _copied_values(params: Any) -> dict[str, object]:
    return {key: [*value] if type(value) is list else value for key, value in dict.items(params)}


def _changed(params: Any, defaults: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for key, value in dict.items(params):
        if key.startswith(UNTOUCHED_RC) or value == defaults.get(key):
            continue
        if hasattr(value, "by_key"):
            yield key, dict(value.by_key())
            continue
        plain = value.value if isinstance(value, Enum) else value  # cap and join styles
        if is_plain(plain):
            yield key, plain


def _cycle(values: dict[str, list[object]]) -> object:
    return cast(object, importlib.import_module("cycler").cycler(**values))


class WarningFilters(_Replaced):
    """`warnings.filters`, save those on categories that no module has."""

    prefix = "@warnings"

    def look(self) -> object:
        return list(warnings.filters)

    def take(self, seen: Any) -> Mapping[str, bytes]:
        return {self.prefix: spelled([_spelled(each) for each in seen if _is_importable(each[2])])}

    def put(self, name: str, payload: bytes | None) -> str | None:
        if payload is None:
            return None
        filters, gone = [], []
        for entry in pickle.loads(payload):
            try:
                filters.append(_filter(entry))
            except (ImportError, AttributeError):
                gone.append(".".join(entry[2]))
        warnings.filters[:] = filters  # type: ignore[index]  # a list, which the stubs call a sequence
        warnings.simplefilter("default", append=True)  # the only public way to tell C code that the filters changed
        del warnings.filters[len(filters) :]  # type: ignore[attr-defined]  # a list, which the stubs call a sequence
        return f"no warnings filter for {', '.join(gone)}, which is not here" if gone else None


Spelled = tuple[str, tuple[str, int, bool] | None, tuple[str, str], tuple[str, int, bool] | None, int]


def _spelled(entry: Any) -> Spelled:
    action, message, category, module, line = entry
    return action, _pattern(message), (category.__module__, category.__qualname__), _pattern(module), line


def _pattern(pattern: Any) -> tuple[str, int, bool] | None:
    if pattern is None:
        return None
    return (pattern, 0, False) if isinstance(pattern, str) else (pattern.pattern, pattern.flags, True)


def _filter(entry: Spelled) -> Any:
    action, message, (home, name), module, line = entry
    category: Any = importlib.import_module(home)
    for part in name.split("."):
        category = getattr(category, part)
    return action, _compiled(message), category, _compiled(module), line


def _compiled(pattern: tuple[str, int, bool] | None) -> Any:
    if pattern is None:
        return None
    text, flags, is_regex = pattern
    return re.compile(text, flags) if is_regex else text


def _is_importable(category: Any) -> bool:
    return (
        isinstance(category, type)
        and category.__module__ != "__main__"
        and getattr(sys.modules.get(category.__module__), category.__qualname__, None) is category
    )


class DecimalContext(_Replaced):
    """The decimal context of this thread: precision, rounding, limits and traps; not its flags, which mere arithmetic raises."""

    prefix = "@decimal"

    def look(self) -> object:
        context = decimal.getcontext()
        numbers = (context.prec, context.rounding, context.Emin, context.Emax, context.capitals, context.clamp)
        return numbers, _signals(context.traps)

    def take(self, seen: Any) -> Mapping[str, bytes]:
        return {self.prefix: spelled(seen)}

    def put(self, name: str, payload: bytes | None) -> str | None:
        if payload is None:
            return None
        (prec, rounding, emin, emax, capitals, clamp), traps = pickle.loads(payload)
        context = decimal.getcontext()  # the one that variables may hold, too
        context.prec, context.rounding, context.Emin, context.Emax, context.capitals, context.clamp = (
            prec,
            rounding,
            emin,
            emax,
            capitals,
            clamp,
        )
        for signal in context.traps:
            context.traps[signal] = signal.__name__ in traps
        return None


def _signals(states: Mapping[Any, bool]) -> list[str]:
    return sorted(signal.__name__ for signal, is_set in states.items() if is_set)
