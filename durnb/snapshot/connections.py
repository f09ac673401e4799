"""Connections to databases in files. Asking about one changes nothing of it: no result is lost, no transaction ended."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import closing
from typing import Any

from durnb.records import dataclass

FLAGS = ("foreign_keys", "query_only", "recursive_triggers")


class NotToBeReopened(Exception):
    """Why a connection can't be stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteConnection:
    """A connection to a file, as it is opened again; `autocommit` is None before Python 3.12."""

    path: str
    timeout: float
    isolation_level: str | None
    autocommit: object
    row_factory: Any
    text_factory: Any
    flags: dict[str, int]


@dataclass(frozen=True, slots=True)
class DuckdbConnection:
    """A connection to a DuckDB file."""

    path: str
    read_only: bool


def is_closed(value: Any) -> bool:
    """Whether `value` is a connection of SQLite or DuckDB that was closed."""
    for name, kind, error in (("sqlite3", "Connection", "ProgrammingError"), ("duckdb", "DuckDBPyConnection", "ConnectionException")):
        module: Any = sys.modules.get(name)
        known = getattr(module, kind, None)
        if not isinstance(known, type) or not issubclass(type(value), known):
            continue
        try:
            value.total_changes if name == "sqlite3" else value.cursor().close()  # only the error is wanted
        except getattr(module, error) as told:
            return "closed" in str(told)
        except Exception:  # whatever else is wrong with it is found when it is described
            return False
    return False


def describe_sqlite(connection: Any) -> SqliteConnection:
    """How to open it again. Raises NotToBeReopened."""
    sqlite3 = sys.modules["sqlite3"]
    try:
        if connection.in_transaction:
            raise NotToBeReopened("a database connection with changes that are not committed: commit or roll back")
        rows = list(sqlite3.Connection.cursor(connection).execute("pragma database_list"))
        flags = {name: _sqlite_value(connection, name) for name in FLAGS}
        timeout = _sqlite_value(connection, "busy_timeout") / 1000
        temporary = any(row[1] == "temp" for row in rows) and _sqlite_count(connection, "sqlite_temp_master")
    except sqlite3.Error as error:
        raise NotToBeReopened(f"a database connection ({error})") from error
    if temporary:
        raise NotToBeReopened("a database connection with temporary tables")
    others = [str(row[1]) for row in rows if row[1] not in ("main", "temp")]
    if others:
        raise NotToBeReopened(f"a database connection with {', '.join(others)} attached")
    path = str(rows[0][2])
    if not path:
        raise NotToBeReopened("a connection to a database in memory")
    return SqliteConnection(
        path=os.path.abspath(path),
        timeout=timeout,
        isolation_level=connection.isolation_level,
        autocommit=getattr(connection, "autocommit", None),
        row_factory=connection.row_factory,
        text_factory=connection.text_factory,
        flags=flags,
    )


def _sqlite_value(connection: Any, pragma: str) -> int:
    return int(_row(connection, f"pragma {pragma}")[0])


def _sqlite_count(connection: Any, table: str) -> int:
    return int(_row(connection, f"select count(*) from {table}")[0])


def _row(connection: Any, query: str) -> Any:
    cursor = sys.modules["sqlite3"].Cursor(connection)
    cursor.row_factory = None
    return cursor.execute(query).fetchone()


def open_sqlite(told: SqliteConnection) -> Any:
    """The connection. Raises sqlite3.OperationalError where the file is gone: it is never created."""
    sqlite3 = importlib.import_module("sqlite3")
    given = {} if told.autocommit is None or not hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL") else {"autocommit": told.autocommit}
    address = f"file:{_quoted(told.path)}?mode=rw"
    made = sqlite3.connect(address, timeout=told.timeout, isolation_level=told.isolation_level, uri=True, **given)
    for name, value in told.flags.items():
        made.cursor().execute(f"pragma {name}={value}")
    made.row_factory, made.text_factory = told.row_factory, told.text_factory
    return made


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def describe_duckdb(connection: Any) -> DuckdbConnection:
    """How to open it again. Raises NotToBeReopened."""
    duckdb = sys.modules["duckdb"]
    try:
        with connection.cursor() as aside:
            query = "select path, readonly from duckdb_databases() where not internal order by database_oid"
            databases = aside.execute(query).fetchall()
    except duckdb.Error as error:
        raise NotToBeReopened(f"a database connection ({str(error).splitlines()[0]})") from error
    if len(databases) != 1 or databases[0][0] is None:
        raise NotToBeReopened(
            "a connection to a database in memory" if len(databases) == 1 else "a database connection with others attached"
        )
    if int(duckdb.__version__.partition(".")[0]) < 2:  # asking a busy connection of an older one would drop its result
        raise NotToBeReopened("a connection of DuckDB before version 2, which can't be asked whether it has uncommitted changes")
    try:
        first, second = (connection.sql("select txid_current()").fetchall() for _ in range(2))
        own = "select count(*) from (select 1 from duckdb_tables() where temporary union all select 1 from duckdb_views() where temporary and not internal)"
        temporary = connection.sql(own).fetchall()[0][0]
    except duckdb.Error as error:
        raise NotToBeReopened(f"a database connection ({str(error).splitlines()[0]})") from error
    if first == second:
        raise NotToBeReopened("a database connection in a transaction: commit or roll back")
    if temporary:
        raise NotToBeReopened("a database connection with temporary tables or registered frames")
    return DuckdbConnection(os.path.abspath(databases[0][0]), bool(databases[0][1]))


def open_duckdb(told: DuckdbConnection) -> Any:
    """The connection. Raises FileNotFoundError where the file is gone, for DuckDB would create it."""
    if not os.path.exists(told.path):
        raise FileNotFoundError(f"{told.path} is not there")
    return importlib.import_module("duckdb").connect(told.path, read_only=told.read_only)


def row(names: tuple[str, ...], values: tuple[Any, ...]) -> Any:
    """A row of a result of SQLite, which only a cursor over columns of these names can make."""
    sqlite3: Any = importlib.import_module("sqlite3")
    columns = ", ".join('null as "' + name.replace('"', '""') + '"' for name in names)
    with closing(sqlite3.connect(":memory:")) as connection:
        return sqlite3.Row(connection.execute(f"select {columns}"), values)
