"""A checkpoint that somebody else signed, or that was changed, is neither unpickled nor shown before the user vouches for it; damage is told."""

from __future__ import annotations

from pathlib import Path

from kernel.conftest import Notebook

LOAD = "%%durable load\nran('load')\ndata = [1, 2]\nprint('shown')"


def test_a_checkpoint_of_another_signer_asks_and_trust_accepts_it(nb: Notebook, tmp_path: Path) -> None:
    nb.ok(LOAD)
    stranger = str(tmp_path / "another-secret")
    nb.open(DURNB_SECRET_FILE=stranger)
    result = nb.run(LOAD)
    assert result.status == "error"
    assert "%durable trust" in result.evalue
    assert "%durable new" in result.evalue
    assert "shown" not in result.text
    assert nb.names("data") == {}
    nb.ok("%durable trust")
    assert nb.ok(LOAD).text == "shown\n"
    assert nb.executions == {"load": 1}
    nb.open(DURNB_SECRET_FILE=stranger)
    assert nb.ok(LOAD).replayed


def test_or_a_new_run_is_begun(nb: Notebook, tmp_path: Path) -> None:
    nb.ok(LOAD)
    nb.open(DURNB_SECRET_FILE=str(tmp_path / "another-secret")).run(LOAD)
    nb.ok("%durable new", LOAD)
    assert nb.executions == {"load": 2}


def test_the_secret_can_be_given_in_the_environment(nb: Notebook) -> None:
    nb.open(DURNB_SECRET="s3cret").ok(LOAD)
    nb.open(DURNB_SECRET="s3cret").ok(LOAD)
    nb.open(DURNB_SECRET="other")
    assert not nb.run(LOAD).ok
    assert nb.executions == {"load": 1}


def test_the_secret_file_is_private(nb: Notebook) -> None:
    nb.ok(LOAD)
    assert Path(nb.place.env["DURNB_SECRET_FILE"]).stat().st_mode & 0o777 == 0o600


def test_a_pack_with_a_changed_byte_asks_and_never_executes(nb: Notebook) -> None:
    cell = "%%durable big\nran('big')\nblob = bytes(range(256)) * 4000"
    nb.ok(cell)
    nb.kill()
    packs = [path for path in (nb.place.folder / ".durnb").rglob("objects/*") if path.is_file() and path.stat().st_size > 100_000]
    assert packs
    for pack in packs:
        pack.chmod(0o600)
        data = bytearray(pack.read_bytes())
        data[len(data) // 2] ^= 1
        pack.write_bytes(data)
    result = nb.open().run(cell)
    assert result.status == "error"
    assert nb.names("blob") == {}
    assert nb.executions == {"big": 1}


def test_a_checkpoint_that_can_t_be_read_can_be_run_again_by_answer(nb: Notebook) -> None:
    cell = "%%durable big\nran('big')\nblob = bytes(range(256)) * 4000"
    nb.ok(cell)
    nb.kill()
    for path in (nb.place.folder / ".durnb").rglob("objects/*"):
        if path.is_file() and path.stat().st_size > 100_000:
            path.unlink()
    result = nb.open().run(cell)
    assert result.ename == "StepAsks"
    assert "%durable resolve big retry" in result.evalue
    nb.ok("%durable resolve big retry", cell)
    assert nb.executions == {"big": 2}


def test_a_foreign_file_in_place_of_the_journal_fails_the_cell_and_is_left_untouched(nb: Notebook) -> None:
    nb.ok(LOAD)
    nb.kill()
    (journal,) = (nb.place.folder / ".durnb").rglob("*.duckdb")
    journal.write_bytes(b"this is no journal" * 1000)
    result = nb.open().refused(LOAD)
    assert result.ename in ("JournalForeign", "JournalDamaged")
    assert journal.read_bytes() == b"this is no journal" * 1000
    assert nb.executions == {"load": 1}


def test_a_truncated_journal_fails_the_cell_and_is_left_untouched(nb: Notebook) -> None:
    nb.ok(LOAD)
    nb.shutdown()
    (journal,) = (nb.place.folder / ".durnb").rglob("*.duckdb")
    data = journal.read_bytes()
    journal.write_bytes(data[: len(data) // 2])
    result = nb.open().refused(LOAD)
    assert result.ename in ("JournalForeign", "JournalDamaged")
    assert journal.read_bytes() == data[: len(data) // 2]
    assert nb.executions == {"load": 1}


def test_a_full_disk_fails_the_cell_and_the_kernel_goes_on(nb: Notebook) -> None:
    nb.open(DURNB_FAULTS="before-commit:load=enospc")
    result = nb.run(LOAD)
    assert result.ename == "DiskFull"
    nb.open()
    nb.ok(LOAD)
    assert nb.executions == {"load": 2}


def test_a_step_whose_commit_failed_can_be_saved_without_running_again(nb: Notebook) -> None:
    nb.open(DURNB_FAULTS="before-commit:load=enospc")
    nb.run(LOAD)
    nb.ok("%durable save load")
    nb.open().ok(LOAD)
    assert nb.executions == {"load": 1}
