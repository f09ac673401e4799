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
from typing import Any, cast

from durnb.snapshot.process_state import _Replaced

UNTOUCHED_RC = ("backend", "interactive", "toolbar", "webagg.", "docstring.")
PLAIN = (type(None), bool, int, float, str, bytes)


class PandasOptions(_Replaced):
    """Each option of pandas that is not at its default and whose value is plain."""

    prefix = "@pandas:"

    def take(self) -> Mapping[str, bytes]:
        config = sys.modules.get("pandas._config.config")
        if config is None or not hasattr(sys.modules.get("pandas"), "options"):
            return {}
        registered: Mapping[str, Any] = config._registered_options
        values = ((key, option.defval, _nested(config._global_config, key)) for key, option in registered.items())
        return {self.prefix + key: pickle.dumps(value) for key, default, value in values if value != default and is_plain(value)}

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


def _nested(options: Any, key: str) -> object:
    for part in key.split("."):
        options = options[part]
    return cast(object, options)


def is_plain(value: object) -> bool:
    """Whether a value is made of built-in plain types, so that its pickle needs nothing."""
    if isinstance(value, (tuple, list)):
        return all(map(is_plain, value))
    return type(value) in PLAIN


class RcParams(_Replaced):
    """matplotlib's parameters that are not at their defaults."""

    prefix = "@rcParams"

    def as_loaded(self) -> bool:
        matplotlib: Any = sys.modules.get("matplotlib")
        return not dict(_changed(matplotlib.rcParams, matplotlib.rcParamsDefault))

    def take(self) -> Mapping[str, bytes]:
        matplotlib = sys.modules.get("matplotlib")
        if matplotlib is None or not hasattr(matplotlib, "rcParamsDefault"):
            return {}
        return {self.prefix: pickle.dumps(dict(_changed(matplotlib.rcParams, matplotlib.rcParamsDefault)))}

    def put(self, name: str, payload: bytes | None) -> str | None:
        matplotlib: Any = sys.modules.get("matplotlib")
        if matplotlib is None:
            return None if payload is None else "matplotlib is not loaded, so its rcParams are left as they are"
        wanted = {} if payload is None else pickle.loads(payload)
        for key, _ in list(_changed(matplotlib.rcParams, matplotlib.rcParamsDefault)):
            if key not in wanted:
                dict.__setitem__(matplotlib.rcParams, key, dict.__getitem__(matplotlib.rcParamsDefault, key))
        for key, value in wanted.items():
            matplotlib.rcParams[key] = _cycle(value) if isinstance(value, dict) else value
        return None


def _changed(params: Any, defaults: Any) -> Iterator[tuple[str, object]]:
    for key, value in dict.items(params):
        if key.startswith(UNTOUCHED_RC) or value == dict.get(defaults, key):
            continue
        if hasattr(value, "by_key"):
            yield key, dict(value.by_key())
        elif is_plain(value):
            yield key, value


def _cycle(values: dict[str, list[object]]) -> object:
    return cast(object, importlib.import_module("cycler").cycler(**values))


class WarningFilters(_Replaced):
    """`warnings.filters`, save those on categories that no module has."""

    prefix = "@warnings"

    def take(self) -> Mapping[str, bytes]:
        return {self.prefix: pickle.dumps([_spelled(each) for each in warnings.filters if _is_importable(each[2])])}

    def put(self, name: str, payload: bytes | None) -> str | None:
        if payload is None:
            return None
        filters, gone = [], []
        for spelled in pickle.loads(payload):
            try:
                filters.append(_filter(spelled))
            except (ImportError, AttributeError):
                gone.append(".".join(spelled[2]))
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


def _filter(spelled: Spelled) -> Any:
    action, message, (home, name), module, line = spelled
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

    def take(self) -> Mapping[str, bytes]:
        context = decimal.getcontext()
        numbers = (context.prec, context.rounding, context.Emin, context.Emax, context.capitals, context.clamp)
        return {self.prefix: pickle.dumps((numbers, _signals(context.traps)))}

    def put(self, name: str, payload: bytes | None) -> str | None:
        if payload is None:
            return None
        (prec, rounding, emin, emax, capitals, clamp), traps = pickle.loads(payload)
        signals = {each.__name__: each for each in decimal.getcontext().flags}
        raised = [signal for signal, is_set in decimal.getcontext().flags.items() if is_set]
        decimal.setcontext(decimal.Context(prec, rounding, emin, emax, capitals, clamp, raised, [signals[each] for each in traps]))
        return None


def _signals(states: Mapping[Any, bool]) -> list[str]:
    return sorted(signal.__name__ for signal, is_set in states.items() if is_set)
