"""``%durable all``: a notebook becomes durable by one line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kernel.conftest import Notebook

Cells = list[tuple[str, str]]

NOTEBOOK: Cells = [
    ("all", "%durable all"),
    ("prepare", "import math\nROOT = 2\n%matplotlib inline"),
    ("define", "def grow(items, item):\n    items.append(item)"),
    ("load", "ran('load')\ndata = [1, 2]\ndata"),
    ("grow", "ran('grow')\ngrow(data, 3)\nprint(len(data))"),
    ("marked", "%%durable total\nran('total')\ntotal = sum(data)"),
    ("plain", "# durable: off\nran('plain')\nseen = total"),
    ("show", "total"),
]


def run_all(nb: Notebook, cells: Cells, *, ids: bool = True) -> dict[str, Any]:
    """Run All, as a front end that sends cell ids does, or one that sends none."""
    return {name: nb.run(source, name if ids else None) for name, source in cells}


def killed_in(nb: Notebook, cells: Cells, name: str, *, ids: bool = True) -> None:
    """Run the cells up to `name`, in whose middle the kernel dies."""
    for at, source in cells:
        if at != name:
            nb.ok_with_id(source, at if ids else None)
            continue
        statements = source.splitlines()
        assert nb.run("\n".join([*statements[:-1], "import os; os.kill(os.getpid(), 9)"]), at if ids else None).status == "died"
        return


@pytest.fixture
def book(nb: Notebook) -> Notebook:
    nb.place.write(NOTEBOOK)
    return nb


def test_a_notebook_of_cells_without_headers_goes_on_where_its_kernel_died(book: Notebook) -> None:
    killed_in(book, NOTEBOOK, "grow")
    results = run_all(book.open(), NOTEBOOK)
    assert all(result.ok for result in results.values()), results
    assert book.executions == {"load": 1, "grow": 2, "total": 1, "plain": 1}
    assert (results["load"].replayed, results["load"].text) == (True, "[1, 2]")
    assert results["grow"].text == "3\n"
    assert book.evaluate("[data, total, seen]") == [[1, 2, 3], 6, 6]
    again = run_all(book.open(), NOTEBOOK)
    assert {name: again[name].text for name in ("load", "grow", "show")} == {"load": "[1, 2]", "grow": "3\n", "show": "6"}
    assert book.executions == {"load": 1, "grow": 2, "total": 1, "plain": 2}
    assert {name: step["label"] for name, step in book.status().items()} == {
        "cell-load": "ran('load')",
        "cell-grow": "ran('grow')",
        "total": "",
        "cell-show": "total",
    }


def test_plan_announcement_and_restore_know_of_it(book: Notebook) -> None:
    killed_in(book, NOTEBOOK, "grow")
    steps = {step["step"]: step["action"] for step in book.open().command("plan --json")["steps"]}
    assert steps == {"cell-load": "reuse", "cell-grow": "run", "total": "run", "cell-show": "run"}
    restored = book.ok("%durable restore")
    assert "restored: cell-load" in restored.text
    assert "def grow" in restored.text
    assert "ran('load')" not in restored.text
    results = run_all(book.open(), NOTEBOOK)
    assert "next: cell-grow (ran('grow'))" in results["load"].announcement


def test_an_edited_cell_is_the_same_step_and_a_header_renames_it(book: Notebook) -> None:
    run_all(book, NOTEBOOK[:5])
    edited = book.ok_with_id("ran('load')\ndata = [1]\ndata", "load")
    assert "its code was edited" in edited.badge
    marked = [("load", "%%durable load\nran('load')\ndata = [1]\ndata")]
    book.place.write(marked)
    assert "renamed from cell-load" in run_all(book.open(), marked)["load"].badge


TWICE: Cells = [("all", "%durable all"), ("a", "x = [0]"), ("b", "ran('add')\nx.append(1)"), ("c", "ran('add')\nx.append(1)"), ("d", "x")]


def test_without_cell_ids_a_step_is_its_code_and_the_count_of_it(nb: Notebook) -> None:
    killed_in(nb, TWICE, "c", ids=False)
    results = run_all(nb.open(), TWICE, ids=False)
    assert results["d"].text == "[0, 1, 1]"
    assert nb.executions == {"add": 3}
    names = list(nb.status())
    assert f"{names[0]}-2" in names
    assert all(name.startswith("code-") for name in names)
    edited = [*TWICE[:2], ("b", "ran('other')\nx.append(2)"), *TWICE[3:]]
    assert run_all(nb.open(), edited, ids=False)["d"].text == "[0, 2, 1]"
    assert nb.executions == {"add": 4, "other": 1}


def test_a_front_end_s_passing_ids_tell_a_second_cell_from_a_second_run(nb: Notebook) -> None:
    nb.ok("%durable all")
    for _ in range(2):
        for uri in ("vscode-notebook-cell:/a#W0", "vscode-notebook-cell:/a#W1"):
            nb.ok_with_id("ran('same')\ny = 1", uri)
    assert nb.executions == {"same": 2}
    assert len(nb.status()) == 2


def test_options_hold_for_every_cell_and_off_ends_it(nb: Notebook) -> None:
    nb.ok("%durable all --retries 1 --delay 0s", "tries = 0")
    flaky = "import pathlib\nran('flaky')\nmark = pathlib.Path('mark')\nif not mark.exists():\n    mark.touch()\n    raise OSError('once')"
    assert nb.ok_with_id(flaky, "f").ok
    assert nb.executions == {"flaky": 2}
    nb.ok("%durable all off")
    assert nb.ok_with_id("ran('plain')", "p").badges == []


def test_a_line_that_cannot_be_read_is_refused_and_changes_nothing(nb: Notebook) -> None:
    nb.ok("%durable all")
    for line, says in (("--once", "header of its own"), ("load", "neither"), ("--nonsense", "--nonsense")):
        assert says in nb.refused(f"%durable all {line}").evalue
    assert nb.ok_with_id("ran('step')", "s").badges


def test_tags_and_own_requests_of_a_front_end_are_no_steps(nb: Notebook) -> None:
    cells = [{"cell_type": "code", "id": "t", "source": "ran('tagged')\nk = [1]", "metadata": {"tags": ["parameters"]}, "outputs": []}]
    nb.place.notebook.write_text(json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}))
    nb.ok("%durable all")
    assert nb.ok_with_id("ran('tagged')\nk = [1]", "t").badges == []
    assert nb.ok("ran('tagged')\nk = [1]").badges == []
    nb.finish(nb.begin("ran('hidden')", store_history=False))
    assert nb.status() == {}
    assert nb.executions == {"tagged": 2, "hidden": 1}


def test_cells_above_the_line_are_plain_in_a_second_pass_too(nb: Notebook) -> None:
    cells = [("above", "ran('above')\nz = [1]"), ("all", "%durable all"), ("below", "ran('below')\nz.append(2)")]
    nb.place.write(cells)
    for _ in range(2):
        run_all(nb, cells)
    assert nb.executions == {"above": 2, "below": 1}
    assert list(nb.status()) == ["cell-below"]


def test_the_environment_can_switch_it_on(nb: Notebook) -> None:
    nb.open(DURNB_ALL="1").ok_with_id("ran('one')\nx = 1", "one")
    nb.open(DURNB_ALL="1").ok_with_id("ran('one')\nx = 1", "one")
    assert nb.executions == {"one": 1}
    assert nb.open(DURNB_ALL="1", DURNB_DISABLE="1").ok_with_id("ran('one')\nx = 1", "one").badges == []


def test_what_has_no_position_is_made_again_and_what_has_one_is_put_there_or_is_lost(nb: Notebook) -> None:
    cells = [
        ("all", "%durable all"),
        (
            "pool",
            "import sqlite3\nfrom concurrent.futures import ThreadPoolExecutor\nconn = sqlite3.connect('a.db')\npool = ThreadPoolExecutor(1)",
        ),
        ("fill", "ran('fill')\nconn.execute('create table t (x int)')\nconn.execute('insert into t values (1)')\nconn.commit()"),
        ("open", "lines = open('two.txt')\nlog = open('log.txt', 'w')"),
        ("read", "ran('read')\nfirst = lines.readline()\nlog.write(first)\nlog.flush()"),
        ("count", "ran('count')\nrows = pool.submit(lambda: 1).result() + conn.execute('select count(*) from t').fetchone()[0]"),
        ("on", "second = lines.readline()"),
    ]
    nb.place.write(cells)
    (nb.place.folder / "two.txt").write_text("one\ntwo\n")
    run_all(nb, cells[:-2])
    steps = {step["step"]: step["action"] for step in nb.open().command("plan --json")["steps"]}
    assert steps == {
        "cell-pool": "run",
        "cell-fill": "reuse",
        "cell-open": "reuse",
        "cell-read": "reuse",
        "cell-count": "run",
        "cell-on": "run",
    }
    results = run_all(nb, cells)
    assert "can't be stored, and is made again" in results["pool"].badge
    assert nb.evaluate("[rows, second.strip()]") == [2, "two"]
    assert (nb.place.folder / "log.txt").read_text() == "one\n"
    refused = nb.run("log.write('more')", "more")
    assert (refused.ename, nb.executions) == ("StepRefused", {"fill": 1, "read": 1, "count": 1})
