"""The %durable line commands."""

from __future__ import annotations

import json
import time

import pytest

from kernel.conftest import Notebook

LOAD = "%%durable load\nran('load')\ndata = [1, 2]"
USE = "%%durable use\nran('use')\ntotal = sum(data)\nprint('total', total)"


def test_status_lists_the_steps(nb: Notebook) -> None:
    nb.ok(LOAD)
    nb.run("%%durable broken\nraise ValueError('why')")
    table = nb.ok("%durable status")
    assert all(word in table.text + str(table.outputs) for word in ("load", "broken", "finished", "failed"))
    steps = nb.status()
    assert {name: step["status"] for name, step in steps.items()} == {"load": "finished", "broken": "failed"}
    assert "why" in str(steps["broken"]["reason"])
    assert nb.command("status --json")["run"] == "interactive.1"


def test_durable_alone_is_status(nb: Notebook) -> None:
    nb.ok(LOAD)
    result = nb.ok("%durable")
    assert "load" in result.text + str(result.outputs)


def test_status_before_any_step_says_so_and_is_no_error(nb: Notebook) -> None:
    assert nb.ok("%durable status").ok
    assert nb.command("status --json")["steps"] == []


def test_plan_says_what_run_all_would_do_and_does_nothing(nb: Notebook) -> None:
    nb.ok(LOAD, USE)
    nb.place.write([("a", LOAD), ("b", USE.replace("sum", "max")), ("c", "%%durable third\npass")])
    steps = {step["step"]: step for step in nb.command("plan --json")["steps"]}
    assert {name: step["action"] for name, step in steps.items()} == {"load": "reuse", "use": "run", "third": "run"}
    assert "edited" in steps["use"]["reason"]
    shown = nb.ok("%durable plan")
    assert "third" in shown.text + str(shown.outputs)
    assert nb.executions == {"load": 1, "use": 1}


def test_plan_without_a_saved_notebook_says_so(nb: Notebook) -> None:
    assert "save" in nb.refused("%durable plan").evalue


def test_show_tells_all_about_a_step(nb: Notebook) -> None:
    nb.ok(LOAD)
    shown = nb.ok("%durable show load")
    text = shown.text + str(shown.outputs)
    assert "data" in text
    assert "ran('load')" in text


def test_rerun_runs_the_step_again_and_those_that_read_it(nb: Notebook) -> None:
    nb.ok(LOAD, USE, "%durable rerun load")
    assert nb.executions == {"load": 1, "use": 1}
    nb.ok(LOAD, USE)
    assert nb.executions == {"load": 2, "use": 1}


def test_rerun_outlives_the_kernel(nb: Notebook) -> None:
    nb.ok(LOAD, "%durable rerun load")
    nb.open().ok(LOAD)
    assert nb.executions == {"load": 2}


def test_rename_keeps_the_history(nb: Notebook) -> None:
    nb.ok(LOAD, "%durable rename load read", LOAD.replace("durable load", "durable read"))
    assert nb.executions == {"load": 1}
    nb.open().ok(LOAD.replace("durable load", "durable read"))
    assert nb.executions == {"load": 1}


def test_a_step_renamed_in_the_notebook_is_recognised(nb: Notebook) -> None:
    nb.place.write([("a", LOAD)])
    nb.ok(LOAD)
    renamed = LOAD.replace("durable load", "durable read")
    nb.place.write([("a", renamed)])
    assert "renamed from load" in nb.open().ok(renamed).badge
    assert nb.executions == {"load": 1}


def test_a_cell_whose_header_alone_was_renamed_is_the_same_step_in_the_kernel_that_ran_it(nb: Notebook) -> None:
    add = "%%durable add\nran('add')\ndata = data + [3]"
    nb.place.write([("a", LOAD), ("b", add)])
    nb.ok_with_id(LOAD, "a")
    nb.ok_with_id(add, "b")
    more = add.replace("durable add", "durable more")
    assert "renamed from add" in nb.ok_with_id(more, "b").badge  # the file has the old name still
    nb.place.write([("a", LOAD), ("b", more)])
    assert {step["step"]: step["action"] for step in nb.command("plan --json")["steps"]} == {"load": "reuse", "more": "reuse"}
    assert nb.ok_with_id(add, "copy").badge.startswith("add · ran")
    assert nb.executions == {"load": 1, "add": 2}


def test_restore_brings_the_variables_back_without_running_or_showing(nb: Notebook) -> None:
    nb.place.write([("p", "import math\nk = 1"), ("a", LOAD), ("b", USE)])
    nb.ok(LOAD, USE)
    result = nb.open().ok("%durable restore")
    assert nb.evaluate("[data, total]") == [[1, 2], 3]
    assert nb.executions == {"load": 1, "use": 1}
    assert "total 3" not in result.text
    assert "import math" in result.text


def test_restore_up_to_a_step(nb: Notebook) -> None:
    nb.ok(LOAD, USE)
    nb.open().ok("%durable restore load")
    assert nb.names("data", "total") == {"data": "[1, 2]"}


