"""Settings of numpy, scikit-learn and polars, where the library is loaded and they differ from its defaults."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping
from typing import Any, Final

from durnb.snapshot.plain import is_plain, spelled
from durnb.snapshot.process_state import _Replaced

_PRINT: Final[Mapping[str, object]] = {
    "edgeitems": 3,
    "threshold": 1000,
    "floatmode": "maxprec",
    "precision": 8,
    "suppress": False,
    "linewidth": 75,
    "nanstr": "nan",
    "infstr": "inf",
    "sign": "-",
    "legacy": False,
}
_ERRORS: Final[Mapping[str, object]] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
_POLARS: Final[Mapping[str, object]] = {
    "set_fmt_float": "mixed",
    "set_float_precision": None,
    "set_thousands_separator": "",
    "set_decimal_separator": ".",
    "set_trim_decimal_zeros": False,
}


class _Settings(_Replaced):
    """Plain settings of one library by name, together one component."""

    prefix = ""
    library = ""

    def look(self) -> object:
        library = sys.modules.get(self.library)
        if library is None:
            return None
        try:
            return {name: value for name, value in self.read(library).items() if is_plain(value)}
        except AttributeError:  # it is only now being imported
            return None

    def take(self, seen: Any) -> Mapping[str, bytes]:
        defaults = self.defaults()
        changed = {name: value for name, value in sorted((seen or {}).items()) if name not in defaults or defaults[name] != value}
        return {self.prefix: spelled(changed)} if changed else {}

    def put(self, name: str, payload: bytes | None) -> str | None:
        library = sys.modules.get(self.library)
        if library is None:
            return None if payload is None else f"{self.library} is not loaded, so its settings are left as they are"
        self.write(library, {**self.defaults(), **(pickle.loads(payload) if payload is not None else {})})
        return None

    def defaults(self) -> Mapping[str, object]:
        raise NotImplementedError

    def read(self, library: Any) -> Mapping[str, object]:
        raise NotImplementedError

    def write(self, library: Any, values: Mapping[str, Any]) -> None:
        raise NotImplementedError


class NumpyPrintOptions(_Settings):
    """How numpy prints arrays; not formatters, which are code."""

    prefix = "@numpy.printoptions"
    library = "numpy"

    def read(self, library: Any) -> Mapping[str, object]:
        found: dict[str, object] = library.get_printoptions()
        return {name: value for name, value in found.items() if name in _PRINT}

    def write(self, library: Any, values: Mapping[str, Any]) -> None:
        library.set_printoptions(**values)

    def defaults(self) -> Mapping[str, object]:
        return _PRINT


class NumpyErrors(_Settings):
    """What numpy does at a division by zero and the like."""

    prefix = "@numpy.errstate"
    library = "numpy"

    def read(self, library: Any) -> Mapping[str, object]:
        found: Mapping[str, object] = library.geterr()
        return found

    def write(self, library: Any, values: Mapping[str, Any]) -> None:
        library.seterr(**values)

    def defaults(self) -> Mapping[str, object]:
        return _ERRORS


class SklearnConfig(_Settings):
    """scikit-learn's configuration, such as ``transform_output``."""

    prefix = "@sklearn.config"
    library = "sklearn"

    def read(self, library: Any) -> Mapping[str, object]:
        found: Mapping[str, object] = library.get_config()
        return found

    def write(self, library: Any, values: Mapping[str, Any]) -> None:
        library.set_config(**values)

    def defaults(self) -> Mapping[str, object]:
        return dict(getattr(sys.modules.get("sklearn._config"), "_global_config", {}))


class PolarsConfig(_Settings):
    """What `polars.Config` keeps inside of polars. The rest it keeps in the environment, where it is found as such."""

    prefix = "@polars.config"
    library = "polars"

    def read(self, library: Any) -> Mapping[str, object]:
        found: Mapping[str, object] = library.Config.state(if_set=True)
        return {name: value for name, value in found.items() if name.startswith("set_")}

    def write(self, library: Any, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            getattr(library.Config, name)(value)

    def defaults(self) -> Mapping[str, object]:
        return _POLARS
