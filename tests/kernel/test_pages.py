"""``%durable panel``, ``history`` and ``show`` in a kernel, with a front end and without one that has widgets."""

from __future__ import annotations

from kernel.conftest import Notebook

STEP = "%%durable load\nx = [1, 2]\nprint('read')"


def html(result_output: dict[str, object]) -> str:
    data = result_output["data"]
    assert isinstance(data, dict)
    return "".join(data["text/html"])


def test_the_panel_is_one_display_that_follows_the_run_and_is_no_output_of_a_step(nb: Notebook) -> None:
    panel = nb.ok("%durable panel")
    assert len(panel.area.shown) == 1
    nb.ok(STEP)
    nb.until(lambda: "1 of 1 steps finished" in html(panel.area.shown[0]), what="the panel's display follows")
    assert len(panel.area.shown) == 1
    step = nb.open().ok(STEP)
    assert "read" in step.text
    assert [output["output_type"] for output in step.outputs] == ["stream"]


def test_the_panel_shows_what_is_in_the_notebook_and_works_without_anywidget(nb: Notebook) -> None:
    nb.ok("import sys; sys.modules['anywidget'] = None")
    panel = nb.ok("import durnb; durnb.panel()")
    nb.ok(STEP)
    nb.until(lambda: "1 of 1 steps finished" in html(panel.area.shown[0]), what="the display follows without a widget")


def test_history_and_show_say_it_as_html_and_as_text(nb: Notebook) -> None:
    nb.ok(STEP)
    nb.ok("%durable finish")
    nb.ok(STEP.replace("1", "3"))
    runs = nb.ok("%durable history")
    assert "interactive.2" in html(runs.outputs[0])
    assert "differs" in html(runs.outputs[0])
    assert "differs from the run before" in runs.text
    assert "interactive.1" in runs.text
    assert html(nb.ok("durnb.history()" if nb.ok("import durnb") else "").outputs[0]) == html(runs.outputs[0])
    shown = nb.ok("%durable show load")
    assert "x = [3, 2]" in html(shown.outputs[0])
    assert "x = [3, 2]" in shown.text
    nb.run("%%durable load\nprint('half ' + 'way')\nraise ValueError('no')")
    assert "half way" in html(nb.ok("%durable show load").outputs[0])


def test_a_cell_that_is_run_again_has_one_panel_and_an_unloaded_extension_none(nb: Notebook) -> None:
    for _ in range(3):
        nb.ok("%durable panel")
    count = "len([t for t in __import__('threading').enumerate() if t.name == 'durnb-panel'])"
    nb.until(lambda: nb.evaluate(count) == 1, what="the panels that were replaced have ended")
    nb.ok("%unload_ext durnb")
    nb.until(lambda: nb.evaluate(count) == 0, what="no panel is left")


def test_a_kernel_with_a_panel_ends_without_a_complaint(nb: Notebook) -> None:
    nb.ok("%durable panel")
    nb.ok(STEP)
    nb.shutdown()
    assert "Traceback" not in nb.logged()