def test_new_begins_the_next_run_and_does_nothing_without_a_finished_step(nb: Notebook) -> None:
    assert "interactive.1" in nb.ok(LOAD, "%durable run interactive").text
    assert "interactive.2" in nb.ok("%durable new").text
    assert "interactive.2" in nb.ok("%durable new").text
    nb.ok(LOAD)
    assert nb.executions == {"load": 2}
    nb.open().ok(LOAD)
    assert nb.executions == {"load": 2}


def test_run_attaches_to_the_run_of_a_key_and_is_safe_in_a_cell(nb: Notebook) -> None:
    day = "%durable run day=2026-11-20"
    nb.ok(LOAD, day, LOAD, day)
    assert nb.command("status --json")["run"] == "day=2026-11-20.1"
    nb.open().ok(day, LOAD)
    assert nb.executions == {"load": 2}
    nb.ok("%durable run interactive", LOAD)
    assert nb.executions == {"load": 2}


def test_the_name_of_a_run_is_not_taken_for_a_key(nb: Notebook) -> None:
    nb.ok(LOAD)
    assert "%durable run interactive goes on" in nb.refused("%durable run interactive.1").evalue
    assert nb.ok(LOAD).replayed
    assert nb.command("status --json")["run"] == "interactive.1"


def test_a_run_whose_steps_are_all_finished_is_finished_when_the_next_is_begun(nb: Notebook) -> None:
    nb.place.write([("a", LOAD), ("b", USE)])
    nb.ok(LOAD, "%durable new", LOAD, USE, "%durable new")
    states = nb.evaluate("[run.state for run in __import__('durnb').history().values()]")
    assert sorted(states) == ["abandoned", "finished", "open"]


def test_finish_closes_the_run_and_the_next_step_begins_another(nb: Notebook) -> None:
    nb.ok(LOAD)
    assert "interactive.1" in nb.ok("%durable finish").text
    nb.ok(LOAD)
    assert nb.command("status --json")["run"] == "interactive.2"
    nb.open().ok(LOAD)
    assert nb.executions == {"load": 2}


def test_off_runs_marked_cells_as_plain_ones_and_on_ends_it(nb: Notebook) -> None:
    nb.ok("%durable off")
    result = nb.ok(LOAD, LOAD)
    assert "not durable" in result.badge
    nb.ok("%durable on", LOAD, LOAD)
    assert nb.executions == {"load": 3}


def test_the_environment_can_turn_durability_off(nb: Notebook) -> None:
    nb.open(DURNB_DISABLE="1").ok(LOAD, LOAD)
    assert nb.executions == {"load": 2}
    assert not (nb.place.folder / ".durnb").exists()


def test_help_lists_every_command(nb: Notebook) -> None:
    text = nb.ok("%durable help").text
    for name in (
        "status plan show run new finish rerun rename restore save resolve adopt notebook takeover trust du gc off on all check help".split()  # noqa: SIM905  # reads best
    ):
        assert f"%durable {name}" in text


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("statsu", "status"),
        ("nonsense", "help"),
        ("show", "STEP"),
        ("show nothing", "nothing"),
        ("rerun nothing", "nothing"),
        ("rename one", "OLD NEW"),
        ("rename nothing other", "nothing"),
        ("resolve load maybe", "retry"),
        ("resolve nothing retry", "nothing"),
        ("status --jsno", "--jsno"),
        ("run", "KEY"),
        ("new now", "now"),
        ("save nothing", "nothing"),
        ("adopt nowhere.ipynb", "nowhere"),
        ("restore a b", "STEP"),
        ("show 'a", "quote"),
        ("notebook a b", "PATH"),
    ],
)
def test_a_command_that_is_wrong_says_so_in_one_line_and_stops_run_all(nb: Notebook, line: str, says: str) -> None:
    nb.ok(LOAD)
    assert says in nb.refused(f"%durable {line}").evalue


def test_commands_leave_the_namespace_alone(nb: Notebook) -> None:
    nb.ok(LOAD)
    before = nb.evaluate("sorted(n for n in globals() if not n.startswith('_'))")
    nb.ok("%durable status", "%durable show load", "%durable help", "%durable restore")
    assert nb.evaluate("sorted(n for n in globals() if not n.startswith('_'))") == before


def test_the_first_durable_cell_says_what_is_restored_and_what_comes_next(nb: Notebook) -> None:
    nb.place.write([("a", LOAD), ("b", USE), ("c", "%%durable third\npass")])
    nb.ok(LOAD, USE)
    result = nb.open().ok(LOAD)
    assert "2 of 3 steps" in result.announcement
    assert "third" in result.announcement
    assert nb.ok(USE).announcement == ""


def test_the_status_file_beside_the_journal_says_what_the_command_says(nb: Notebook) -> None:
    nb.ok(LOAD)
    (file,) = (nb.place.folder / ".durnb").rglob("*.status.json")
    end = time.monotonic() + 60
    facts = json.loads(file.read_text())
    while facts["steps"] in ([], ["load"]) or [step["step"] for step in facts["steps"]] != ["load"]:
        assert time.monotonic() < end, facts  # the file is written a moment after the step
        facts = json.loads(file.read_text())
    assert facts["pid"] == nb.pid
    assert file.stat().st_mode & 0o777 == 0o600
