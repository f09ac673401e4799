"""What Run All would do: notebooks and pasts to actions."""

from __future__ import annotations

from pathlib import Path

import pytest

from durnb.engine.announce import announcement
from durnb.engine.cells import NotebookCell
from durnb.engine.creations import record
from durnb.engine.manifest import TAKEN_AS_DONE, LostName, Manifest, StoredName
from durnb.engine.plan import Plan, PlannedStep, plan
from durnb.engine.unmarked import Blanket, covered
from durnb.errors import StepAsks
from durnb.events import CallResolved, CallStarted
from durnb.fingerprint import read_cell
from durnb.journal.retention import superfluous
from unit.engine.plan_story import LOAD, PAY, TRAIN, actions, began, both_ran, code_of, in_cells, notebook, only, ran
from unit.engine.run_story import Story, made, reads


def test_without_a_run_every_step_runs() -> None:
    assert actions(None, LOAD, TRAIN) == {"load": "run", "train": "run"}
    assert actions(Story(), LOAD, TRAIN) == {"load": "run", "train": "run"}


def test_a_notebook_without_durable_cells_has_an_empty_plan() -> None:
    empty = plan(None, notebook("import os", "x = 1"))
    assert empty == Plan(steps=())
    assert empty.next is None


def test_plain_cells_markdown_and_headers_that_cannot_be_read_are_no_steps() -> None:
    cells = [NotebookCell(source=LOAD, type="markdown"), *notebook("x = 1", "%%durable --bogus\nx = 1", "%%durable load\n")]
    assert plan(None, cells).steps == ()


def test_finished_steps_are_reused_and_say_what_that_saves() -> None:
    story = Story()
    ran(story, LOAD, ran=60.0)
    assert only(story, LOAD) == PlannedStep(step="load", action="reuse", reason="finished", ran=60.0)


def test_the_steps_are_in_the_order_of_the_notebook() -> None:
    assert list(actions(both_ran(), TRAIN, LOAD)) == ["train", "load"]


@pytest.mark.parametrize(
    "same",
    [
        "# durable: load\ndf = 1",
        "%%durable load --retries 3\ndf = 1",
        "%%durable load\n\n# why\ndf  =  1  # so",
        "%%durable load\ndf = (1)",
    ],
)
def test_headers_comments_blanks_and_spelling_are_no_edit(same: str) -> None:
    assert actions(both_ran(), same, TRAIN) == {"load": "reuse", "train": "reuse"}


@pytest.mark.parametrize("body", ["%time df = 1", "!ls\ndf = 1", "files = !ls", "%%time\ndf = 1"])
@pytest.mark.parametrize("mark", ["%%durable load", "# durable: load"])
def test_a_cell_that_is_not_plain_python_is_reused_where_its_text_is_the_same(mark: str, body: str) -> None:
    story = Story()
    story.runs("load", "digest of what IPython makes of it", source=body)
    assert only(story, f"{mark}\n{body}").action == "reuse"
    assert only(story, f"{mark}\n{body}  + 1").action == "run"


def test_a_magic_cell_is_no_edit_because_its_header_changed() -> None:
    story = Story()
    story.runs("load", "digest of what IPython makes of it", source="%time df = 1")
    assert only(story, "%%durable load --retries 2\n%time df = 1").action == "reuse"


def test_a_cell_that_awaits_is_python() -> None:
    story = Story()
    ran(story, "%%durable load\ndf = await fetch()")
    assert only(story, "%%durable load\ndf = await  fetch()  # slow").action == "reuse"


def test_an_edited_step_runs_and_what_reads_from_it_perhaps() -> None:
    story = both_ran()
    planned = plan(story.history, notebook("%%durable load\ndf = 2", TRAIN))
    assert [(s.step, s.action) for s in planned.steps] == [("load", "run"), ("train", "maybe")]
    assert planned.steps[0].reason == "its code was edited"
    assert "'load'" in planned.steps[1].reason
    assert "`df`" in planned.steps[1].reason
    assert planned.next == planned.steps[0]


def test_perhaps_is_passed_on() -> None:
    story = both_ran()
    last = "%%durable report\nprint(model)"
    ran(story, last, [made("model", "train")])
    assert actions(story, "%%durable load\ndf = 2", TRAIN, last) == {"load": "run", "train": "maybe", "report": "maybe"}


def test_a_step_that_reads_nothing_of_an_edited_one_is_reused() -> None:
    story = both_ran()
    other = "%%durable other\nz = 1"
    ran(story, other)
    assert actions(story, "%%durable load\ndf = 2", other)["other"] == "reuse"


def test_a_step_above_the_edited_one_is_reused() -> None:
    story = both_ran()
    ran(story, "%%durable first\nz = 1")
    assert actions(story, "%%durable first\nz = 1", "%%durable load\ndf = 2") == {"first": "reuse", "load": "run"}


