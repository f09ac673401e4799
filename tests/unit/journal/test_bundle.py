"""A run as one file: exported, imported, damaged."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from durnb.errors import JournalDamaged, RunHeld, UsageError
from durnb.journal import Store, check, export_run, import_run, read_history
from unit.journal.journal_samples import CLOCK, RUN, opened, run_step

BIG = os.urandom(200_000)


@pytest.fixture
def exported(store: Store, tmp_path: Path) -> Path:
    """The file of a run with a big and a small value."""
    with opened(store) as journal:
        run_step(journal, "load", [b"small", BIG])
    file = tmp_path / "run.durnb"
    assert export_run(store, RUN, file, CLOCK) == file.stat().st_size
    return file


def _elsewhere(tmp_path: Path) -> Store:
    (tmp_path / "elsewhere").mkdir()
    return Store.of(tmp_path / "elsewhere" / "copy.ipynb")


def test_a_run_is_the_same_after_its_file_in_the_store_of_another_notebook(store: Store, exported: Path, tmp_path: Path) -> None:
    other = _elsewhere(tmp_path)
    assert import_run(other, exported) == RUN
    assert check(other) == []
    assert read_history(other, RUN, CLOCK) == read_history(store, RUN, CLOCK)
    with opened(other, create=False) as journal:
        run_step(journal, "more", [BIG])
    assert check(other) == []


def test_a_run_that_is_there_is_not_replaced(store: Store, exported: Path) -> None:
    before = store.file(RUN, "duckdb").read_bytes()
    with pytest.raises(UsageError, match=r"has a run interactive\.1 already"):
        import_run(store, exported)
    assert store.file(RUN, "duckdb").read_bytes() == before


def test_a_run_that_a_kernel_has_is_not_exported(store: Store, tmp_path: Path) -> None:
    with opened(store), pytest.raises(RunHeld):
        export_run(store, RUN, tmp_path / "run.durnb", CLOCK)
    assert [path.name for path in tmp_path.iterdir()] == [".durnb"]


def test_a_run_whose_pack_is_gone_is_not_exported(store: Store, exported: Path, tmp_path: Path) -> None:
    next(store.objects.glob("*.pack")).unlink()
    with pytest.raises(JournalDamaged, match="is gone"):
        export_run(store, RUN, tmp_path / "again.durnb", CLOCK)
    assert not (tmp_path / "again.durnb").exists()


def _changed(file: Path, **changes: bytes) -> Path:
    """A copy whose members hold something else, or that holds further ones."""
    target = file.with_name("changed.durnb")
    with tarfile.open(file) as before, tarfile.open(target, "w") as after:
        for member in before.getmembers():
            data = changes.pop(member.name, None)
            content = before.extractfile(member)
            assert content is not None
            text = content.read() if data is None else data
            member.size = len(text)
            after.addfile(member, io.BytesIO(text))
    return target


def test_a_damaged_file_is_refused_and_nothing_of_it_is_kept(exported: Path, tmp_path: Path) -> None:
    other = _elsewhere(tmp_path)
    with tarfile.open(exported) as tar:
        about = json.loads(tar.extractfile("durnb-run.json").read())  # type: ignore[union-attr]  # it is a file
        pack = next(name for name in about["digests"] if name.startswith("packs/"))
    hostile = {**about, "digests": {**about["digests"], "packs/../../evil.pack": "0"}}
    for wrong in (
        _changed(exported, **{"run.duckdb": b"other"}),
        _changed(exported, **{pack: b"other"}),
        _changed(exported, **{"durnb-run.json": json.dumps(hostile).encode()}),
        _changed(exported, **{"durnb-run.json": json.dumps({**about, "format": 9}).encode()}),
        _changed(exported, **{"durnb-run.json": b"no"}),
    ):
        with pytest.raises(UsageError):
            import_run(other, wrong)
        assert not other.folder.exists()
    exported.write_bytes(exported.read_bytes()[:5000])
    with pytest.raises(UsageError, match="is damaged"):
        import_run(other, exported)
