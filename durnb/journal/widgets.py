"""What DuckDB wants of a notebook: a progress bar of ipywidgets, of which it takes hold when the first connection is made."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_WIDGETS = "ipywidgets"


@contextmanager
def progress_bars_later() -> Iterator[None]:
    """While DuckDB is imported and a connection made: in a kernel, DuckDB then gets a progress bar that imports ipywidgets when it is first shown.

    The import takes 0.1 s, and the notebook may never show one.
    """
    if _WIDGETS in sys.modules or "ipykernel" not in sys.modules or find_spec(_WIDGETS) is None:
        yield
        return
    stand_in = ModuleType(_WIDGETS)
    stand_in.__dict__.update(FloatProgress=_progress_bar, __getattr__=_of_the_real)
    sys.modules[_WIDGETS] = stand_in
    try:
        yield
    finally:
        _step_back(stand_in)


def _step_back(stand_in: ModuleType | None) -> None:
    if stand_in is not None and sys.modules.get(_WIDGETS) is stand_in:
        del sys.modules[_WIDGETS]


def _progress_bar(**options: Any) -> Any:
    return _of_the_real("FloatProgress")(**options)


def _of_the_real(name: str) -> Any:
    present = sys.modules.get(_WIDGETS)
    if present is not None and present.__dict__.get("FloatProgress") is _progress_bar:
        _step_back(present)
    return getattr(importlib.import_module(_WIDGETS), name)