@pytest.mark.parametrize("cells", [[TRAIN, LOAD], [TRAIN]])
def test_nothing_definite_is_said_of_a_step_whose_maker_does_not_stand_above_it(cells: list[str]) -> None:
    planned = plan(both_ran().history, notebook(*cells)).steps[0]
    assert (planned.action, planned.reason) == ("maybe", "it depends on `df`, which no cell above it makes now")


def test_an_edit_that_was_undone_is_reused() -> None:
    story = Story()
    ran(story, LOAD)
    ran(story, "%%durable load\ndf = 2")
    assert only(story, LOAD).action == "reuse"


def test_an_edit_that_was_undone_runs_where_retention_dropped_its_result_and_says_so() -> None:
    story = Story()
    ran(story, LOAD)
    ran(story, "%%durable load\ndf = 2")
    (dropped,) = superfluous(story.history, 1)
    story.tell(dropped)
    planned = only(story, LOAD)
    assert planned.action == "run"
    assert "removed to save room" in planned.reason
    assert "removed" not in only(story, "%%durable load\ndf = 3").reason


def test_a_step_whose_maker_has_given_something_else_since_is_not_simply_reused() -> None:
    story = both_ran(df="1")
    ran(story, "%%durable load\ndf = 2", df="2")  # run alone, by hand
    assert actions(story, "%%durable load\ndf = 2", TRAIN) in ({"load": "reuse", "train": "run"}, {"load": "reuse", "train": "maybe"})


def test_a_step_whose_maker_goes_back_to_an_earlier_checkpoint_is_not_simply_reused() -> None:
    story = Story()
    ran(story, LOAD, df="1")
    ran(story, "%%durable load\ndf = 2", df="2")
    ran(story, TRAIN, [made("df", "load", "2")])
    assert actions(story, LOAD, TRAIN)["train"] != "reuse"


def test_a_step_whose_maker_gave_the_same_again_is_reused() -> None:
    story = both_ran(df="1")
    ran(story, "%%durable load\ndf = 2 - 1", df="1")
    assert actions(story, "%%durable load\ndf = 2 - 1", TRAIN) == {"load": "reuse", "train": "reuse"}


def test_a_maker_is_known_by_its_new_name() -> None:
    story = both_ran()
    story.renames("load", "fetch")
    assert actions(story, "%%durable fetch\ndf = 2", TRAIN) == {"fetch": "run", "train": "maybe"}


@pytest.mark.parametrize(
    ("option", "action"), [("", "run"), (" --on-change rerun", "run"), (" --on-change keep", "reuse"), (" --on-change ask", "ask")]
)
def test_an_edit_does_what_on_change_says(option: str, action: str) -> None:
    step = only(both_ran(), f"%%durable load{option}\ndf = 2")
    assert (step.action, "edited" in step.reason) == (action, True)


def test_always_runs() -> None:
    assert only(both_ran(), "%%durable load --always\ndf = 1").action == "run"


@pytest.mark.parametrize(
    ("end", "word"), [("crash", "died with the kernel"), ("exception", "failed"), ("timeout", "timed out"), ("interrupt", "interrupted")]
)
def test_an_unfinished_step_runs_and_says_how_it_ended(end: str, word: str) -> None:
    story = Story()
    began(story, LOAD)
    story.dies() if end == "crash" else story.fails("load", how=end)  # type: ignore[arg-type]
    step = only(story, LOAD)
    assert (step.action, "attempt 1" in step.reason, word in step.reason) == ("run", True, True)


def test_a_once_step_that_did_not_finish_asks_and_shows_the_answers() -> None:
    story = Story()
    began(story, PAY)
    story.dies()
    step = only(story, PAY)
    assert step.action == "ask"
    assert "%durable resolve pay done" in step.reason


@pytest.mark.parametrize("asked", ["rerun", "retry"])
def test_a_once_step_that_was_run_again_and_did_not_finish_asks(asked: str) -> None:
    story = Story()
    ran(story, PAY)
    story.asks_rerun("pay") if asked == "rerun" else story.resolves("pay", "retry")
    began(story, PAY)
    story.dies()
    assert only(story, PAY).action == "ask"


@pytest.mark.parametrize("source", [PAY, "%%durable pay --once\npay(2)", "%%durable pay --once --always\npay()"])
def test_a_once_step_that_finished_is_reused(source: str) -> None:
    story = Story()
    ran(story, PAY)
    assert only(story, source).action == "reuse"


def test_an_aborted_step_is_refused() -> None:
    story = both_ran()
    story.resolves("load", "abort")
    assert only(story, LOAD).action == "refuse"


