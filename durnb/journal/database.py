"""The DuckDB file of one run: how it is made, checked, opened and closed. Only this module knows DuckDB's settings, headers and errors.

Nothing here opens the file by other means while DuckDB has it: closing any descriptor of it would drop DuckDB's own lock.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from durnb.errors import DiskFull, JournalDamaged, JournalError, JournalForeign, JournalNewer, JournalReadOnly, RunHeld
from durnb.journal import disk, forks, schema
from durnb.journal.widgets import progress_bars_later
from durnb.records import dataclass

if TYPE_CHECKING:  # duckdb takes 0.1 s to import, so only the first open does
    from duckdb import DuckDBPyConnection

OLDEST_STORAGE: Final = "v1.5.0"  # DuckDB 1.5 must read what 2.0 writes
_HEADERS: Final = 3 * 4096  # bytes; one main header and two database headers
_MAGIC: Final = slice(8, 12)
_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "threads": 1,
    "memory_limit": "256MB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "checkpoint_threshold": "4MB",  # a killed owner's log is replayed in 0.5 s at most
}


@dataclass(slots=True)
class Database:
    """An open run file. `connection` is for one thread at a time; `reopen` gives a fresh one after DuckDB gave up on the old."""

    path: Path
    read_only: bool
    connection: DuckDBPyConnection = field(init=False)
    _optimizes: bool = True

    @classmethod
    def open(cls, path: Path, now: datetime, *, read_only: bool = False) -> Database:
        """Open the file at `path`, made if it is not there and may be written. Raises the JournalErrors and RunHeld, the file then being as it was."""
        made = _make(path, now) if not path.exists() and not read_only else None
        database = cls(path, read_only)
        try:
            _look(path)
            database._connect(made)
        except BaseException:
            if made is not None:
                made.close()
            raise
        try:
            database._check_schema(now)
        except BaseException:
            database.discard()
            raise
        return database

    def _connect(self, connection: DuckDBPyConnection | None = None) -> None:
        self.connection, self._optimizes = connection or _connection(self.path), True
        with errors(self.path):
            try:
                _attach(self.connection, self.path, ", READ_ONLY" if self.read_only else "")
            except BaseException:
                self.connection.close()
                raise
        forks.never_destroy_in_children(self.connection)

    def _check_schema(self, now: datetime) -> None:
        with errors(self.path):
            found = check_version(self.path, schema.version(self.connection))
            if found < schema.SCHEMA and not self.read_only:
                schema.migrate(self.connection, now)

    def optimize(self, wanted: bool) -> None:
        """Have DuckDB optimize what it is asked from here on, or not: for the insertion of a row that takes a sixth of the time, and gains nothing.

        Raises DuckDB's errors. Not inside of a transaction.
        """
        if wanted != self._optimizes:
            self.connection.execute(f"pragma {'enable' if wanted else 'disable'}_optimizer")
            self._optimizes = wanted

    def reopen(self) -> None:
        """Replace the connection. Raises like `open`."""
        self.discard()
        self._connect()

    def discard(self) -> None:
        """Close and leave the file as it is, its log unread. Nothing that was committed is lost."""
        self.connection.close()
        forks.may_destroy(self.connection)

    def close(self) -> None:
        """Fold the log into the file and close. Raises JournalError where that failed; the log then stays, and so does every commit.

        A file that was only read is left as it is.
        """
        try:
            if not self.read_only:
                with errors(self.path):
                    self.connection.execute("checkpoint")
        finally:
            self.discard()


def _make(path: Path, now: datetime) -> DuckDBPyConnection:
    """A new file appears whole, with its schema, or not at all; a connection that has let go of it."""
    for left in path.parent.glob(f".{_globbed(path.name)}.*.new*"):  # of a process that died making it; the lease is ours
        left.unlink()
    new = path.with_name(f".{path.name}.{secrets.token_hex(6)}.new")
    try:
        connection = _connection(path)
        try:
            with errors(path):
                _attach(connection, new, f", STORAGE_VERSION '{OLDEST_STORAGE}'")
                schema.migrate(connection, now)
                connection.execute("checkpoint")
                connection.execute("use memory")
                connection.execute("detach journal")
            with disk.at(path):
                new.chmod(disk.PRIVATE_FILE)
                new.rename(path)
                disk.sync_folder(path.parent)
        except BaseException:
            connection.close()
            raise
        return connection
    finally:
        for file in (new, new.with_name(new.name + ".wal")):
            file.unlink(missing_ok=True)


def _globbed(name: str) -> str:
    return re.sub(r"([\[*?])", r"[\1]", name)


def _connection(path: Path) -> DuckDBPyConnection:
    """A connection, for the file at `path`, that has none attached."""
    with progress_bars_later():  # DuckDB 1.5 looks for them when it is imported
        import duckdb  # noqa: PLC0415 - 0.1 s that only the first open pays

    settings = {**_SETTINGS, "temp_directory": str(path.with_name(f".{path.name}.spill"))}
    with errors(path):
        with progress_bars_later():
            connection = duckdb.connect(":memory:", config=settings)
        try:
            connection.execute("pragma disable_checkpoint_on_shutdown")  # `close` does it, and an error must leave the file untouched
        except BaseException:
            connection.close()
            raise
    return connection


def _attach(connection: DuckDBPyConnection, path: Path, options: str) -> None:
    connection.execute(f"attach {_literal(str(path))} as journal (TYPE duckdb{options})")
    connection.execute("use journal")


@contextmanager
def attached(connection: DuckDBPyConnection, path: Path, name: str) -> Iterator[None]:
    """The run's file as the catalog `name` of a connection of somebody else's, read-only; under the run's lease.

    Raises the JournalErrors, the file then being as it was.
    """
    _look(path)
    with errors(path):
        connection.execute(f"attach {_literal(str(path))} as {name} (TYPE duckdb, READ_ONLY)")
        try:
            connection.execute(f"use {name}")
            check_version(path, schema.version(connection))
            connection.execute("use memory")
            yield
        finally:
            connection.execute("use memory")
            connection.execute(f"detach {name}")


def check_version(path: Path, found: int | None) -> int:
    """The schema that was `found` in a file, which this durnb knows. Raises JournalForeign, JournalNewer."""
    if not found:
        raise JournalForeign(path=str(path), why="a DuckDB file without durnb's tables")
    if found > schema.SCHEMA:
        raise JournalNewer(path=str(path), schema=found, known=schema.SCHEMA)
    return found


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _look(path: Path) -> None:
    """Tell by the first bytes what DuckDB can't tell apart or must not be shown (it downloads an extension for a SQLite file).

    Only under the lease and while no connection is open. Raises JournalForeign, JournalDamaged.
    """
    with disk.at(path), path.open("rb") as file:
        header = file.read(_HEADERS)
    if header[_MAGIC] != b"DUCK"[: max(0, len(header) - _MAGIC.start)]:
        raise JournalForeign(path=str(path), why="not a DuckDB file")
    if len(header) < _HEADERS:  # beyond, DuckDB's own count of blocks says nothing: it cuts free ones off without writing the header again
        raise JournalDamaged(path=str(path), why=f"only {len(header):,} bytes are left")


@contextmanager
def errors(path: Path) -> Iterator[None]:
    """DuckDB's errors and the system's, inside, are raised as errors of durnb."""
    import duckdb  # noqa: PLC0415 - 0.1 s that only the first open pays

    try:
        with disk.at(path):
            yield
    except duckdb.Error as error:
        raise _translated(error, path) from error


_KNOWN: Final[tuple[tuple[str, Callable[[Path, str], Exception]], ...]] = (
    (r"No space left|Disk quota exceeded|File too large", lambda path, _: DiskFull(path=str(path))),
    (
        r"Permission denied|Read-only file system|read-only mode|Operation not permitted",
        lambda path, why: JournalReadOnly(path=str(path), why=why),
    ),
    (r"Could not set lock", lambda path, why: RunHeld(run=path.stem, notebook=str(path), pid=_holder(why))),
    (r"version number", lambda path, why: JournalForeign(path=str(path), why=why)),
    (
        r"[Cc]orrupt|[Cc]hecksum|not a valid DuckDB|Could not read enough bytes|WAL|Failed to (?:load|deserialize)|[Ss]erializ",
        lambda path, why: JournalDamaged(path=str(path), why=why),
    ),
)


def _translated(error: Exception, path: Path) -> Exception:
    why = str(error).partition("\n")[0]
    for pattern, make in _KNOWN:
        if re.search(pattern, why):
            return make(path, why)
    return JournalError(f"{path}: {why}")


def _holder(why: str) -> int | None:
    found = re.search(r"PID (\d+)", why)
    return int(found[1]) if found else None


def private_log(path: Path) -> None:
    """DuckDB makes its log with the user's umask; take group and others out. By name: see the module's text."""
    log = f"{path}.wal"
    with contextlib.suppress(FileNotFoundError):
        if os.stat(log).st_mode & 0o077:
            os.chmod(log, disk.PRIVATE_FILE)
