"""Tables taken apart: pandas, polars and Arrow, by what their columns hold, whatever the chunks and blocks in memory."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from typing import Any

from durnb.fingerprint.hashing import mass_hasher
from durnb.fingerprint.looking import instance_dict, type_name
from durnb.fingerprint.objects import own_class
from durnb.fingerprint.parts import Parts, joined, named

_ROWS = 1 << 20


def of_frame(value: Any) -> Parts:
    """A pandas DataFrame."""
    manager = value._mgr
    axes = list(manager.axes)
    columns = [manager.iget_values(at) for at in range(len(axes[0]))]
    names = axes[0]
    return _table(
        value, [axes[0], axes[1], *columns], lambda index: f"[{names[index - 2]!r}]" if index > 1 else (".columns", ".index")[index]
    )


def of_series(value: Any) -> Parts:
    """A pandas Series."""
    manager = value._mgr
    name = (instance_dict(value) or {}).get("_name")
    return _table(value, [manager.axes[0], manager.array, name], lambda index: (".index", "", ".name")[index])


def _table(value: Any, parts: list[object], label: Callable[[int], str]) -> Parts:
    own = instance_dict(value) or {}
    extra = {key: own[key] for key in ("_attrs", *type(value)._metadata) if key in own and key != "_name" and own[key]}
    flags: Any = own.get("_flags")
    unique = flags is None or bool(flags.allows_duplicate_labels)
    state = named(b"attributes", extra)
    state.shares = True
    count = len(parts)
    return Parts(
        joined("frame", type_name(type(value)), str(unique)),
        [*parts, state, *own_class(type(value))],
        label=lambda index: label(index) if index < count else "",
        numbered=True,
        shares=False,
    )


def of_backed(value: Any) -> Parts:
    """An array of pandas over one of numpy (times, categories, text), without what it remembers of itself."""
    return Parts(joined("pandas array", type_name(type(value))), (value.dtype, value._ndarray, getattr(value, "_freq", None)))


def of_masked(value: Any) -> Parts:
    """An array of pandas with a mask of what is missing. What stands beneath the mask is no content."""
    data, mask = value._data, value._mask
    if mask.any():
        data = data.copy()
        data[mask] = 0
    return _masked(value, data, mask)


def probe_masked(value: Any) -> Parts:
    """The same with all that is there."""
    parts = _masked(value, value._data, value._mask)
    parts.probed = True
    return parts


def _masked(value: Any, data: object, mask: object) -> Parts:
    return Parts(joined("masked", type_name(type(value))), (value.dtype, data, mask), shares=False)


def of_polars(value: Any) -> Parts:
    """A polars DataFrame or Series: each column as an Arrow stream in one chunk, without what stands where something is missing."""
    frame = value.to_frame() if hasattr(value, "to_frame") else value
    state = mass_hasher()
    objects: list[object] = []
    for series in frame.get_columns():
        if series.dtype == sys.modules["polars"].Object:
            objects.append(series.to_list())
            continue
        for column in _columns_of(series):
            buffer = io.BytesIO()
            column.to_frame().rechunk().write_ipc_stream(buffer, compression="uncompressed", **_oldest())
            state.update(buffer.getbuffer())
    return Parts(joined("polars", type_name(type(value)), str(frame.schema), str(frame.height), state.digest()), objects, numbered=True)


def _oldest() -> dict[str, Any]:
    """The layout in which texts are one after the other, whatever they are a part of."""
    level = getattr(sys.modules["polars"], "CompatLevel", None)
    return {} if level is None else {"compat_level": level.oldest()}


def _columns_of(series: Any) -> Iterator[Any]:
    """A column with neutral values where some are missing, and before it which those are. Bits as bytes: their padding is arbitrary."""
    pl = sys.modules["polars"]
    if series.null_count():
        yield series.is_not_null().cast(pl.UInt8)
        series = series.to_physical() if series.dtype.is_temporal() else series
        neutral: dict[Any, Any] = {pl.Boolean: False, pl.String: ""}
        if series.dtype in neutral or series.dtype.is_numeric():
            series = series.fill_null(neutral.get(series.dtype, 0))
    yield series.cast(pl.UInt8) if series.dtype == pl.Boolean else series


def of_arrow(pa: Any, value: Any) -> Parts:
    """An Arrow table, batch, chunked array or array: the same content in other chunks is the same."""
    table = value
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        table = pa.table({"": value})
    elif isinstance(value, pa.RecordBatch):
        table = pa.Table.from_batches([value])
    state = mass_hasher()
    state.update(memoryview(table.schema.serialize()))
    for column in table.itercolumns():
        for part in _of_column(pa, column):
            state.update(part)
    return Parts(joined("arrow", type_name(type(value)), str(table.num_rows), state.digest()))


def _of_column(pa: Any, column: Any) -> Iterator[memoryview]:
    """The bytes of a column; of numbers and times without what stands where one is missing."""
    kind = column.type
    if not pa.types.is_primitive(kind) or pa.types.is_interval(kind):
        for batch in pa.table({"": column}).combine_chunks().to_batches(max_chunksize=_ROWS):
            yield memoryview(batch.serialize())
        return
    if pa.types.is_temporal(kind):
        column = column.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
    if column.null_count:
        yield memoryview(column.is_valid().cast(pa.uint8()).to_numpy())
        column = column.fill_null(pa.scalar(0, pa.int64()).cast(column.type))
    yield memoryview(column.to_numpy().view("u1"))