@pytest.mark.parametrize("asked", ["rerun", "retry"])
def test_a_step_that_was_asked_to_run_again_runs(asked: str) -> None:
    story = both_ran()
    story.asks_rerun("load") if asked == "rerun" else story.resolves("load", "retry")
    step = only(story, LOAD)
    assert (step.action, "asked" in step.reason) == ("run", True)


def test_a_step_that_a_person_keeps_is_reused_though_edited() -> None:
    story = both_ran()
    story.resolves("load", "keep")
    assert only(story, "%%durable load\ndf = 2").action == "reuse"


@pytest.mark.parametrize("source", [PAY, LOAD])
def test_a_step_that_a_person_took_as_done_does_not_run(source: str) -> None:
    story = Story()
    began(story, source)
    story.dies()
    story.resolves(source.split()[1], "done")
    assert only(story, source).action == "reuse"


def test_the_next_step_is_the_first_that_is_not_simply_reused() -> None:
    story = both_ran()
    assert plan(story.history, notebook(LOAD, TRAIN)).next is None
    following = plan(story.history, notebook(LOAD, TRAIN, "%%durable report\nprint(model)")).next
    assert following == PlannedStep(step="report", action="run", reason="it has not run yet")


def test_cells_that_all_makes_steps_are_planned_with_a_label() -> None:
    story = Story()
    story.runs("cell-c1", read_cell("df = load()").digest, source="df = load()")
    cells = covered(notebook("%durable all", "df = load()", "df.head()"))
    first, second = plan(story.history, cells).steps
    assert (first.action, first.label, str(first)) == ("reuse", "df = load()", "cell-c1 (df = load())")
    assert (second.action, second.step) == ("run", "cell-c2")


def unmarked(source: str, ran: float = 1.0, *, moves: bool = False, reason: str = "a connection", kind: str = "int", **names: str) -> Plan:
    """The plan for an unmarked cell that lost `conn`, and for one that reads that."""
    story = Story()
    stored = {name: StoredName(digest=digest, type=kind) for name, digest in names.items()}
    lost = {"conn": LostName(path="conn", reason=reason, moves=moves)}
    story.starts("cell-c0", read_cell(source).digest, source=source)
    story.succeeds("cell-c0", ran=ran, holds=Manifest(step="cell-c0", names=stored, lost=lost).encode())
    return plan(story.history, covered(notebook(source, "use(conn)"), Blanket()))


def test_a_cell_that_only_makes_what_cannot_be_stored_is_planned_to_be_run_and_what_reads_it_is_not() -> None:
    first, second = unmarked("conn = connect()").steps
    assert (first.action, first.reason) == ("run", "`conn` can't be stored, and is made again")
    assert (second.action, second.reason) == ("run", "it has not run yet")


@pytest.mark.parametrize("kind", ["sqlite3.Connection", "_duckdb.DuckDBPyConnection", "sqlalchemy.engine.base.Engine"])
def test_what_is_opened_again_beside_it_is_no_hindrance(kind: str) -> None:
    source = "db = open_it()\nconn = connect()"
    assert unmarked(source, kind=kind, db="1").steps[0].action == "run"
    assert unmarked(source, kind="pandas.DataFrame", db="1").steps[0].action == "reuse"


@pytest.mark.parametrize(
    "planned",
    [
        unmarked("conn = connect()\nconn.login()"),
        unmarked("conn = connect()\nrows = conn.read()", rows="1"),
        unmarked("conn = connect()", ran=60.0),
        unmarked("conn = connect()", moves=True),
        unmarked("conn = connect()", reason=TAKEN_AS_DONE),
    ],
    ids=["more than making", "something else", "too long", "what moves", "what was said to be done"],
)
def test_others_are_reused_all_the_same(planned: Plan) -> None:
    assert planned.steps[0].action == "reuse"


def test_files_are_looked_for_where_the_folder_is_told(tmp_path: Path) -> None:
    source = "%%durable clean --creates a.csv\nmake()"
    (tmp_path / "a.csv").write_text("text")
    story = Story()
    story.starts("clean", code_of(source), source=source)
    story.succeeds("clean", holds=Manifest(step="clean", creates=record(["a.csv"], str(tmp_path))).encode())
    assert plan(story.history, notebook(source), folder=tmp_path).steps[0].action == "reuse"
    (tmp_path / "a.csv").unlink()
    assert plan(story.history, notebook(source)).steps[0].action == "reuse"
    (step,) = plan(story.history, notebook(source), folder=tmp_path).steps
    assert (step.action, step.reason) == ("run", "its file a.csv is gone")


