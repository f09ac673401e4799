"""`durnb.history()` outside of a kernel: what it shows, what it loads, and what it says of what is not there."""

from __future__ import annotations

import pickle
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import durnb
from durnb.archive import NotebookHistory, Rows, RunsLeftOut
from durnb.errors import CheckpointUntrusted, DurnbError, NotInHistory, NotKept, RunHeld, UsageError
from durnb.events import RunFinished
from durnb.journal import Limits, RunName, Store, collect
from unit.archive.archive_samples import EVIL, finish, start, tell_etl
from unit.journal.journal_samples import CLOCK, NO_WAIT, ended, heard, opened, process

HOLD = """
from unit.archive.archive_samples import *
journal = opened(store, RunName("interactive", 1))
start(journal, "load")
finish(journal, "load", "df = [1]", ["df"])
start(journal, "train")
from durnb.engine import overview
journal.write_status(overview.as_json(journal.history))
say("holds", os.getpid())
heard()
"""


# ---- what is there


def test_runs_steps_and_variables_are_mappings(told: NotebookHistory) -> None:
    assert list(told) == ["interactive.1", "interactive.2"]
    assert len(told) == 2
    assert "interactive.2" in told
    assert "interactive.3" not in told
    run = told["interactive.2"]
    assert (list(run), len(run), "load" in run, "lod" in run) == (["load", "train", "dead"], 3, True, False)
    checkpoint = run["load"].checkpoint
    assert checkpoint is not None
    assert (list(checkpoint), len(checkpoint), "df" in checkpoint, "client" in checkpoint) == (["df", "same"], 2, True, False)
    assert dict(checkpoint) == {"df": [1, 2], "same": [1, 2]}
    assert checkpoint.get("client", "none") == "none"


def test_a_key_alone_is_its_newest_run_and_the_last_is_the_one_used_last(told: NotebookHistory) -> None:
    assert told["interactive"].name == told.last.name == "interactive.2"


def test_a_variable_is_loaded_from_the_current_checkpoint_and_from_earlier_ones(told: NotebookHistory) -> None:
    step = told["interactive.2"]["load"]
    assert step.load("df") == [1, 2]
    assert step.checkpoints[0]["df"] == [1]
    assert [checkpoint.is_current for checkpoint in step.checkpoints] == [False, True]


def test_each_load_gives_a_new_value_and_loading_all_keeps_what_they_share(told: NotebookHistory) -> None:
    step = told["interactive.2"]["load"]
    assert step.load("df") is not step.load("df")
    everything = step.load_all()
    assert everything["df"] is everything["same"]


def test_the_past_of_a_step_is_told(told: NotebookHistory) -> None:
    step = told["interactive.2"]["train"]
    first, second = step.executions
    assert (first.source, second.source, second.reason) == (f"fit(df, {EVIL!r})", "fit(df)", "its code was edited")
    assert second.diff(first).splitlines()[3:] == [f"-fit(df, {EVIL!r})", "+fit(df)"]
    assert first.error is not None
    assert (first.error.type, first.error.traceback, second.error) == ("ValueError", "Traceback: no", None)
    assert (first.attempts[0].status, first.attempts[0].ran, first.checkpoint) == ("exception", 0.5, None)
    assert [output["text"] for output in first.outputs] == ["round 1"]
    assert (step.checkpoint is not None and step.checkpoint.execution.number, step.status) == (2, "finished")


def test_inputs_say_where_each_came_from(told: NotebookHistory) -> None:
    inputs = told["interactive.2"]["train"].inputs
    assert {name: found.origin for name, found in inputs.items()} == {
        "df": "step load, checkpoint 6",
        "k": "a plain cell",
        "@random": "a setting of a plain cell",
        "file:a.csv": "a file",
    }
    assert inputs["df"].checkpoint is not None
    assert inputs["df"].checkpoint["df"] == [1, 2]
    last = told["interactive.2"]["train"].last
    assert last.load_input("df") == [1, 2]
    with pytest.raises(NotKept, match="it came from a plain cell, and its value was not kept"):
        last.load_input("k")


def test_outputs_and_the_last_value_are_there(told: NotebookHistory) -> None:
    step = told["interactive.2"]["load"]
    assert [output["text"] for output in step.outputs] == ["read 2 rows"]
    assert step.checkpoint is not None
    assert step.checkpoint.value == 2
    assert step.checkpoints[0].value is None


def test_a_step_whose_kernel_died_is_dead_and_not_running(told: NotebookHistory) -> None:
    step = told["interactive.2"]["dead"]
    assert (step.status, step.last.attempts[0].status, step.checkpoint) == ("died", "crashed", None)


