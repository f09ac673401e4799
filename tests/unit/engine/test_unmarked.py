"""`%durable all`: which cells of a file are steps, and what they are called."""

from __future__ import annotations

from datetime import timedelta

import pytest

from durnb.engine.cells import NotebookCell, header_of, is_automatic, step_names
from durnb.engine.unmarked import (
    Blanket,
    Occurrences,
    code_key,
    covered,
    is_lasting,
    name_by_code,
    name_by_id,
    parse_blanket,
    said_in,
    says_all,
)
from durnb.errors import UsageError

ALL = NotebookCell(source="%load_ext durnb\n%durable all --retries 2", id="all")
LOAD, SHOW = NotebookCell(source="df = load()", id="load"), NotebookCell(source="df.head()", id="show")
IMPORTS = NotebookCell(source="import os", id="imports")
MARKED = NotebookCell(source="%%durable train --once\nfit(df)", id="m")


def tagged(tag: str) -> NotebookCell:
    return NotebookCell(source="x = [y]", id="t", tags=(tag,))


def test_the_cells_below_it_are_steps_and_those_above_it_are_not() -> None:
    cells = covered([LOAD, ALL, IMPORTS, SHOW, MARKED])
    assert step_names(cells) == ["cell-show", "train"]
    found = header_of(cells[3])
    assert found is not None
    assert (found.spelling, found.text, found.body, found.header.retries) == ("unmarked", "--retries 2", "df.head()", 2)


def test_a_header_keeps_its_own_options() -> None:
    found = header_of(covered([ALL, MARKED])[1])
    assert found is not None
    assert (found.header.once, found.header.retries) == (True, 0)


def test_off_ends_it_and_a_line_that_cannot_be_read_changes_nothing() -> None:
    off = NotebookCell(source="%durable all off")
    bad = NotebookCell(source="%durable all --nonsense")
    assert step_names(covered([ALL, bad, LOAD, off, SHOW])) == ["cell-load"]


def test_it_can_hold_from_the_first_cell_on() -> None:
    assert step_names(covered([LOAD, SHOW], Blanket())) == ["cell-load", "cell-show"]


@pytest.mark.parametrize("tag", ["not-durable", "parameters", "injected-parameters"])
def test_a_tag_keeps_a_cell_plain(tag: str) -> None:
    assert step_names(covered([tagged(tag), tagged("other")], Blanket())) == ["cell-t"]


@pytest.mark.parametrize("source", ["# durable: off\nx = [y]", "%%durable off\nx = [y]", "# Parameters\nx = [y]"])
def test_a_cell_can_say_itself_that_it_stays_plain(source: str) -> None:
    assert step_names(covered([NotebookCell(source=source, id="c")], Blanket())) == []


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_only_code_is_run(kind: str) -> None:
    assert step_names(covered([NotebookCell(source="df = load()", id="c", type=kind)], Blanket())) == []


def test_without_ids_a_step_is_its_code_and_its_occurrence() -> None:
    cells = [NotebookCell(source=source) for source in ("x += 1", "x+=1 # again", "y = [x]", "x += 1")]
    key, other = code_key("x += 1"), code_key("y = [x]")
    assert step_names(covered(cells, Blanket())) == [f"code-{key}", f"code-{key}-2", f"code-{other}", f"code-{key}-3"]


def test_where_the_front_end_tells_no_lasting_ids_those_of_the_file_do_not_count() -> None:
    assert step_names(covered([LOAD], Blanket(), ids=False)) == [f"code-{code_key(LOAD.source)}"]


def test_a_step_keeps_the_name_that_the_run_knows() -> None:
    by_code = f"code-{code_key(LOAD.source)}"
    assert step_names(covered([LOAD, SHOW], Blanket(), known=[by_code])) == [by_code, "cell-show"]
    assert step_names(covered([LOAD], Blanket(), known=[by_code, "cell-load"])) == ["cell-load"]


def test_code_that_is_no_python_has_a_key_too() -> None:
    assert code_key("!ls -l") == code_key("  !ls -l\n") != code_key("!ls")


def test_a_long_id_is_cut_as_a_short_one_is_not() -> None:
    assert name_by_id("3f2a1b0c-4d5e-4f60-8a9b-0c1d2e3f4a5b") == "cell-3f2a1b0c"
    assert name_by_id("load-data") == "cell-load-data"


def test_ids_of_the_notebook_format_last_and_others_do_not() -> None:
    assert is_lasting("3f2a1b0c")
    assert not is_lasting(None)
    assert not is_lasting("vscode-notebook-cell:/home/a.ipynb#W2sZmlsZQ%3D%3D")


def test_made_names_are_told_from_given_ones() -> None:
    assert is_automatic("cell-3f2a1b0c")
    assert is_automatic(name_by_code("1234", 2))
    assert not is_automatic("load")


def test_a_cell_that_ended_well_is_the_next_one_when_it_runs_again() -> None:
    counts = Occurrences()
    assert counts.number("k", None) == counts.number("k", None) == 1
    counts.ended_well("k")
    assert (counts.number("k", None), counts.number("other", None)) == (2, 1)


def test_a_passing_id_tells_a_second_cell_from_a_second_run() -> None:
    counts = Occurrences()
    assert [counts.number("k", uri) for uri in ("uri:1", "uri:2", "uri:1", "uri:2")] == [1, 2, 1, 2]


def test_options_are_those_of_a_header() -> None:
    blanket = parse_blanket("--retries 2 --ignore client --timeout 1h")
    assert blanket is not None
    assert (blanket.header.retries, blanket.header.ignore, blanket.header.timeout) == (2, ("client",), timedelta(hours=1))
    assert parse_blanket("off") is None
    assert parse_blanket("") == Blanket()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("--once", "header of its own"),
        ("--save df", "header of its own"),
        ("--creates a.csv", "header of its own"),
        ("load", "'load' is neither"),
        ("--nonsense", "--nonsense"),
        ("--retries", "needs a value"),
        ("'", "quote"),
    ],
)
def test_what_cannot_hold_for_every_cell_is_refused_with_a_reason(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_blanket(text)


def test_only_a_line_that_says_it_counts() -> None:
    assert said_in("%durable all\nx = 1") == [""]
    assert said_in("x = '''\n%durable all\n'''\n# %durable all") == []
    assert said_in("%durable status") == []
    assert says_all([ALL])
    assert not says_all([NotebookCell(source="%durable all off"), NotebookCell(source="%durable all", type="markdown")])
