"""Settings of the durable core, their units and their defaults.

Each field is one setting: in the environment ``DURNB_<FIELD>``, in IPython ``c.Durable.<field>`` and ``%config Durable.<field>``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, fields
from datetime import timedelta
from typing import Any, Final

from durnb.errors import UsageError
from durnb.records import dataclass

_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)\s*")
_SIZES: Final = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?B?)\s*", re.IGNORECASE)


def duration(text: str | float | timedelta) -> timedelta:
    """A length of time from ``"1h30m"``, ``"20 ms"``, a number of seconds or a timedelta. Raises UsageError."""
    if isinstance(text, timedelta):
        return text
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise UsageError(f"{text!r} is not a length of time: write 90, 90s, 1h30m, 2d (units: ms s m h d w)")
    if isinstance(text, int | float) or re.fullmatch(r"\s*\d+(\.\d+)?\s*", text):
        return _length(text, float(text))
    parts = _DURATION.findall(text)
    if not parts or _DURATION.sub("", text):
        raise UsageError(f"{text!r} is not a length of time: write 90, 90s, 1h30m, 2d (units: ms s m h d w)")
    return _length(text, sum(float(number) * _UNITS[unit] for number, unit in parts))


def length_text(length: timedelta) -> str:
    """A length of time as `duration` takes it: ``90ms``, ``3s``, ``1h30m``, ``2d``."""
    left = round(length.total_seconds() * 1000)
    parts: list[str] = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, left = divmod(left, round(_UNITS[unit] * 1000))
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def _length(text: object, seconds: float) -> timedelta:
    try:
        return timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        raise UsageError(f"{str(text)[:60]!r} is longer than any length of time that can be kept") from None


def size(text: str | float) -> int:
    """A number of bytes from ``"10 MB"`` (decimal units) or an int. Raises UsageError."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text
    if isinstance(text, float) and text.is_integer():
        return int(text)
    found = _SIZE.fullmatch(text) if isinstance(text, str) else None
    unit = found[2].upper() if found else ""
    unit = unit if unit in ("", "B") or unit.endswith("B") else unit + "B"
    if not found or unit not in _SIZES:
        raise UsageError(f"{text!r} is not a size: write 500000, 10 MB, 2.5 GB")
    number = float(found[1]) * _SIZES[unit]
    if number == float("inf"):
        raise UsageError(f"{str(text)[:60]!r} is larger than any disk")
    return int(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, immutable; `doc` metadata is what help shows."""

    store: str = field(default="", metadata={"doc": "folder for the stores, instead of .durnb beside the notebook"})
    ask_over: timedelta = field(
        default=timedelta(minutes=10),
        metadata={"doc": "a step that took longer, all attempts together, asks before it runs again for a plain value or setting"},
    )
    resume_within: timedelta = field(default=timedelta(hours=12), metadata={"doc": "durnb run: a crashed run older than this is abandoned"})
    on_change: str = field(default="rerun", metadata={"doc": "what a stale step does: rerun, keep or ask"})
    badge: bool = field(default=True, metadata={"doc": "show a badge at each durable cell"})
    max_output: int = field(default=10_000_000, metadata={"doc": "bytes of outputs kept for each step"})
    max_prestate: int = field(default=64_000_000, metadata={"doc": "bytes of plain values kept for a clean retry"})
    max_crashes: int = field(default=3, metadata={"doc": "a step that killed its kernel this many times is refused"})
    open_wait: timedelta = field(
        default=timedelta(seconds=10), metadata={"doc": "how long opening waits for a short-lived owner of the run"}
    )
    keep_checkpoints: int = field(
        default=2, metadata={"doc": "checkpoints kept of each step, those used last; the ones that are needed stay besides", "least": 1}
    )
    keep_runs: int = field(
        default=10, metadata={"doc": "runs kept of those that finished, failed or were abandoned, the last ones", "least": 1}
    )
    max_store: int = field(
        default=0, metadata={"doc": "bytes that all runs of a notebook may take, such as 20 GB; 0 for no limit", "least": 0}
    )
    all: bool = field(default=False, metadata={"doc": "every cell is a step, as below %durable all"})
    remake_under: timedelta = field(
        default=timedelta(seconds=10),
        metadata={
            "doc": "%durable all: a cell that only makes things, one of which can't be stored, runs again in a new kernel if it took less"
        },
    )
    thorough: bool = field(
        default=False, metadata={"doc": "look through the whole notebook around each durable cell, not only at what it can change: slow"}
    )
    notify: str = field(
        default="",
        metadata={"doc": "a command (JSON on its stdin) or a URL (JSON is posted) that durnb run and durnb worker tell of a run's end"},
    )
    otel: bool = field(
        default=False,
        metadata={
            "doc": "durnb run and durnb worker send OpenTelemetry spans (needs durnb[otel]; OTEL_EXPORTER_OTLP_ENDPOINT says where to)"
        },
    )
    disable: bool = field(default=False, metadata={"doc": "marked cells run as plain ones"})


def parse_setting(name: str, value: Any) -> Any:
    """`value` (often text) as the type of the setting `name`. Raises UsageError."""
    default = next((f.default for f in fields(Settings) if f.name == name), None)
    match default:
        case None:
            raise UsageError(f"there is no setting {name!r}: {', '.join(f.name for f in fields(Settings))}")
        case bool():
            if isinstance(value, bool):
                return value
            if str(value).lower() in ("1", "true", "yes", "on"):
                return True
            if str(value).lower() in ("", "0", "false", "no", "off"):
                return False
            raise UsageError(f"{name}: {value!r} is neither true nor false")
        case timedelta():
            return duration(value)
        case int():
            return _count(name, size(value))
        case _ if name == "on_change" and value not in ("rerun", "keep", "ask"):
            raise UsageError(f"on_change: {value!r} is not rerun, keep or ask")
        case _:
            return str(value)


def _count(name: str, value: int) -> int:
    least: int | None = next(f.metadata.get("least") for f in fields(Settings) if f.name == name)
    if least is not None and value < least:
        raise UsageError(f"{name}: {value} is too few, write {least} or more")
    return value


def from_environment(environ: Mapping[str, str]) -> Settings:
    """The settings that ``DURNB_*`` variables give, the rest at their defaults. Raises UsageError naming the variable."""
    given: dict[str, Any] = {}
    for setting in fields(Settings):
        variable = f"DURNB_{setting.name.upper()}"
        if variable in environ:
            try:
                given[setting.name] = parse_setting(setting.name, environ[variable])
            except UsageError as error:
                raise UsageError(f"{variable}: {error}") from None
    return Settings(**given)
