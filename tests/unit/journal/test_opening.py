from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pytest

from durnb.errors import JournalDamaged, JournalError, JournalForeign, JournalNewer, JournalReadOnly, RunHeld, UsageError
from durnb.events import KernelAttached, KernelDetached
from durnb.journal import Journal, RunName, Store, read_history
from durnb.journal.schema import SCHEMA
from unit.journal.journal_samples import CLOCK, NO_WAIT, RUN, ended, failed, opened, process, run_step, started


@contextmanager
def left_as_it_was(store: Store) -> Iterator[None]:
    """The run's file and its log are, byte for byte, the same afterwards."""

    def content() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in store.folder.glob("*.duckdb*")}

    before = content()
    yield
    assert content() == before


def test_importing_the_journal_does_not_import_duckdb() -> None:
    code = "import sys, durnb.journal; sys.exit('duckdb' in sys.modules or 'numpy' in sys.modules or 'IPython' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_new_run_begins_with_its_notebook_and_its_first_kernel(store: Store) -> None:
    journal = Journal.open(store, RUN, create=True, clock=CLOCK, wait=NO_WAIT, parameters={"day": ("a", 1)})
    history = journal.history
    assert (history.run, history.notebook, history.store, history.seq, history.epoch) == ("interactive.1", "etl.ipynb", store.id, 2, 1)
    assert history.attached
    assert history.parameters == {"day": ["a", 1]}
    journal.close("takeover")
    assert not history.attached
    assert read_history(store, RUN, CLOCK) == history


def test_each_kernel_is_an_epoch_and_finds_what_the_last_one_left_running(store: Store) -> None:
    journal = opened(store)
    journal.append(started("load"))
    journal.close(None)
    journal = opened(store)
    assert (journal.history.epoch, journal.history.steps["load"].status) == (2, "crashed")
    journal.close()


def test_without_attaching_nothing_is_appended(store: Store) -> None:
    opened(store).close()
    before = read_history(store, RUN, CLOCK)
    journal = opened(store, create=False, attach=False)
    journal.close()
    assert read_history(store, RUN, CLOCK) == before == journal.history


def test_what_is_appended_without_attaching_belongs_to_the_last_epoch(store: Store) -> None:
    opened(store).close()
    journal = opened(store, create=False, attach=False)
    journal.append(started("load"))
    journal.close()
    assert journal.history.steps["load"].executions[0].last.epoch == 1
    assert journal.history.seq == 4


def test_a_run_that_is_not_there_is_only_made_when_asked_for(store: Store) -> None:
    with pytest.raises(UsageError, match=r"etl.ipynb has no run interactive.1"):
        opened(store, create=False)
    with pytest.raises(UsageError, match="has no run"):
        read_history(store, RUN, CLOCK)
    assert not store.folder.exists()


def test_closing_twice_is_harmless_and_using_a_closed_journal_is_an_error(store: Store) -> None:
    journal = opened(store)
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.append(KernelDetached(why="exit"))


def test_an_interpreter_that_ends_gives_its_run_up(store: Store) -> None:
    assert ended(process(store, "journal = opened(store)\njournal.append(started('load'))")) == (0, "")
    history = read_history(store, RUN, CLOCK)
    assert not history.attached
    assert history.seq == 4
    assert not list(store.folder.glob("*.wal"))


def test_a_journal_of_a_newer_durnb_is_refused_and_left(store: Store) -> None:
    opened(store).close()
    with duckdb.connect(store.file(RUN, "duckdb")) as connection:
        connection.execute("pragma disable_checkpoint_on_shutdown")
        connection.execute("insert into meta values (7, 'what_will_be', now()::timestamp, '9.0')")
    for wal in (True, False):
        with left_as_it_was(store), pytest.raises(JournalNewer) as caught:
            opened(store)
        assert (caught.value.schema, caught.value.known) == (7, SCHEMA)
        with left_as_it_was(store), pytest.raises(JournalNewer):
            read_history(store, RUN, CLOCK)
        if wal:
            duckdb.connect(store.file(RUN, "duckdb")).close()


