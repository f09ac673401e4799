from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durnb.errors import JournalError, JournalReadOnly, RunHeld, UsageError
from durnb.journal import RunName, Store, read_schedules, write_schedule
from durnb.journal.names import folder_of, quoted, unquoted
from unit.journal.journal_samples import RUN, opened, run_step


def modes(folder: Path) -> set[tuple[bool, int]]:
    return {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in folder.rglob("*")}


def test_finding_a_store_does_not_touch_the_disk(tmp_path: Path) -> None:
    store = Store.of(tmp_path / "etl.ipynb")
    assert store.folder == tmp_path / ".durnb" / "etl"
    assert not store.exists
    assert store.id == ""
    assert store.runs() == []
    assert store.orphans() == []
    assert list(tmp_path.iterdir()) == []


def test_everything_in_a_store_is_for_its_user_alone(store: Store) -> None:
    old = os.umask(0)
    try:
        journal = opened(store)
        run_step(journal, "load", [b"small", bytes(100_000)])
        store.request(RUN, "cancel")
        assert store.file(RUN, "duckdb").with_suffix(".duckdb.wal").exists()
        assert modes(store.notebook.parent) == {(True, 0o700), (False, 0o600)}
        journal.close()
    finally:
        os.umask(old)
    assert (store.notebook.parent / ".durnb" / ".gitignore").read_text() == "*\n"


def test_a_store_made_twice_keeps_its_id(store: Store) -> None:
    store.create()
    first = store.id
    store.create()
    assert len(first) == 32
    assert Store.of(store.notebook).id == first


def test_a_folder_that_is_moved_or_copied_keeps_its_store(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    store = Store.of(tmp_path / "a" / "etl.ipynb")
    store.notebook.touch()
    opened(store).close()
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    (tmp_path / "a").rename(tmp_path / "b")
    for place in ("b", "copy"):
        there = Store.of(tmp_path / place / "etl.ipynb")
        assert there.id
        assert there.runs() == [RUN]
        assert there.orphans() == []
        journal = opened(there)
        assert journal.history.epoch == 2
        journal.close()


def test_a_copy_beside_the_original_starts_anew(store: Store) -> None:
    opened(store).close()
    copy = Store.of(store.notebook.with_name("etl-Copy1.ipynb"))
    copy.create()
    assert copy.runs() == []
    assert copy.id != store.id


def test_notebooks_with_one_stem_do_not_share(tmp_path: Path) -> None:
    names = [
        "etl.ipynb",
        "etl.py",
        "etl.py.ipynb",
        "etl",
        "etl%",
        "etl%.ipynb",
        "etl.md",
        "a.b.ipynb",
        "a.ipynb",
        ".ipynb",
        "x" * 240 + ".py",
    ]
    folders = [Store.of(tmp_path / name).folder for name in names]
    assert len(set(folders)) == len(names)
    assert all(len(os.fsencode(folder.name)) < 200 for folder in folders)


@given(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
        lambda n: n not in (".", "..")
    )
)
def test_no_notebook_has_a_folder_outside_its_store(name: str) -> None:
    folder = folder_of(Path(name))
    assert folder
    assert "/" not in folder
    assert folder not in (".", "..")


def test_a_store_elsewhere_is_for_one_notebook_and_found_again(tmp_path: Path) -> None:
    root = tmp_path / "stores"
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "etl.ipynb").touch()
    a, b = (Store.of(tmp_path / folder / "etl.ipynb", root) for folder in ("a", "b"))
    a.create()
    b.create()
    assert a.folder != b.folder
    assert a.folder.parent == b.folder.parent == root
    assert Store.of(tmp_path / "a" / ".." / "a" / "etl.ipynb", root).id == a.id
    assert not (tmp_path / "a" / ".durnb").exists()
    (tmp_path / "a" / "etl.ipynb").rename(tmp_path / "moved.ipynb")
    assert [orphan.folder for orphan in Store.of(tmp_path / "moved.ipynb", root).orphans()] == [a.folder]


