"""Events as rows of the table ``events`` and back: what is asked for has a column, the rest is JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from durnb.events import KINDS, ErrorInfo, Event, Input, Recorded, encode

if TYPE_CHECKING:  # duckdb takes 0.1 s to import, so only the first open does
    from duckdb import DuckDBPyConnection

COLUMNS: Final = ("step", "execution", "attempt", "call")  # of an event's fields
Row = tuple[int, int, datetime, str, str | None, int | None, int | None, str | None, str | None]
# Every escape of a JSON text, so that none is taken for part of another: a pair, half a pair or the mark itself, anything else.
_ESCAPE: Final = re.compile(r"\\(?:(?P<pair>ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})|u(?P<odd>d[89a-f][0-9a-f]{2}|ffff)|.)")
_MARKED: Final = re.compile(r"\\(?:uffff(?P<odd>[0-9a-f]{4})|.)")
_JSON: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
FEW: Final = 7  # rows up to which one statement with parameters is faster than an appender
_STATEMENT: Final = 256  # rows of one statement, where there are no appenders
_PART: Final = 5000  # rows whose details are parsed as one JSON array: a third of the time of one by one


def columns_of(event: Event) -> tuple[str, str | None, int | None, int | None, str | None, str | None]:
    """What a row holds besides seq, epoch and time. Raises TypeError and ValueError for facts that JSON does not have."""
    detail = encode(event)
    step, execution, attempt, call = (detail.pop(name, None) for name in COLUMNS)
    text = _without_lone(_JSON(detail)) if detail else None
    return event.kind, step, execution, attempt, call, text


def _without_lone(text: str) -> str:
    """DuckDB can't parse half a surrogate pair, which Python's texts may have (file names, captured output): ``\\ud800`` is kept as ``\\uffffd800``."""
    return _ESCAPE.sub(_mark_lone, text) if "\\ud" in text or "\\uffff" in text else text


def _mark_lone(found: re.Match[str]) -> str:
    return found[0] if found["pair"] or not found["odd"] else f"\\uffff{found['odd']}"


def _with_lone(text: str) -> str:
    return _MARKED.sub(lambda found: f"\\u{found['odd']}" if found["odd"] else found[0], text) if "\\uffff" in text else text


def recorded(rows: Sequence[Row]) -> Iterator[Recorded]:
    """The events of `rows`, in their order. Raises KeyError, TypeError and ValueError for rows that are none of ours."""
    last: datetime | None = None
    at = datetime.min
    for start in range(0, len(rows), _PART):
        part = rows[start : start + _PART]
        details = json.loads(_with_lone("[" + ",".join([row[8] or "{}" for row in part]) + "]"))
        if len(details) != len(part):
            raise ValueError("a detail is not one JSON value")
        for (seq, epoch, when, kind, step, execution, attempt, call, _), detail in zip(part, details, strict=True):
            if step is not None:
                detail["step"] = step
            if execution is not None:
                detail["execution"] = execution
            if attempt is not None:
                detail["attempt"] = attempt
            if call is not None:
                detail["call"] = call
            if when != last:  # what was committed together has one time, and one object for it
                last, at = when, when.replace(tzinfo=UTC)
            yield Recorded(seq=seq, epoch=epoch, at=at, event=event_of(kind, detail))


def after(connection: DuckDBPyConnection, seq: int) -> Iterator[Recorded]:
    """The events of the attached file after `seq`, in order. Raises DuckDB's errors, and those of `recorded`."""
    table = connection.execute("select * from events where seq > ?", [seq]).fetchall()
    table.sort(key=itemgetter(0))  # as inserted they are in order; this only makes sure
    return recorded(table)


def is_one_transaction(connection: DuckDBPyConnection, count: int) -> bool:
    """Whether `insert` adds so many rows all or none by itself."""
    return count <= _STATEMENT or hasattr(connection, "appender")


def insert(connection: DuckDBPyConnection, table: str, values: Sequence[Sequence[Any]]) -> None:
    """Add rows to a table of the attached file."""
    if not values:
        return
    if len(values) > FEW and hasattr(connection, "appender"):  # since DuckDB 2.0
        with connection.appender(table) as appender:
            appender.append_rows(values)
        return
    places = "(" + ", ".join("?" * len(values[0])) + ")"
    for start in range(0, len(values), _STATEMENT):
        part = values[start : start + _STATEMENT]
        connection.execute(f"insert into {table} values {', '.join([places] * len(part))}", [value for row in part for value in row])


def event_of(kind: str, detail: dict[str, Any]) -> Event:
    """The event of a kind with these fields, as `durnb.events.encode` told them; unknown fields of a later minor version are left out.

    Raises KeyError for an unknown kind and TypeError for a missing field.
    """
    cls, names, revivals = _SHAPES[kind]
    for name, revive in revivals:
        if name in detail:
            detail[name] = revive(detail[name])
    try:
        return cls(**detail)
    except TypeError:
        return cls(**_known(detail, names))


def _inputs(value: list[dict[str, Any]]) -> tuple[Input, ...]:
    return tuple([Input(**_known(item, _INPUT)) for item in value])


def _line(value: list[list[Any]]) -> tuple[tuple[str, int], ...]:
    return tuple([(str(step), int(checkpoint)) for step, checkpoint in value])


def _error(value: dict[str, Any]) -> ErrorInfo:
    return ErrorInfo(**_known(value, _ERROR))


def _known(value: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Without what only a later minor version knows."""
    return value if value.keys() <= names else {name: item for name, item in value.items() if name in names}


_INPUT: Final = frozenset(f.name for f in fields(Input))
_ERROR: Final = frozenset(f.name for f in fields(ErrorInfo))


_REVIVALS: Final[dict[str, Callable[[Any], Any]]] = {
    "inputs": _inputs,
    "line": _line,
    "error": _error,
    "dropped_inputs": tuple,
    "beside": _inputs,
    "checkpoints": tuple,
    "events": tuple,
    "signals": tuple,
    "behind": tuple,
}
_SHAPES: Final = {
    kind: (
        cls,
        frozenset(f.name for f in fields(cls)),
        tuple((f.name, _REVIVALS[f.name]) for f in fields(cls) if f.name in _REVIVALS),
    )
    for kind, cls in KINDS.items()
}
