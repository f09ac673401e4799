"""Long notebooks and many runs: found by search, short to scroll, and the same for a reader who has neither kernel nor script."""

from __future__ import annotations

from collections.abc import Callable

import nbformat
import pytest
from nbconvert import HTMLExporter

from browser.lab import OpenNotebook
from browser.pages import panel, row, use_theme, violations

pytestmark = pytest.mark.xdist_group("browser")

OpenFunction = Callable[[str, list[str]], OpenNotebook]


def test_a_long_panel_can_be_searched_by_keyboard_and_what_was_typed_stays_while_the_run_goes_on(open_notebook: OpenFunction) -> None:
    steps = [f"%%durable step{n}\nx{n} = {n}" for n in range(40)]
    steps[30] = "%%durable step30\nimport os, time\nwhile not os.path.exists('go'): time.sleep(0.05)\nraise KeyError('30')"
    notebook = open_notebook("long", ["%load_ext durnb", "%durable panel", *steps])
    notebook.save()
    notebook.start_run_all()
    notebook.wait_for(lambda: "step30 is running" in notebook.cells[1].text, "the notebook holds that step30 runs")
    notebook.show(1)  # Lab takes cells out of the page that are scrolled out of sight
    notebook.wait_for(lambda: row(notebook, "step30").count() == 1 and "running" in row(notebook, "step30").inner_text(), "step30 runs")
    box = panel(notebook).get_by_label("find a step")
    box.focus()
    notebook.page.keyboard.type("step3")
    visible = panel(notebook).locator("tr[data-row]:visible")
    notebook.wait_for(lambda: visible.count() == 11, "only what was searched for is shown")
    (notebook.path.parent / "go").touch()
    notebook.wait_for(lambda: "failed" in row(notebook, "step30").inner_text(), "step30 has failed")
    assert box.input_value() == "step3"
    assert visible.count() == 11
    assert notebook.page.evaluate("() => document.activeElement.type") == "search"
    panel(notebook).get_by_label("steps that are").select_option("failed")
    notebook.wait_for(lambda: visible.count() == 1, "only the failed one is shown")
    assert "1 of 40" in panel(notebook).inner_text()
    assert violations(notebook, ".durnb-live") == []
    notebook.screenshot("long-search")
    assert notebook.errors == []


def test_the_runs_stand_side_by_side_and_a_page_of_nbconvert_shows_them(open_notebook: OpenFunction) -> None:
    cells = [
        "%load_ext durnb\nsize = 1",
        "%%durable load\nimport time\nlist_ = [0] * (1000 * size)\ntime.sleep(0.05 * size)",
        "%%durable train\nmodel = len(list_)",
        "%durable finish",
        "%durable history",
        "%durable panel",
        "%durable show load",
    ]
    notebook = open_notebook("runs", cells)
    notebook.save()
    notebook.run_all()
    notebook.page.evaluate("source => jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel.setSource(source)", "size = 3")
    notebook.save()
    notebook.run_all()
    shown = notebook.cells[4].shown
    assert "2 runs" in shown
    assert "load, train" in shown  # what the second did differently
    assert violations(notebook, ".durnb-panel:not(.durnb-live)") == []
    notebook.show(4)
    notebook.screenshot("history")
    use_theme(notebook, "JupyterLab Dark")
    notebook.show(4)
    notebook.screenshot("history-dark")
    notebook.save()

    html, _ = HTMLExporter().from_notebook_node(nbformat.read(notebook.path, as_version=4))
    reader = notebook.page.context.new_page()
    reader.set_content(html)
    texts = reader.locator(".durnb-panel").all_inner_texts()
    assert len(texts) == 3
    assert "load, train" in texts[0]
    assert "2 of 2 steps finished" in texts[1]
    assert "Restore all" not in texts[1]
    assert "list_ = [0]" in texts[2]
    reader.screenshot(path=notebook.artifacts / "nbconvert.png", full_page=True)