def test_a_module_of_the_project_is_looked_at_in_its_folder(tmp_path: Path) -> None:
    story, helpers = Story(), tmp_path / "helpers.py"
    use = "%%durable use\ny = 1"
    helpers.write_text("def f(): return 1")
    ran(story, use, [reads("module:helpers.py", read_cell("def f(): return 1").digest, kind="file")])
    assert in_cells(story, use, folder=tmp_path) == {"use": "reuse: finished"}
    helpers.write_text("def f(): return 22")
    assert in_cells(story, use, folder=tmp_path) == {"use": "run: the file helpers.py changed"}
    helpers.unlink()
    assert in_cells(story, use, folder=tmp_path) == {"use": "run: the file helpers.py is gone"}


def test_a_name_that_another_step_makes_now_is_told_so() -> None:
    story = Story()
    cells = [LOAD, "%%durable clean\ndf = df + 1", "%%durable plot\nprint(df)", "%%durable dummies\ndf = df + 2"]
    ran(story, cells[0], df="1")
    ran(story, cells[1], [made("df", "load")], df="2")
    ran(story, cells[2], [made("df", "clean", "2")])
    ran(story, cells[3], [made("df", "clean", "2")], df="3")
    assert in_cells(story, cells[0], cells[3], cells[2]) == {
        "load": "reuse: finished",
        "dummies": "run: its input `df` changed: it is now made by 'load'",
        "plot": "maybe: runs if 'dummies' gives another `df`",
    }
    assert in_cells(story, cells[0], cells[2])["plot"] == "run: its input `df` changed: it is now made by 'load'"


def test_a_step_in_which_a_call_asks_is_planned_to_ask_until_it_was_answered() -> None:
    story = Story()
    send = "%%durable send\ncall()"
    began(story, send)
    story.tell(CallStarted(step="send", execution=1, call="c", label="mail"))
    story.dies()
    assert only(story, send).reason == "its call mail is to happen once, was started and did not finish"
    story.resumes("send")
    commands = ("%durable resolve send/mail done", "%durable resolve send/mail retry")
    story.fails(
        "send", message=str(StepAsks(step="send", why="its call mail did not finish: did it happen?", commands=commands)), type="StepAsks"
    )
    assert only(story, send) == PlannedStep(
        step="send", action="ask", reason=f"its call mail did not finish: did it happen?; {' or '.join(commands)}"
    )
    story.tell(CallResolved(step="send", call="c", answer="retry", value="", signature=""))
    assert only(story, send).action == "run"


def test_a_step_whose_header_alone_was_renamed_is_planned_under_its_new_name() -> None:
    story = both_ran()
    fit = TRAIN.replace("durable train", "durable fit")
    assert in_cells(story, LOAD, fit) == {"load": "reuse: finished", "fit": "reuse: renamed from train"}
    assert in_cells(story, LOAD, TRAIN, fit)["fit"] == "run: it has not run yet"
    assert in_cells(story, LOAD, fit + " + 1")["fit"] == "run: it has not run yet"


# ---- the announcement


def _planned(*steps: tuple[str, str, float | None]) -> Plan:
    return Plan(steps=tuple(PlannedStep(step=name, action=action, reason="its input df changed", ran=ran) for name, action, ran in steps))  # type: ignore[arg-type]


def test_the_announcement_says_what_is_restored_what_that_saves_and_what_is_next() -> None:
    planned = _planned(("load", "reuse", 7980.0), ("clean", "reuse", None), ("train", "run", None), ("report", "run", None))
    assert announcement(planned, Story().history) == "2 of 4 steps restored, 2 h 13 min saved; next: train, its input df changed"


def test_the_announcement_says_when_nothing_is_left() -> None:
    assert announcement(_planned(("load", "reuse", 2.0)), Story().history) == "1 of 1 steps restored, 2.0 s saved; nothing is left to run"


def test_the_announcement_claims_no_more_than_is_known_of_what_plain_cells_will_define() -> None:
    open_one = PlannedStep(step="use", action="maybe", reason="it depends on `n`, which a plain cell defines", ran=1.0, open=True)
    plan = Plan(steps=(*_planned(("load", "reuse", 2.0)).steps, open_one, *_planned(("train", "run", None)).steps))
    assert announcement(plan, Story().history) == (
        "2 of 3 steps are finished, 3.0 s of work; what plain cells define for them is looked at when their turn comes; "
        "next: train, its input df changed"
    )
    assert "nothing is left" not in announcement(Plan(steps=plan.steps[:2]), Story().history)


def test_nothing_is_announced_where_nothing_is_restored() -> None:
    assert announcement(_planned(("load", "run", None)), Story().history) == ""
    assert announcement(Plan(steps=()), Story().history) == ""


def test_without_a_notebook_file_the_announcement_is_of_the_run() -> None:
    story = Story()
    story.runs("load", ran=90.0)
    assert announcement(Plan(steps=()), story.history) == "1 finished step in run interactive.1, 1 min 30 s of work kept"
    story.runs("train", ran=30.0)
    assert announcement(Plan(steps=()), story.history) == "2 finished steps in run interactive.1, 2 min 0 s of work kept"
