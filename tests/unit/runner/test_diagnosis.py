"""What durnb doctor finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from durnb.clock import SystemClock
from durnb.config import duration
from durnb.journal import Journal, RunName, Store
from durnb.runner.diagnosis import Finding, diagnose, file_system

RUN = RunName("default", 1)


def _found(store: Store | None, **environment: str) -> dict[str, Finding]:
    return {finding.what: finding for finding in diagnose(store, environment)}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.of(tmp_path / "etl.ipynb")
    Journal.open(made, RUN, create=True, clock=SystemClock(), wait=duration("1s")).close()
    return made


def test_a_sound_store_has_no_errors_and_nothing_is_left_in_its_folder(store: Store) -> None:
    before = sorted(path.name for path in store.folder.iterdir())
    found = _found(store, DURNB_SECRET="s")
    assert {name for name, finding in found.items() if finding.grade == "error"} == set()
    assert found["journal"].found == "1 of 1 runs were checked, and are whole"
    assert "duckdb" in found["versions"].found
    assert sorted(path.name for path in store.folder.iterdir()) == before


def test_who_has_a_run_is_told(store: Store) -> None:
    with Journal.open(store, RUN, create=False, clock=SystemClock(), wait=duration("1s")):
        found = _found(store, DURNB_SECRET="s")
    assert found["lease"].found.endswith("has run default.1")
    assert found["journal"].found == "0 of 1 runs were checked, and are whole"


def test_a_damaged_journal_and_open_permissions_are_found_each_with_its_cure(store: Store, tmp_path: Path) -> None:
    store.file(RUN, "duckdb").write_bytes(b"no journal")
    store.folder.chmod(0o755)
    secret = tmp_path / "secret"
    secret.write_text("abc")
    secret.chmod(0o644)
    found = _found(store, DURNB_SECRET_FILE=str(secret))
    assert (found["journal"].grade, found["permissions"].grade) == ("error", "warning")
    assert all(found[what].cure for what in ("journal", "permissions"))
    assert found["key"].grade in ("warning", "error")  # a warning of the disk goes first, where tests run on one that does not stay
    assert found["key"].cure


def test_an_empty_key_is_found(tmp_path: Path) -> None:
    (tmp_path / "secret").touch()
    assert _found(None, DURNB_SECRET_FILE=str(tmp_path / "secret"))["key"].grade == "error"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no other file system to look at")
def test_the_kind_of_a_file_system_is_that_of_the_mount_that_the_path_is_on() -> None:
    assert file_system(Path("/proc/self")) == "proc"