@pytest.mark.parametrize("content", [b"", b"x", b"hello world" * 2000, bytes(20_000), b"\0" * 8 + b"DUC"])
def test_a_file_of_something_else_is_refused_and_left(store: Store, content: bytes) -> None:
    store.create()
    store.file(RUN, "duckdb").write_bytes(content)
    with left_as_it_was(store), pytest.raises((JournalForeign, JournalDamaged)):
        opened(store)
    assert store.owner(RUN) is None


def test_databases_that_are_not_journals_are_refused_and_left(store: Store) -> None:
    store.create()
    path = store.file(RUN, "duckdb")
    connection = sqlite3.connect(path)
    connection.execute("create table events (seq)")
    connection.commit()
    connection.close()
    with left_as_it_was(store), pytest.raises(JournalForeign, match="not a DuckDB file"):
        opened(store)
    for statement in (
        "select 1",
        "create table t (i integer)",
        "create table meta (i integer)",
        "create table meta (schema integer, durnb varchar)",
    ):
        path.unlink()
        with duckdb.connect(path) as foreign:
            foreign.execute(statement)
        with left_as_it_was(store), pytest.raises(JournalForeign, match="without durnb's tables"):
            opened(store)


def test_the_journal_of_another_run_is_refused(store: Store) -> None:
    opened(store).close()
    shutil.copy(store.file(RUN, "duckdb"), store.file(RunName("default", 1), "duckdb"))
    with left_as_it_was(store), pytest.raises(JournalForeign, match=r"journal of run interactive.1"):
        opened(store, RunName("default", 1))


