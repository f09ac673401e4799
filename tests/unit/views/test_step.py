"""One step in full: how its source changed, what it read and made, its attempts."""

from __future__ import annotations

from durnb.engine.cells import NotebookCell
from durnb.engine.manifest import Manifest, StoredGroup, StoredName
from durnb.engine.usage import of_checkpoint
from durnb.views import step_page, unreached_page
from durnb.views.preview import preview
from durnb.views.step import outputs_text
from durnb_widgets.step import step_html
from unit.engine.run_story import Story, made, reads


def test_a_step_tells_how_its_source_changed_and_where_its_inputs_came_from() -> None:
    story = Story()
    story.starts("load", source="x = 1")
    story.succeeds("load")
    story.starts("load", source="x = 2", inputs=[made("df", "raw"), reads("rate"), reads("np", kind="package")])
    story.fails("load")
    shown = step_page(story.step("load"))
    assert "-x = 1" in shown.diff
    assert "+x = 2" in shown.diff
    assert [(i.name, i.origin) for i in shown.inputs] == [("df", "step raw"), ("rate", "a plain cell"), ("np", "a package")]
    assert [(a.execution, a.attempt, a.status) for a in shown.attempts] == [(2, 1, "exception"), (1, 1, "succeeded")]
    assert shown.attempts[0].error
    assert shown.source == "x = 2"


def test_variables_are_told_with_their_types_and_previews() -> None:
    story = Story()
    story.starts("load")
    story.succeeds("load", x="1", y="2")
    shown = step_page(story.step("load"), previews={"x": "41"})
    assert [(v.name, v.type, v.preview) for v in shown.variables] == [("x", "int", "41"), ("y", "int", "")]


def test_variables_are_told_with_what_is_stored_for_them() -> None:
    story = Story()
    story.starts("load")
    groups = (StoredGroup(names=("x", "y"), stream="a" * 64), StoredGroup(names=("z",), stream="b" * 64, buffers=("c" * 64,)))
    names = {name: StoredName(digest=name, type="list") for name in "xyz"}
    story.succeeds("load", holds=Manifest(step="load", names=names, groups=groups).encode())
    held = of_checkpoint(story.step("load"), {"a" * 64: 10, "b" * 64: 1, "c" * 64: 2_000_000})
    page = step_page(story.step("load"), holdings=held)
    assert [(v.name, v.size, v.beside) for v in page.variables] == [("x", 10, ("y",)), ("y", 10, ("x",)), ("z", 2_000_001, ())]
    shown = step_html(page, story.now)
    assert "10 B, together with y" in shown
    assert "2.0 MB" in shown


def test_a_step_that_was_never_started_shows_its_cell() -> None:
    shown = unreached_page("mail", [NotebookCell(source="x = 1"), NotebookCell(source="%%durable mail --once\nsend()")])
    assert shown is not None
    assert (shown.header, shown.source, shown.attempts) == ("mail --once", "send()", ())
    assert unreached_page("other", []) is None


def test_outputs_are_text_alone() -> None:
    outputs = [
        {"output_type": "stream", "text": ["a\n", "b\n"]},
        {"output_type": "display_data", "data": {"text/html": "<script>1</script>", "text/plain": "a table"}},
        {"output_type": "display_data", "data": {"image/png": "…"}},
        {"output_type": "error", "traceback": ["\x1b[31mValueError\x1b[0m: no"]},
    ]
    assert outputs_text(outputs) == "a\nb\na table\n[image/png]\nValueError: no"


def test_a_preview_runs_no_code_of_the_value() -> None:
    class Loud(list[int]):
        def __len__(self) -> int:
            raise AssertionError("it was asked")

        def __repr__(self) -> str:
            raise AssertionError("it was asked")

    assert preview(Loud()) == ""
    assert preview([1, 2]) == "2 items"
    assert preview({}) == "0 items"
    assert preview("a") == "'a'"
    assert len(preview("a" * 1000)) < 80


def test_failed_attempts_keep_what_they_had_shown() -> None:
    story = Story()
    story.starts("load")
    story.fails("load")
    story.resumes("load")
    shown = step_page(story.step("load"), failed={(1, 1): [{"output_type": "stream", "text": "half way"}]})
    assert [(a.attempt, a.outputs) for a in shown.attempts] == [(2, ""), (1, "half way")]
