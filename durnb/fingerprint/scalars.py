"""Immutable values of the standard library, and type hints, taken apart."""

from __future__ import annotations

import datetime
import decimal
import fractions
import pathlib
import re
import types
import typing
import uuid

from durnb.fingerprint.parts import Parts, Taker, atom, by_name, joined


def _of_range(value: range) -> Parts:
    return Parts(b"range", (value.start, value.stop, value.step))


def _of_slice(value: slice[object, object, object]) -> Parts:
    return Parts(b"slice", (value.start, value.stop, value.step), label=by_name(("start", "stop", "step")))


def _of_path(value: pathlib.PurePath) -> Parts:
    return Parts(joined("path", type(value).__name__, str(value)))


def _of_uuid(value: uuid.UUID) -> Parts:
    return Parts(b"uuid" + value.bytes)


def _of_fraction(value: fractions.Fraction) -> Parts:
    return Parts(b"fraction", (value.numerator, value.denominator))


def _of_decimal(value: decimal.Decimal) -> Parts:
    return Parts(joined("decimal", str(value)))


def _of_pattern(value: re.Pattern[typing.Any]) -> Parts:
    return Parts(b"pattern" + atom(value.flags), (value.pattern,))


def _of_time(value: datetime.time) -> Parts:
    fields = (value.hour, value.minute, value.second, value.microsecond, value.fold)
    return Parts(b"time" + atom(list(fields)), (value.tzinfo,), label=lambda _: ".tzinfo")


def _of_date(value: datetime.date) -> Parts:
    return Parts(b"date" + atom(value.toordinal()))


def _of_datetime(value: datetime.datetime) -> Parts:
    fields = (value.toordinal(), value.hour, value.minute, value.second, value.microsecond, value.fold)
    return Parts(b"datetime" + atom(list(fields)), (value.tzinfo,), label=lambda _: ".tzinfo")


def _of_timedelta(value: datetime.timedelta) -> Parts:
    return Parts(b"timedelta" + atom([value.days, value.seconds, value.microseconds]))


def _of_timezone(value: datetime.timezone) -> Parts:
    return Parts(b"timezone", value.__reduce__()[1])


def _of_alias(value: types.GenericAlias) -> Parts:
    return Parts(b"alias" + atom(bool(getattr(value, "__unpacked__", False))), (value.__origin__, value.__args__))


def _of_union(value: types.UnionType) -> Parts:
    return Parts(b"union", value.__args__, unordered=True)


def _of_typing_alias(value: typing.Any) -> Parts:
    origin = value.__origin__
    if origin is typing.Union:
        return Parts(b"union", value.__args__, unordered=True)
    arguments = value.__dict__.get("__args__", ())
    metadata = value.__dict__.get("__metadata__", ())
    return Parts(joined("typing", value._name or ""), (origin, arguments, metadata))


def _of_typing_name(value: typing.Any) -> Parts:
    return Parts(joined("typing name", type(value).__name__, str(getattr(value, "_name", None) or getattr(value, "__name__", ""))))


def _of_forward(value: typing.ForwardRef) -> Parts:
    return Parts(joined("forward", value.__forward_arg__))


_HINTS: tuple[object, ...] = (
    typing.List[int],  # noqa: UP006  # the classes of such hints have no public names
    typing.Annotated[int, 1],
    typing.Callable[[int], int],  # the same
    typing.Literal[1],
    typing.Optional[int],  # noqa: UP045  # the same
)

SCALARS: dict[type, Taker] = {
    range: _of_range,
    slice: _of_slice,
    pathlib.PurePosixPath: _of_path,
    pathlib.PureWindowsPath: _of_path,
    type(pathlib.Path()): _of_path,
    uuid.UUID: _of_uuid,
    fractions.Fraction: _of_fraction,
    decimal.Decimal: _of_decimal,
    re.Pattern: _of_pattern,
    datetime.time: _of_time,
    datetime.date: _of_date,
    datetime.datetime: _of_datetime,
    datetime.timedelta: _of_timedelta,
    datetime.timezone: _of_timezone,
    types.GenericAlias: _of_alias,
    types.UnionType: _of_union,
    **dict.fromkeys(map(type, _HINTS), _of_typing_alias),
    type(typing.Any): _of_typing_name,
    type(typing.Optional): _of_typing_name,  # not of Union, which is a plain class since Python 3.14
    typing.TypeVar: _of_typing_name,
    typing.ParamSpec: _of_typing_name,
    typing.ForwardRef: _of_forward,
    type(NotImplemented): lambda _: Parts(b"NotImplemented"),
}
