"""Which notebook it is, and where its store lies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.conftest import Notebook
from kernel.driver import Place

LOAD = "%%durable load\nran('load')\ndata = [1, 2]"


def test_without_a_path_the_first_durable_cell_fails_and_names_the_ways_out(nb: Notebook) -> None:
    nb.open(DURNB_NOTEBOOK="")
    result = nb.refused(LOAD)
    assert result.ename == "NotebookUnknown"
    assert "DURNB_NOTEBOOK" in result.evalue
    assert "%durable notebook" in result.evalue
    assert nb.executions == {}


def test_the_path_can_be_given_in_the_notebook(nb: Notebook) -> None:
    nb.open(DURNB_NOTEBOOK="").ok("%durable notebook other.ipynb", LOAD)
    assert (nb.place.folder / ".durnb" / "other").is_dir()
    nb.open(DURNB_NOTEBOOK="").ok("%durable notebook other.ipynb", LOAD)
    assert nb.executions == {"load": 1}


@pytest.mark.parametrize("how", ["JPY_SESSION_NAME", "vscode"])
def test_the_front_end_s_word_on_the_path_is_heard(nb: Notebook, how: str) -> None:
    path = str(nb.place.folder / "fe.ipynb")
    nb.open(DURNB_NOTEBOOK="", **({"JPY_SESSION_NAME": path} if how != "vscode" else {}))
    if how == "vscode":
        nb.ok(f"__vsc_ipynb_file__ = {path!r}")
    nb.ok(LOAD)
    assert (nb.place.folder / ".durnb" / "fe").is_dir()


def test_the_store_is_private_and_not_for_git(nb: Notebook) -> None:
    nb.ok(LOAD)
    store = nb.place.folder / ".durnb"
    assert store.stat().st_mode & 0o777 == 0o700
    assert (store / ".gitignore").read_text().strip() == "*"
    files = [path for path in store.rglob("*") if path.is_file()]
    assert files
    assert all(path.stat().st_mode & 0o077 == 0 for path in files if path.name != ".gitignore")


def test_nothing_is_written_before_the_first_durable_cell(nb: Notebook) -> None:
    nb.ok("1 + 1")
    assert not (nb.place.folder / ".durnb").exists()
    assert nb.evaluate("'duckdb' in __import__('sys').modules and bool(__import__('sys').modules.get('durnb.journal.database'))") in (
        True,
        False,
    )


def test_a_folder_that_was_moved_keeps_its_store(nb: Notebook, make: Callable[..., Notebook], tmp_path: Path) -> None:
    nb.ok(LOAD)
    nb.kill()
    other = Place.at(tmp_path / "elsewhere", DURNB_SECRET_FILE=nb.place.env["DURNB_SECRET_FILE"])
    shutil.copytree(nb.place.folder, other.folder, dirs_exist_ok=True)
    other.env["DURNB_SECRET_FILE"] = nb.place.env["DURNB_SECRET_FILE"]
    moved = make(other).open()
    assert moved.ok(LOAD).replayed


def test_a_copy_beside_the_original_starts_anew(nb: Notebook) -> None:
    nb.place.write([("a", LOAD)])
    nb.ok(LOAD)
    shutil.copy(nb.place.notebook, nb.place.folder / "copy.ipynb")
    nb.open(DURNB_NOTEBOOK=str(nb.place.folder / "copy.ipynb")).ok(LOAD)
    assert nb.executions == {"load": 2}


def test_the_store_of_a_renamed_notebook_is_offered_and_can_be_adopted(nb: Notebook) -> None:
    nb.place.write([("a", LOAD)])
    nb.ok(LOAD)
    nb.kill()
    new = nb.place.folder / "renamed.ipynb"
    nb.place.notebook.rename(new)
    nb.open(DURNB_NOTEBOOK=str(new))
    result = nb.refused(LOAD)
    assert result.ename == "StoreOffered"
    assert "%durable adopt" in result.evalue
    nb.ok("%durable adopt nb.ipynb")
    assert nb.ok(LOAD).replayed
    assert nb.executions == {"load": 1}


def test_or_the_renamed_notebook_begins_anew(nb: Notebook) -> None:
    nb.place.write([("a", LOAD)])
    nb.ok(LOAD)
    nb.kill()
    new = nb.place.folder / "renamed.ipynb"
    nb.place.notebook.rename(new)
    nb.open(DURNB_NOTEBOOK=str(new)).refused(LOAD)
    nb.ok("%durable new", LOAD)
    assert nb.executions == {"load": 2}


def test_two_notebooks_of_one_folder_have_stores_of_their_own(nb: Notebook, make: Callable[..., Notebook]) -> None:
    nb.ok(LOAD)
    second = make(nb.place).open(DURNB_NOTEBOOK=str(nb.place.folder / "second.ipynb"))
    second.ok(LOAD)
    assert nb.executions == {"load": 2}


def test_the_store_can_lie_elsewhere(nb: Notebook, tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "stores")
    nb.open(DURNB_STORE=elsewhere).ok(LOAD)
    assert not (nb.place.folder / ".durnb").exists()
    nb.open(DURNB_STORE=elsewhere).ok(LOAD)
    assert nb.executions == {"load": 1}


def test_commands_that_look_create_nothing_and_say_that_a_store_is_on_offer(nb: Notebook) -> None:
    nb.place.write([("a", LOAD)])
    nb.ok(LOAD)
    nb.kill()
    new = nb.place.folder / "renamed.ipynb"
    nb.place.notebook.rename(new)
    nb.open(DURNB_NOTEBOOK=str(new))
    for command in ("plan", "status", "history", "check", "panel"):
        assert "%durable adopt nb.ipynb" in nb.ok(f"%durable {command}").text, command
    assert nb.run("%durable du").status == nb.run("%durable show load").status == "error"
    assert not (nb.place.folder / ".durnb" / "renamed").exists()
    assert nb.refused("%durable run interactive").ename == nb.refused(LOAD).ename == "StoreOffered"
    nb.ok("%durable adopt nb.ipynb", LOAD)
    assert nb.executions == {"load": 1}


def test_a_store_that_shares_one_name_alone_is_not_offered(nb: Notebook) -> None:
    nb.ok(LOAD, "%%durable clean\nrows = 1")
    nb.kill()
    other = nb.place.folder / "other.ipynb"
    cells = [LOAD.replace("[1, 2]", "[3]"), "%%durable clean\nrows = 2", "%%durable train\nmodel = 1"]
    nb.place.notebook = other
    nb.place.write([("a", cells[0]), ("b", cells[2])])
    nb.open(DURNB_NOTEBOOK=str(other)).ok(cells[0])
    nb.kill()
    third = nb.place.notebook = nb.place.folder / "third.ipynb"
    nb.place.write([("a", cells[0]), ("b", cells[1])])
    shown = nb.open(DURNB_NOTEBOOK=str(third)).refused(cells[0])
    assert shown.ename == "StoreOffered"
    assert "%durable new" in shown.evalue
    assert str(nb.place.folder / ".durnb" / "nb") in shown.evalue