def test_a_run_tells_of_itself(told: NotebookHistory) -> None:
    run = told["interactive.2"]
    assert (run.state, run.kernels, run.owner, run.holder, dict(run.parameters)) == ("open", 1, None, "", {})
    assert run.started is not None
    assert run.updated is not None
    assert run.started <= run.updated


# ---- what is not there


def test_what_is_not_there_is_a_key_error_that_names_what_is(told: NotebookHistory) -> None:
    run = told["interactive.2"]
    for look, words in (
        (lambda: told["interactiv.2"], "did you mean 'interactive.2'? It has interactive.1, interactive.2"),
        (lambda: told["day=1"], "etl.ipynb has no run 'day=1'; it has interactive.1, interactive.2"),
        (lambda: run["lod"], "run interactive.2 has no step 'lod': did you mean 'load'? It has load, train, dead"),
        (lambda: run["load"].load("model"), "has no variable 'model'; it has df, same. Step train made it"),
        (lambda: run["dead"].load("df"), "it is not finished (died)"),
        (lambda: run["train"].inputs["dg"], "no input 'dg'"),
        (lambda: told["interactive.1"]["load"], "run interactive.1 has no step 'load'; it has none"),
    ):
        with pytest.raises(NotInHistory) as caught:
            look()
        assert words in str(caught.value)
        assert isinstance(caught.value, KeyError)
        assert isinstance(caught.value, DurnbError)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("client", "client.session._sock: an open socket"),
        ("bar", "bar: a progress bar"),
        ("big", "by --save or --ignore"),
        ("old", "the step deleted it"),
    ],
)
def test_a_variable_that_was_not_kept_says_why(told: NotebookHistory, name: str, why: str) -> None:
    checkpoint = told["interactive.2"]["load"].checkpoint
    assert checkpoint is not None
    with pytest.raises(NotKept) as caught:
        checkpoint[name]
    assert str(caught.value) == f"checkpoint 6 of step load does not hold {name!r}: {why}"
    assert checkpoint.variables[name].state != "kept"


def test_what_retention_removed_since_says_so(tmp_path: Path) -> None:
    store = Store.of(tmp_path / "etl.ipynb")
    journal = opened(store, RunName("interactive", 1))
    for value in (1, 2):
        start(journal, "load")
        finish(journal, "load", f"df = bytes([{value}]) * 100_000", ["df"])
    journal.append(RunFinished(status="finished"))
    journal.close(None)
    run = durnb.history(store.notebook)["interactive.1"]
    first, second = run["load"].checkpoints
    assert first["df"] != second["df"]
    collect(store, Limits(checkpoints=1, runs=1), clock=CLOCK, patience=NO_WAIT)
    with pytest.raises(NotInHistory, match=r"has no checkpoint '4'.*It was removed to save room"):
        first.load("df")
    assert second["df"] == b"\x02" * 100_000
    later = opened(store, RunName("interactive", 2))
    later.append(RunFinished(status="finished"))
    later.close(None)
    collect(store, Limits(checkpoints=1, runs=1), clock=CLOCK, patience=NO_WAIT)
    with pytest.raises(UsageError, match=r"has no run interactive\.1"):
        second.load("df")


def test_without_a_kernel_the_notebook_has_to_be_named_and_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="path/to/notebook"):
        durnb.history()
    with pytest.raises(UsageError, match=r"there is no notebook .*nowhere\.ipynb"):
        durnb.history(tmp_path / "nowhere.ipynb")


def test_a_notebook_that_never_ran_has_an_empty_history(tmp_path: Path) -> None:
    (tmp_path / "new.ipynb").write_text("{}")
    found = durnb.history(tmp_path / "new.ipynb")
    assert list(found) == []
    assert "no durable cell has run yet" in repr(found)
    with pytest.raises(NotInHistory):
        _ = found.last
    assert not (tmp_path / ".durnb").exists()


# ---- loading


def test_a_loaded_function_sees_the_namespace_that_is_given_and_an_empty_one_by_default(told: NotebookHistory) -> None:
    with pytest.raises(NameError):
        told["interactive"]["train"].load("double")(4)
    mine: dict[str, object] = {"__name__": "__main__", "k": 10}
    double = durnb.history(told.store.notebook, namespace=mine)["interactive"]["train"].load("double")
    assert double(4) == 80
    assert set(mine) <= {"__name__", "k", "__builtins__"}


