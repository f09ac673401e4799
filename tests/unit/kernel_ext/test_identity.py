from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from durnb_kernel_ext.identity import cell_identity, notebook_path, saved_cells


@pytest.fixture
def shell(tmp_path: Path) -> SimpleNamespace:
    return SimpleNamespace(starting_dir=str(tmp_path), user_ns={})


def test_the_first_that_says_it_counts(shell: SimpleNamespace, tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    assert notebook_path(shell, environ=environ) is None
    environ["JPY_SESSION_NAME"] = "/lab/session.ipynb"
    assert notebook_path(shell, environ=environ) == Path("/lab/session.ipynb")
    shell.user_ns["__vsc_ipynb_file__"] = "/code/vsc.ipynb"
    assert notebook_path(shell, environ=environ) == Path("/code/vsc.ipynb")
    assert notebook_path(shell, "told.ipynb", environ) == tmp_path / "told.ipynb"
    environ["DURNB_NOTEBOOK"] = "sub/../env.ipynb"
    assert notebook_path(shell, "told.ipynb", environ) == tmp_path / "env.ipynb"


def test_relative_paths_count_from_where_the_kernel_started(
    shell: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert notebook_path(shell, environ={"DURNB_NOTEBOOK": "nb.ipynb"}) == tmp_path / "nb.ipynb"
    del shell.starting_dir
    assert notebook_path(shell, environ={"DURNB_NOTEBOOK": "nb.ipynb"}) == Path("/nb.ipynb")


def test_a_session_that_is_no_notebook_says_nothing(shell: SimpleNamespace, tmp_path: Path) -> None:
    assert notebook_path(shell, environ={"JPY_SESSION_NAME": str(tmp_path / "console-1")}) is None
    (tmp_path / "text.py").touch()
    assert notebook_path(shell, environ={"JPY_SESSION_NAME": str(tmp_path / "text.py")}) == tmp_path / "text.py"
    assert notebook_path(shell, environ={"JPY_SESSION_NAME": str(tmp_path / "RTC:nb.ipynb")}) == tmp_path / "nb.ipynb"


def test_a_session_name_that_is_gone_is_taken_as_it_is(shell: SimpleNamespace, tmp_path: Path) -> None:
    assert notebook_path(shell, environ={"JPY_SESSION_NAME": str(tmp_path / "renamed.ipynb")}) == tmp_path / "renamed.ipynb"


def test_the_environment_is_the_process_own_by_default(shell: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "DURNB_NOTEBOOK", "/x/nb.ipynb")
    assert notebook_path(shell) == Path("/x/nb.ipynb")


def test_a_cell_is_known_by_ipython_or_by_the_request() -> None:
    assert cell_identity(SimpleNamespace(cell_id="a", cell_meta={"tags": ["t"]}), None) == ("a", ("t",))
    kernel = SimpleNamespace(get_parent=lambda channel: {"metadata": {"cellId": "b"}})
    assert cell_identity(SimpleNamespace(), kernel) == ("b", ())
    assert cell_identity(SimpleNamespace(cell_id=None, cell_meta=None), None) == (None, ())


def test_saved_cells_of_old_and_new_notebooks_are_read(tmp_path: Path) -> None:
    path = tmp_path / "nb.ipynb"
    cells = [
        {"id": "a", "cell_type": "code", "source": ["x = 1\n", "y"], "metadata": {"tags": ["t"]}},
        {"cell_type": "markdown", "source": "text"},
    ]
    path.write_text(json.dumps({"nbformat": 4, "cells": cells}))
    assert [(c.id, c.source, c.type) for c in saved_cells(path)] == [("a", "x = 1\ny", "code"), (None, "text", "markdown")]
    path.write_text(json.dumps({"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "z"}]}]}))
    assert [c.source for c in saved_cells(path)] == ["z"]


@pytest.mark.parametrize("content", ["", "[1]", "{}", "# a script", '{"cells": null}'])
def test_what_is_no_notebook_has_no_cells(tmp_path: Path, content: str) -> None:
    path = tmp_path / "nb.ipynb"
    assert saved_cells(path) == []
    path.write_text(content)
    assert saved_cells(path) == []
