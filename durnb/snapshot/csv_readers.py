"""Readers and writers of csv, by what they read from or write to and how. The functions are stored by their names: added to, never changed."""

from __future__ import annotations

import csv
import gc
from typing import Any

from durnb.snapshot.standins import Gone

_DIALECT = ("delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace", "strict")


class NotBetweenRows(Exception):
    """A reader that stands in the middle of a row."""


def reduced_reader(value: Any) -> tuple[Any, ...]:
    """How a reader is made again. Raises NotBetweenRows."""
    held = [each for each in gc.get_referents(value) if not isinstance(each, type)]
    if any(type(each) is list and each for each in held):
        raise NotBetweenRows
    source = next(each for each in held if hasattr(each, "__next__"))
    return reader, (source, _options(value))


def reduced_writer(value: Any) -> tuple[Any, ...] | None:
    """How a writer is made again; None for one that writes by something other than a method of what it writes to."""
    write = next((each for each in gc.get_referents(value) if getattr(each, "__name__", "") == "write"), None)
    target = getattr(write, "__self__", None)
    return None if target is None else (writer, (target, _options(value)))


def _options(value: Any) -> dict[str, Any]:
    return {name: getattr(value.dialect, name) for name in _DIALECT}


def reader(source: Any, options: dict[str, Any]) -> Any:
    """A reader that goes on with what `source` gives next."""
    return source if isinstance(source, Gone) else csv.reader(source, **options)


def writer(target: Any, options: dict[str, Any]) -> Any:
    """A writer to `target`."""
    return target if isinstance(target, Gone) else csv.writer(target, **options)
