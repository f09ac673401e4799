"""The machine's floor: one fdatasync, one raw DuckDB commit by either way."""

from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb

from benchmarks.rows import Row, median_ms

SAMPLES = 300
_OTHER = 0.003  # seconds


def measure(folder: Path) -> list[Row]:
    """All floors, in `folder`."""
    return [_fdatasync(folder), *_duckdb(folder)]


def _fdatasync(folder: Path) -> Row:
    fd = os.open(folder / "floor.bin", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def append(_: int) -> None:
        os.write(fd, b"x" * 200)
        os.fdatasync(fd)

    value = median_ms(append, SAMPLES)
    os.close(fd)
    return Row(key="fdatasync", what="append 200 B + fdatasync", value=value, unit="ms", samples=SAMPLES)


def _duckdb(folder: Path) -> list[Row]:
    with duckdb.connect(str(folder / "floor.duckdb"), config={"threads": "1"}) as con:
        con.execute("create table t(seq bigint, kind varchar, detail varchar)")
        inserted = median_ms(lambda i: _insert(con, i), SAMPLES)
        between_cells = median_ms(lambda i: _insert(con, i), SAMPLES, between=_other_work)
        appended = median_ms(lambda i: _append(con, i), SAMPLES) if hasattr(con, "appender") else float("nan")  # since DuckDB 2.0
    return [
        Row(key="duckdb-commit", what="raw DuckDB: one autocommit insert", value=inserted, unit="ms", samples=SAMPLES),
        Row(
            key="duckdb-cold",
            what=f"raw DuckDB: the same {_OTHER * 1000:.0f} ms after the last one",
            value=between_cells,
            unit="ms",
            samples=SAMPLES,
            note="its code has left the processor's caches: what a commit costs between two cells",
        ),
        Row(key="duckdb-appender", what="raw DuckDB: one row by an appender, and commit", value=appended, unit="ms", samples=SAMPLES),
    ]


def _insert(con: duckdb.DuckDBPyConnection, i: int) -> None:
    con.execute("insert into t values (?, ?, ?)", [i, "step_started", "x" * 200])


def _other_work() -> None:
    end, counted = time.perf_counter() + _OTHER, 0
    while time.perf_counter() < end:
        counted += 1


def _append(con: duckdb.DuckDBPyConnection, i: int) -> None:
    con.begin()
    with con.appender("t") as appender:
        appender.append_rows([(i, "step_started", "x" * 200)])
    con.commit()