def test_a_loaded_object_has_the_class_that_it_had(told: NotebookHistory) -> None:
    assert told["interactive"]["train"].load("model").kind == "live"


def test_what_another_key_signed_is_shown_by_name_and_never_loaded(told: NotebookHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DURNB_SECRET", "somebody else's")
    step = told["interactive.2"]["load"]
    checkpoint = step.checkpoint
    assert checkpoint is not None
    assert (checkpoint.names, checkpoint.trusted) == (("df", "same"), False)
    for look in (lambda: step.load("df"), lambda: step.outputs, lambda: checkpoint.value, lambda: step.load_all()):
        with pytest.raises(CheckpointUntrusted):
            look()


def test_two_threads_read_one_run(told: NotebookHistory) -> None:
    found: list[Any] = []

    def read() -> None:
        for _ in range(5):
            found.append(durnb.history(told.store.notebook)["interactive.2"]["load"].load("df"))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[1, 2]] * 15


# ---- how it looks


def test_everything_shows_itself_as_text_and_as_a_table_without_foreign_html(told: NotebookHistory) -> None:
    run = told["interactive.2"]
    step = run["train"]
    views = [told, run, *run.values(), *step.executions, *step.checkpoints, step.inputs, Rows(["a", EVIL], [(EVIL, None)])]
    for view in views:
        assert repr(view)
        assert view._repr_html_().startswith("<table>")
        assert EVIL not in view._repr_html_()
    assert repr(Rows(["n"], [(n,) for n in range(1000)])).splitlines()[-2:] == ["99", "and 900 more"]
    assert "2 of 3 steps" in repr(told)
    assert "ValueError: no …" in repr(step)
    assert "client.session._sock" in repr(run["load"].checkpoint)


def test_a_history_that_is_stored_is_the_history_of_the_notebook_when_it_comes_back(told: NotebookHistory) -> None:
    back = pickle.loads(pickle.dumps(told["interactive.2"]["load"]))
    assert back.load("df") == [1, 2]
    assert pickle.dumps(told) == pickle.dumps(durnb.history(told.store.notebook))


# ---- SQL


def test_sql_gives_tuples_and_a_frame_where_pandas_is_loaded(told: NotebookHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    question = "select run, step, status from steps order by step"
    answer = [("interactive.2", "dead", "running"), ("interactive.2", "load", "succeeded"), ("interactive.2", "train", "succeeded")]
    with monkeypatch.context() as without:
        without.delitem(sys.modules, "pandas", raising=False)
        rows = told.sql(question)
    assert (rows, rows.columns) == (answer, ("run", "step", "status"))
    assert repr(rows).splitlines()[1].split() == ["run", "step", "status"]
    pandas = pytest.importorskip("pandas")
    frame = told.sql(question)
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.itertuples(index=False, name=None)) == answer


# ---- somebody else has the run


def test_a_run_of_another_process_is_seen_by_its_status_and_read_when_it_is_free(tmp_path: Path) -> None:
    store = Store.of(tmp_path / "etl.ipynb")
    holder = process(store, HOLD)
    try:
        _, pid = heard(holder).split()
        found = durnb.history(store.notebook)
        run = found["interactive.1"]
        assert (run.owner, run.holder, run.is_elsewhere) == (int(pid), f"process {pid}", True)
        assert {name: step.status for name, step in run.items()} == {"load": "finished", "train": "running"}
        for view in (found, run, run["load"]):
            assert f"process {pid}" in repr(view)
        for look in (lambda: run["load"].load("df"), lambda: run["load"].checkpoints, lambda: run.parameters):
            with pytest.raises(RunHeld) as caught:
                look()
            assert pid in str(caught.value)
        with pytest.raises(NotInHistory, match="did you mean 'load'"):
            run["lod"]
        with pytest.warns(RunsLeftOut, match=f"interactive.1 is left out.*process {pid}"):
            assert len(found.sql("select * from steps")) == 0
    finally:
        holder.kill()
        ended(holder)
    assert (run["load"].load("df"), run["train"].status) == ([1], "died")
    assert run.holder == ""


def test_a_store_elsewhere_is_found_by_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "disk"
    with opened(Store.of(tmp_path / "etl.ipynb", root), RunName("interactive", 2)) as journal:
        tell_etl(journal)
    (tmp_path / "etl.ipynb").write_text("{}")
    assert len(durnb.history(tmp_path / "etl.ipynb")) == 0
    monkeypatch.setenv("DURNB_STORE", str(root))
    assert durnb.history(tmp_path / "etl.ipynb").last["load"].load("df") == [1, 2]