def test_a_file_truncated_anywhere_is_refused_and_left_or_serves_what_it_holds(store: Store) -> None:
    journal = opened(store)
    for number in range(30):
        run_step(journal, f"s{number}", [os.urandom(20_000)])
    journal.close()
    path, seq = store.file(RUN, "duckdb"), journal.history.seq
    whole = path.read_bytes()
    refused = 0
    for size in [*range(0, 12_289, 1024), *range(13_000, len(whole), len(whole) // 25), len(whole) - 1]:
        path.write_bytes(whole[:size])
        try:
            with left_as_it_was(store):
                assert read_history(store, RUN, CLOCK) == journal.history
        except (JournalForeign, JournalDamaged):
            refused += 1
            with left_as_it_was(store), pytest.raises((JournalForeign, JournalDamaged)):
                opened(store)
    assert refused >= 13
    path.write_bytes(whole)
    assert read_history(store, RUN, CLOCK).seq == seq


def test_a_truncated_log_is_noticed_and_nothing_is_touched(store: Store) -> None:
    code = """
journal = opened(store)
for number in range(1, 40):
    run_step(journal, f"s{number}", [bytes(2000 + number)])
say(journal.history.seq)
os._exit(1)
"""
    seq = int(ended(process(store, code))[1])
    log = store.file(RUN, "duckdb").with_suffix(".duckdb.wal")
    whole = log.read_bytes()
    for size in [0, 1, 100, *range(200, len(whole), len(whole) // 20), len(whole) - 1]:
        log.write_bytes(whole[:size])
        with pytest.raises(JournalDamaged, match=rf"events \d+ to {seq} are gone|WAL"), left_as_it_was(store) if size else _anyhow():
            opened(store)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    log.write_bytes(flipped)
    with left_as_it_was(store), pytest.raises(JournalDamaged):
        opened(store)
    log.write_bytes(whole)
    assert read_history(store, RUN, CLOCK).seq == seq


@contextmanager
def _anyhow() -> Iterator[None]:
    yield  # DuckDB removes an empty log, which says nothing


def test_a_flipped_byte_is_refused_and_left_or_does_not_matter(store: Store) -> None:
    journal = opened(store)
    for number in range(20):
        run_step(journal, f"s{number}", [os.urandom(10_000)])
    journal.close()
    path = store.file(RUN, "duckdb")
    whole = path.read_bytes()
    for offset in range(5, len(whole), len(whole) // 40):
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 255]) + whole[offset + 1 :])
        with left_as_it_was(store), suppress(JournalForeign, JournalDamaged):
            assert read_history(store, RUN, CLOCK) == journal.history
    path.write_bytes(whole)


def test_events_that_do_not_fold_are_damage(store: Store) -> None:
    opened(store).close()
    for statement in (
        "update events set kind = 'what' where seq = 2",
        "update events set kind = 'step_failed', step = 'x' where seq = 2",
        "update events set detail = '{' where seq = 1",
        "update events set detail = '{},{}' where seq = 1",
        "update events set detail = '[]' where seq = 1",
        'update events set detail = \'{"run": "interactive.1"}\' where seq = 1',
        "delete from events where seq = 1",
    ):
        whole = store.file(RUN, "duckdb").read_bytes()
        with duckdb.connect(store.file(RUN, "duckdb")) as connection:
            connection.execute(statement)
        with left_as_it_was(store), pytest.raises(JournalDamaged):
            opened(store)
        store.file(RUN, "duckdb").write_bytes(whole)


def test_a_field_of_a_later_minor_version_is_left_out(store: Store) -> None:
    opened(store).close()
    before = read_history(store, RUN, CLOCK)
    with duckdb.connect(store.file(RUN, "duckdb")) as connection:
        connection.execute("""update events set detail = '{"later":1,' || substr(detail, 2) where seq = 1""")
    assert read_history(store, RUN, CLOCK) == before


def test_a_file_that_somebody_has_open_in_duckdb_is_held(store: Store) -> None:
    opened(store).close()
    child = process(store, "import duckdb\nconnection = duckdb.connect(str(store.file(RUN, 'duckdb')))\nsay('open')\nheard()")
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    with left_as_it_was(store), pytest.raises(RunHeld) as caught:
        opened(store)
    assert caught.value.pid == child.pid
    ended(child)
    opened(store).close()


def test_a_run_whose_making_was_killed_is_made_anew(store: Store) -> None:
    store.create()
    for left in (".interactive.1.duckdb.0123.new", ".interactive.1.duckdb.0123.new.wal"):
        (store.folder / left).write_bytes(b"half")
    opened(store).close()
    assert [path.name for path in store.folder.iterdir() if path.name.startswith(".")] == []


def test_a_folder_that_nobody_may_write_is_said_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", Path("/proc/self/durnb")):
        with pytest.raises(JournalError, match=str(root)):
            opened(Store.of(tmp_path / "etl.ipynb", root))


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("chattr"), reason="only root can make a file immutable")
def test_a_run_that_even_root_may_not_write_is_said_to_be_read_only(store: Store) -> None:
    opened(store).close()
    path = store.file(RUN, "duckdb")
    if subprocess.run(["chattr", "+i", path], capture_output=True, check=False).returncode:
        pytest.skip("this file system has no immutable files")
    try:
        with left_as_it_was(store), pytest.raises(JournalReadOnly, match="DURNB_STORE"):
            opened(store)
        assert read_history(store, RUN, CLOCK).seq == 3
    finally:
        subprocess.run(["chattr", "-i", path], check=True)
    opened(store).close()


def test_a_run_that_the_user_may_not_write_is_said_to_be_read_only(store: Store) -> None:
    opened(store).close()
    parents = [parent for parent in store.folder.parents if parent.stat().st_uid == os.getuid() and len(parent.parts) > 2]
    modes = {path: path.stat().st_mode for path in [*parents, store.folder, *store.folder.iterdir()]}
    code = """
become_nobody()
try:
    opened(store)
except JournalReadOnly as error:
    say(Path(error.path).name)
"""
    try:
        for path in modes:
            path.chmod(0o555 if path.is_dir() else 0o444)
        child = process(store, code)
        assert ended(child) == (0, "interactive.1.lock\n")
        store.file(RUN, "lock").chmod(0o666)
        child = process(store, code)
        assert ended(child) == (0, "interactive.1.duckdb\n")
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def test_the_events_are_readable_by_their_names_in_sql(store: Store) -> None:
    journal = opened(store)
    journal.append(started("load"), failed("load"))
    journal.close()
    with duckdb.connect(store.file(RUN, "duckdb"), read_only=True) as connection:
        kinds = connection.execute("select seq, epoch, kind, step, execution, attempt from events order by seq").fetchall()
        assert kinds == [
            (1, 1, "run_started", None, None, None),
            (2, 1, KernelAttached.kind, None, None, None),
            (3, 1, "step_started", "load", 1, 1),
            (4, 1, "step_failed", "load", 1, 1),
            (5, 1, KernelDetached.kind, None, None, None),
        ]
        assert connection.execute("select step, status, error from attempts").fetchall() == [("load", "exception", "ValueError")]
