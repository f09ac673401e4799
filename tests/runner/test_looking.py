"""``durnb status``, ``show`` and ``plan``: while a kernel owns the run, and when none does."""

from __future__ import annotations

import json
from typing import Any

import pytest

LOAD = "%%durable load\ndata = [1, 2, 3]"
SEND = "%%durable send\nraise ValueError('no')"
# A plain cell that looks at its own notebook from outside: the kernel that runs it owns the run meanwhile.
LOOK = "import subprocess, sys\nprint(subprocess.run([sys.executable, '-m', 'durnb.cli', {}], capture_output=True, text=True).stdout)"


@pytest.fixture
def failed(desk: Any) -> Any:
    """A notebook whose second step failed; nobody owns its run."""
    desk.notebook(LOAD, SEND, "%%durable last\nx = len(data)")
    assert desk.durnb("run", "etl.ipynb").returncode == 1
    return desk


def _json(desk: Any, *arguments: str) -> Any:
    done = desk.durnb(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_status_lists_the_steps_of_a_run_that_nobody_owns(failed: Any) -> None:
    facts = _json(failed, "status", "etl.ipynb")
    assert (facts["run"], facts["state"], facts["owner"]) == ("default.1", "open", None)
    assert [(step["step"], step["status"], step["reason"]) for step in facts["steps"]] == [
        ("load", "finished", ""),
        ("send", "failed", "ValueError: no"),
    ]


def test_status_is_a_table_for_people(failed: Any) -> None:
    done = failed.durnb("status", "etl.ipynb")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "run default.1 of etl.ipynb: open; 1 of 2 steps finished"
    assert "ValueError: no" in done.stdout


def test_show_tells_a_steps_whole_story(failed: Any) -> None:
    story = _json(failed, "show", "etl.ipynb", "send")
    attempt = story["executions"][0]["attempts"][0]
    assert (attempt["status"], attempt["error"]["type"]) == ("exception", "ValueError")
    assert "it has not run yet" in story["executions"][0]["reason"]
    told = failed.durnb("show", "etl.ipynb", "load").stdout
    assert "step load of run default.1: finished" in told
    assert "it holds data" in told


def test_sql_asks_all_runs_as_a_table_and_as_json(failed: Any) -> None:
    question = "select run, step, status, ended > started as took, null as nothing from attempts order by step"
    assert _json(failed, "sql", "etl.ipynb", question) == [
        {"run": "default.1", "step": "load", "status": "succeeded", "took": True, "nothing": None},
        {"run": "default.1", "step": "send", "status": "exception", "took": True, "nothing": None},
    ]
    runs = "select run, state, kernels, steps, finished, started <= updated as in_order, owner from runs"
    assert _json(failed, "sql", "etl.ipynb", runs) == [
        {"run": "default.1", "state": "open", "kernels": 1, "steps": 2, "finished": 1, "in_order": True, "owner": None}
    ]
    table = failed.durnb("sql", "etl.ipynb", question).stdout.splitlines()
    assert table[1].split() == ["run", "step", "status", "took", "nothing"]
    wrong = failed.durnb("sql", "etl.ipynb", "select * from nothing")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "the tables are attempts, calls, checkpoints, events, runs, signals, steps, storage, timers" in wrong.stderr


def test_plan_says_what_run_all_would_do_and_why(failed: Any) -> None:
    steps = _json(failed, "plan", "etl.ipynb")["steps"]
    assert [(step["step"], step["action"]) for step in steps] == [("load", "reuse"), ("send", "run"), ("last", "run")]
    assert "failed" in steps[1]["reason"]
    assert steps[2]["reason"] == "it has not run yet"


def test_the_first_line_of_a_plan_says_which_run_comes_next(failed: Any) -> None:
    def first() -> str:
        return str(failed.durnb("plan", "etl.ipynb").stdout.splitlines()[0])

    assert first() == "run default.1, if all cells were run in it now:"
    assert _json(failed, "plan", "etl.ipynb")["turns_to"] is None
    failed.notebook(LOAD)
    assert failed.durnb("run", "etl.ipynb").returncode == 0
    comes = "the next durnb run begins default.2 and runs every step"
    assert first() == f"run default.1 is finished: {comes}. If all cells were run in default.1 now:"
    facts = _json(failed, "plan", "etl.ipynb")
    assert (facts["turns_to"], [step["action"] for step in facts["steps"]]) == ("default.2", ["reuse"])


def test_plan_of_a_notebook_that_never_ran_says_that_all_runs(desk: Any) -> None:
    desk.notebook(LOAD)
    facts = _json(desk, "plan", "etl.ipynb")
    assert (facts["run"], [step["action"] for step in facts["steps"]]) == (None, ["run"])
    assert not (desk.folder / ".durnb").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("status", "etl.ipynb"), "has no runs yet"),
        (("show", "etl.ipynb", "load"), "has no runs yet"),
        (("plan", "nowhere.ipynb"), "can't be read"),
    ],
)
def test_what_is_not_there_is_one_line_on_stderr(desk: Any, arguments: tuple[str, ...], words: str) -> None:
    desk.notebook("x = 1")
    done = desk.durnb(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_unknown_run_or_step_names_those_there_are(failed: Any) -> None:
    assert "it has default.1" in failed.durnb("status", "etl.ipynb", "--run", "mine").stderr
    assert "it has load, send" in failed.durnb("show", "etl.ipynb", "fly").stderr


def test_a_run_is_seen_while_its_kernel_owns_it(desk: Any) -> None:
    status, plan = (LOOK.format(f"'{command}', 'etl.ipynb', '--json'") for command in ("status", "plan"))
    show = LOOK.format("'show', 'etl.ipynb', 'load', '--json'")
    desk.notebook("import os\nprint(os.getpid())", LOAD, status, plan, show, "%%durable last\nx = 1")
    done = desk.durnb("run", "etl.ipynb")
    assert done.returncode == 0, done.stderr
    facts = json.loads(desk.text(2))
    assert (facts["state"], facts["owner"]) == ("open", int(desk.text(0)))
    assert [(step["step"], step["status"]) for step in facts["steps"]] == [("load", "finished")]
    assert [(step["step"], step["action"]) for step in json.loads(desk.text(3))["steps"]] == [("load", "reuse"), ("last", "run")]
    assert json.loads(desk.text(4))["status"] == "finished"


def test_the_step_that_runs_is_seen_as_running(desk: Any) -> None:
    desk.notebook("%%durable look\n" + LOOK.format("'status', 'etl.ipynb', '--json'"))
    assert desk.durnb("run", "etl.ipynb").returncode == 0
    assert [(step["step"], step["status"]) for step in json.loads(desk.text(0))["steps"]] == [("look", "running")]
