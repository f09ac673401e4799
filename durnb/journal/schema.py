"""The tables of a run's file, and how a file of an older schema becomes one of this. All SQL that changes tables is here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

import durnb
from durnb.journal.views import CHECKPOINTS_KEPT, VIEWS, VIEWS_INSIDE

if TYPE_CHECKING:  # duckdb takes 0.1 s to import, so only the first open does
    from duckdb import DuckDBPyConnection

Migration = Callable[["DuckDBPyConnection"], None]

# No keys and no indexes: only plain inserts into un-indexed tables commit while a checkpoint runs (PERFORMANCE.md).
_EVENTS: Final = """
create table events (
    seq bigint, epoch integer, "at" timestamp, kind varchar, step varchar, execution integer, attempt integer, call varchar, detail varchar
)
"""
_BLOBS: Final = "create table blobs (digest blob, data blob)"
_META: Final = 'create table if not exists meta (schema integer, migration varchar, "at" timestamp, durnb varchar)'


def create_events_and_views(connection: DuckDBPyConnection) -> None:
    for statement in (_EVENTS, _BLOBS, *VIEWS):
        connection.execute(statement)


def leave_dropped_checkpoints_out(connection: DuckDBPyConnection) -> None:
    connection.execute(CHECKPOINTS_KEPT)


def add_views_of_calls(connection: DuckDBPyConnection) -> None:
    for view in VIEWS_INSIDE:
        connection.execute(view)


MIGRATIONS: Final[tuple[Migration, ...]] = (create_events_and_views, leave_dropped_checkpoints_out, add_views_of_calls)
SCHEMA: Final = len(MIGRATIONS)


def version(connection: DuckDBPyConnection) -> int | None:
    """The schema of the attached file, 0 for one just made; None for a file that is none of ours."""
    tables = {
        (str(table), str(column))
        for table, column in connection.execute(
            "select table_name, column_name from duckdb_columns() where database_name = current_database() and not internal"
        ).fetchall()
    }
    if ("meta", "schema") in tables and ("meta", "durnb") in tables:
        found = connection.execute("select max(schema) from meta").fetchone()
        return int(found[0]) if found and found[0] else None
    return None if tables else 0


def migrate(connection: DuckDBPyConnection, now: datetime, migrations: tuple[Migration, ...] = MIGRATIONS) -> None:
    """Bring the attached file to the newest schema, each step in one transaction with its own record."""
    for number, migration in enumerate(migrations[version(connection) or 0 :], start=(version(connection) or 0) + 1):
        connection.begin()
        try:
            connection.execute(_META)
            migration(connection)
            connection.execute(
                "insert into meta values (?, ?, ?, ?)", [number, migration.__name__, now.replace(tzinfo=None), durnb.__version__]
            )
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
