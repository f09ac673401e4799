"""Tables taken apart: pandas, polars and Arrow, by what their columns hold, whatever the chunks and blocks in memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from durnb.fingerprint.hashing import mass, mass_hasher
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


def of_polars(value: Any) -> Parts:
    """A polars DataFrame or Series, as an Arrow stream in one chunk."""
    frame = value.to_frame() if hasattr(value, "to_frame") else value
    buffer = io.BytesIO()
    frame.rechunk().write_ipc_stream(buffer, compression="uncompressed")
    return Parts(joined("polars", type_name(type(value)), mass(buffer.getbuffer())), numbered=True)


def of_arrow(pa: Any, value: Any) -> Parts:
    """An Arrow table, batch, chunked array or array: the same content in other chunks is the same."""
    table = value
    if isinstance(value, (pa.Array, pa.ChunkedArray)):
        table = pa.table({"": value})
    elif isinstance(value, pa.RecordBatch):
        table = pa.Table.from_batches([value])
    state = mass_hasher()
    state.update(memoryview(table.schema.serialize()))
    for batch in table.combine_chunks().to_batches(max_chunksize=_ROWS):
        state.update(memoryview(batch.serialize()))
    return Parts(joined("arrow", type_name(type(value)), state.digest()))
