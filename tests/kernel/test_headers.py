"""The header of a durable cell: two spellings, its options, and every way to get it wrong."""

from __future__ import annotations

import pytest

from kernel.conftest import Notebook


@pytest.mark.parametrize(
    "header", ["%%durable one", "# durable: one", "#durable: one", "\n\n%%durable one", "%%durable one --retries 2 --delay 0.1s"]
)
def test_both_spellings_make_the_same_kind_of_step(nb: Notebook, header: str) -> None:
    nb.ok(f"{header}\nran('one')\nx = 1")
    nb.open()
    assert nb.run(f"{header}\nran('one')\nx = 1").replayed
    assert nb.executions == {"one": 1}
    assert nb.evaluate("x") == 1


def test_the_spelling_can_be_changed_without_running_the_step_again(nb: Notebook) -> None:
    nb.ok("%%durable one\nran('one')\nx = 1")
    nb.ok("# durable: one\nran('one')\nx = 1")
    assert nb.executions == {"one": 1}


def test_a_changed_option_does_not_run_the_step_again(nb: Notebook) -> None:
    nb.ok("%%durable one\nran('one')")
    nb.ok("%%durable one --retries 5 --timeout 1h\nran('one')")
    assert nb.executions == {"one": 1}


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%%durable\ndf = 1", "%%durable df"),
        ("# durable:\ndf = 1", "df"),
        ("%%durable one --retires 3\nx = 1", "--retries"),
        ("%%durable one --nonsense\nx = 1", "--nonsense"),
        ("%%durable one --retries\nx = 1", "--retries"),
        ("%%durable one --retries many\nx = 1", "many"),
        ("%%durable one --timeout soon\nx = 1", "soon"),
        ("%%durable one --on-change never\nx = 1", "never"),
        ("%%durable one --save not-a-name\nx = 1", "not-a-name"),
        ("%%durable one --once --retries 2\nx = 1", "--once"),
        ("%%durable one --retries 1 --retries 2\nx = 1", "twice"),
        ("%%durable one two\nx = 1", "two"),
        ("%%durable 'a b'\nx = 1", "name"),
        ("%%durable one --depends 'a\nx = 1", "quote"),
        ("x = 1\n%%durable one\ny = 2", "first"),
        ("x = 1\n# durable: one\ny = 2", "first"),
        ("%%durable one\n%%durable two\ny = 2", "two"),
        ("%%durable one", "nothing"),
        ("%%durable one\n\n# only a comment\n", "nothing"),
    ],
)
def test_a_header_that_is_wrong_fails_the_cell_in_one_line_and_nothing_runs(nb: Notebook, cell: str, says: str) -> None:
    result = nb.refused(cell.replace("\nx = 1", "\nran('x')").replace("\ny = 2", "\nran('y')"))
    assert result.ename == "UsageError"
    assert says in result.evalue
    assert nb.executions == {}
    assert nb.evaluate("'x' in globals()") is False


def test_a_wrong_header_stops_run_all(nb: Notebook) -> None:
    wrong = nb.begin("%%durable one --nonsense\nx = 1")
    after = nb.begin("ran('after')")
    nb.finish(wrong)
    nb.finish(after)
    assert after.status == "aborted"
    assert nb.executions == {}


def test_a_header_in_a_string_is_no_header(nb: Notebook) -> None:
    assert nb.ok("text = '''\n%%durable one\n# durable: one\n'''\nlen(text)").text
    assert nb.status() == {}


def test_help_for_the_header_lists_every_option(nb: Notebook) -> None:
    result = nb.run("%%durable?")
    shown = result.text + str(result.payload)
    for option in (
        "--retries",
        "--timeout",
        "--once",
        "--on-change",
        "--save",
        "--ignore",
        "--depends",
        "--always",
        "--expires",
        "--no-retry",
    ):
        assert option in shown


def test_two_cells_of_the_saved_notebook_with_one_name_are_an_error(nb: Notebook) -> None:
    nb.place.write([("c1", "%%durable one\nran('first')"), ("c2", "%%durable one\nran('second')")])
    nb.ok("pass")
    assert nb.run("%%durable one\nran('first')", "c1").ok
    result = nb.refused("%%durable one\nran('second')", "c2")
    assert "'one' (code cells 1 and 2)" in result.evalue
    assert nb.executions == {"first": 1}
    nb.place.write([("c1", "%%durable one\nran('first')")])
    unsaved = nb.refused("%%durable one\nran('pasted')", "c3").evalue
    assert "code cell 1 of this notebook, as it is saved, is called 'one'" in unsaved
    assert nb.ok_with_id("%%durable one\nran('first')", "c1").replayed
    assert nb.executions == {"first": 1}


def test_a_cell_whose_id_changed_is_an_edit_not_a_second_step(nb: Notebook) -> None:
    nb.place.write([("c2", "%%durable one\nran('second')")])
    assert nb.run("%%durable one\nran('first')", "c1").ok
    result = nb.run("%%durable one\nran('second')", "c2")
    assert result.ok
    assert nb.executions == {"first": 1, "second": 1}
