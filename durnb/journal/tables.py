"""All runs of a notebook as tables that SQL can be asked about, each with a column `run`.

They are copies in a database of their own: a run's file is opened only to be copied from, under its lease, and a question can neither change
nor hold up a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from durnb.clock import Clock
from durnb.errors import DurnbError, RunHeld, UsageError
from durnb.journal import rows, runtable, schema
from durnb.journal.database import attached
from durnb.journal.journal import Journal
from durnb.journal.lease import Lease
from durnb.journal.names import RunName
from durnb.journal.opening import check_there
from durnb.journal.store import Store
from durnb.records import dataclass

if TYPE_CHECKING:  # duckdb takes 0.1 s to import, so only the first open does
    from duckdb import DuckDBPyConnection

_RUNS: Final = "runs"
_INNER: Final = ("meta", "blobs", "facts", "named")  # what the other tables and views of a run are made of
_QUERIES: Final = frozenset({"SELECT", "EXPLAIN", "MULTI"})  # describe and summarize are the first, pivot is the last
_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "memory_limit": "1GB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # else `from x` would find our own variables
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a question gave. `left_out` are the runs that could not be asked, and why."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    left_out: Mapping[str, str] = field(default_factory=dict)


def ask(store: Store, question: str, clock: Clock) -> Answer:
    """Answer SQL over ``runs steps attempts calls timers signals checkpoints storage events`` of all runs of `store`. Raises UsageError for SQL that can't be answered."""
    with _connection(store) as connection:
        shapes = _make_tables(connection, clock)
        wanted = [name for name in shapes if re.search(rf"\b{name}\b", question, re.IGNORECASE)]
        left_out = _fill(connection, store, wanted, clock) if wanted else {}
        return _answered(connection, question, shapes, left_out)


@contextmanager
def _connection(store: Store) -> Iterator[DuckDBPyConnection]:
    import duckdb  # noqa: PLC0415 - 0.1 s that only the first open pays

    connection = duckdb.connect(":memory:", config={**_SETTINGS, "temp_directory": str(store.folder / ".sql.spill")})
    try:
        yield connection
    finally:
        connection.close()


def _make_tables(connection: DuckDBPyConnection, clock: Clock) -> list[str]:
    """Make the tables, empty, as this durnb knows them; their names."""
    connection.execute("attach ':memory:' as model")
    connection.execute("use model")
    schema.migrate(connection, clock.now())
    connection.execute("use memory")
    names = sorted(name for name in _relations(connection, "model") if name not in _INNER)
    for name in names:
        connection.execute(f"create table {name} as select cast(null as varchar) as run, * from model.{name} limit 0")
    connection.execute("detach model")
    connection.execute(runtable.MADE)
    return sorted((*names, _RUNS))


def _relations(connection: DuckDBPyConnection, catalog: str) -> set[str]:
    found = connection.execute("select distinct table_name from duckdb_columns() where database_name = ? and not internal", [catalog])
    return {str(name) for (name,) in found.fetchall()}


def _fill(connection: DuckDBPyConnection, store: Store, wanted: list[str], clock: Clock) -> dict[str, str]:
    """Copy every run's rows; the runs for which that was not possible, and why."""
    left_out: dict[str, str] = {}
    if _RUNS in wanted:
        wanted = [name for name in wanted if name != _RUNS]
        left_out = _fill_runs(connection, store, clock)
    if not wanted:
        return left_out
    for run in store.runs():
        try:
            own = Journal.owned_here(store, run)
            if own is not None:
                _copy_own(connection, own, wanted)
            else:
                _copy(connection, store, run, wanted, clock)
        except DurnbError as error:
            left_out[str(run)] = str(error)
    return left_out


def _fill_runs(connection: DuckDBPyConnection, store: Store, clock: Clock) -> dict[str, str]:
    left_out: dict[str, str] = {}
    for run in store.runs():
        try:
            row = runtable.row_of(store, run, clock)
        except DurnbError as error:
            left_out[str(run)] = str(error)
        else:
            connection.execute(f"insert into {_RUNS} values ({', '.join('?' * len(row))})", list(row))
    return left_out


def _copy_own(connection: DuckDBPyConnection, own: Journal, wanted: list[str]) -> None:
    for name in wanted:
        columns, values = own.table(name)
        known = [
            str(column)
            for (column,) in connection.execute("select column_name from duckdb_columns() where table_name = ?", [name]).fetchall()
        ]
        at = [columns.index(column) if column in columns else None for column in known]
        rows.insert(connection, name, [(str(own.run), *(None if i is None else row[i] for i in at[1:])) for row in values])


def _copy(connection: DuckDBPyConnection, store: Store, run: RunName, wanted: list[str], clock: Clock) -> None:
    pid = store.owner(run)
    if pid is not None:
        raise RunHeld(run=str(run), notebook=store.notebook.name, pid=pid)
    lease = Lease.acquire(store.file(run, "lock"), run=str(run), notebook=str(store.notebook), clock=clock, wait=timedelta(0))
    try:
        check_there(store, run)  # it may have been deleted since the runs were listed
        with attached(connection, store.file(run, "duckdb"), "source"):
            there = _relations(connection, "source")
            for name in (name for name in wanted if name in there):
                connection.execute(f"insert into {name} by name select ? as run, * from source.{name}", [str(run)])
    finally:
        lease.release()


def _answered(connection: DuckDBPyConnection, question: str, tables: list[str], left_out: Mapping[str, str]) -> Answer:
    import duckdb  # noqa: PLC0415 - 0.1 s that only the first open pays

    try:
        statements = connection.extract_statements(question)
        if not statements:
            raise UsageError("there is no SQL to answer: select * from steps")
        typed = [each for each in statements if each.query.strip()]  # DuckDB 1.5 makes several of a pivot, of which one has its text
        if wrong := next((each for each in typed if each.type.name not in _QUERIES), None):
            raise UsageError(
                f"{wrong.type.name.replace('_', ' ').lower()} is no query: the tables are copies, and only questions are answered (select …)"
            )
        found = connection.execute(question)
        columns = tuple(str(column[0]) for column in found.description or ())
        return Answer(columns=columns, rows=found.fetchall() if columns else [], left_out=left_out)
    except duckdb.Error as error:
        said = " ".join(str(error).partition("\n\n")[0].split())
        there = f"; the tables are {', '.join(tables)}" if isinstance(error, duckdb.CatalogException) else ""
        raise UsageError(f"this SQL can't be answered: {said}{there}") from None
