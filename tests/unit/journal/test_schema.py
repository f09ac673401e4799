from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from durnb.journal import Store
from durnb.journal.schema import MIGRATIONS, SCHEMA, migrate, version
from unit.journal.journal_samples import RUN, opened, run_step

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def add_colour(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("alter table events add column colour varchar")


def fail_halfway(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create table half (i integer)")
    raise RuntimeError("half")


def test_each_migration_leaves_its_record() -> None:
    with duckdb.connect() as connection:
        assert version(connection) == 0
        migrate(connection, NOW)
        migrate(connection, NOW)
        assert version(connection) == SCHEMA == 3
        migrate(connection, NOW, (*MIGRATIONS, add_colour))
        rows = connection.execute('select schema, migration, "at" from meta order by schema').fetchall()
        names = ["create_events_and_views", "leave_dropped_checkpoints_out", "add_views_of_calls", "add_colour"]
        assert rows == [(number, name, NOW.replace(tzinfo=None)) for number, name in enumerate(names, 1)]


def test_a_migration_that_fails_leaves_the_schema_before_it() -> None:
    with duckdb.connect() as connection:
        with pytest.raises(RuntimeError, match="half"):
            migrate(connection, NOW, (*MIGRATIONS, fail_halfway))
        assert version(connection) == SCHEMA
        assert connection.execute("select count(*) from duckdb_tables() where table_name = 'half'").fetchone() == (0,)


def test_the_hot_tables_have_no_keys_and_no_indexes() -> None:
    with duckdb.connect() as connection:
        migrate(connection, NOW)
        assert connection.execute("select * from duckdb_constraints()").fetchall() == []
        assert connection.execute("select * from duckdb_indexes()").fetchall() == []


def test_the_views_work_under_any_name_that_the_file_is_attached_by(store: Store, tmp_path: Path) -> None:
    journal = opened(store)
    run_step(journal, "load", [b"x"])
    journal.close()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{store.file(RUN, 'duckdb')}' as \"interactive.1\" (READ_ONLY)")
        for view in ("steps", "attempts", "checkpoints"):
            assert connection.execute(f'select step from "interactive.1".{view}').fetchall() == [("load",)]
        assert len(connection.execute('select * from "interactive.1".storage').fetchall()) == 3


def test_the_file_is_of_the_oldest_storage_that_we_support(store: Store) -> None:
    opened(store).close()
    header = store.file(RUN, "duckdb").read_bytes()[:24]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") <= 68  # DuckDB 1.5 reads it; a file of 2.0's own is 69