@given(st.text(max_size=200))
def test_any_key_is_a_safe_file_name_and_can_be_read_back(key: str) -> None:
    name = quoted(key)
    assert "/" not in name
    assert not name.startswith(".")
    assert len(name.encode()) < 200
    assert name.isascii()
    assert unquoted(name) in (key, None)


def test_runs_are_listed_by_key_and_number(store: Store) -> None:
    keys = ["interactive", "day=2026-11-20/x y", ".hidden", "a.b", "ключ", "k" * 300, "k" * 301, ""]
    wanted = [RunName(key, number) for key in keys for number in (2, 10, 1)]
    for run in wanted:
        opened(store, run).close()
    assert store.runs() == sorted(wanted)
    assert store.newest("k" * 300) == RunName("k" * 300, 10)
    assert store.newest("none") is None
    assert str(RunName("day=2026-11-20/x y", 3)) == "day=2026-11-20/x y.3"


def test_a_store_whose_notebook_is_gone_is_offered_with_its_steps(store: Store) -> None:
    store.notebook.touch()
    journal = opened(store)
    run_step(journal, "load", [b"x"])
    journal.write_status({"steps": [{"step": "load"}, {"step": "train"}]})
    journal.close()
    new = Store.of(store.notebook.with_name("new.ipynb"))
    assert new.orphans() == []
    store.notebook.rename(new.notebook)
    (orphan,) = new.orphans()
    assert (orphan.notebook, orphan.folder, orphan.steps) == (store.notebook, store.folder, ("load", "train"))


def test_an_adopted_store_brings_its_runs_and_its_id(store: Store) -> None:
    journal = opened(store)
    digests = run_step(journal, "load", [b"x", bytes(100_000)])
    journal.close()
    old = store.id
    new = Store.of(store.notebook.with_name("new.ipynb"))
    write_schedule(new, "0a1b", {"every": "1d"})  # of the new name, by a worker that knew nothing of the old
    new.adopt("etl.ipynb")
    assert [facts for _, facts in read_schedules(new)] == [{"every": "1d"}]
    assert new.id == old
    assert not store.folder.exists()
    assert new.orphans() == []
    journal = opened(new)
    assert journal.read(digests[1]) == bytes(100_000)
    journal.close()
    assert json.loads((new.folder / "notebook.json").read_text())["notebook"] == "../../new.ipynb"


def test_adopting_says_what_is_in_the_way(store: Store) -> None:
    new = Store.of(store.notebook.with_name("new.ipynb"))
    with pytest.raises(UsageError, match="no store of a notebook 'etl' that is gone"):
        new.adopt("etl")
    journal = opened(store)
    with pytest.raises(RunHeld, match=str(os.getpid())):
        new.adopt("etl")
    journal.close()
    opened(new).close()
    with pytest.raises(UsageError, match=r"new\.ipynb has runs of its own"):
        new.adopt("etl")
    assert store.runs() == new.runs() == [RUN]


def test_a_damaged_notebook_json_is_named_and_left(store: Store) -> None:
    store.create()
    (store.folder / "notebook.json").write_text("{")
    with pytest.raises(JournalError, match=r"notebook\.json is damaged"):
        opened(store)
    assert (store.folder / "notebook.json").read_text() == "{"
    assert Store.of(store.notebook.with_name("new.ipynb")).orphans() == []


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file" / "stores", Path("/proc/durnb-stores")):
        with pytest.raises((JournalReadOnly, JournalError), match="stores"):
            Store.of(tmp_path / "etl.ipynb", root).create()


def test_the_status_says_who_owns_the_run(journal: object, store: Store) -> None:
    status = store.status(RUN)
    assert status is not None
    assert (status["pid"], status["run"], status["notebook"], status["steps"]) == (os.getpid(), "interactive.1", str(store.notebook), [])
    assert store.status(RunName("none", 1)) is None
