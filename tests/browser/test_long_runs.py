"""Long notebooks and many runs: found by search, short to scroll, and the same for a reader who has neither kernel nor script."""

from __future__ import annotations

from collections.abc import Callable

import nbformat
import pytest
from nbconvert import HTMLExporter

from browser.lab import OpenNotebook
from browser.pages import panel, use_theme, violations
from browser.stores import leave_run

pytestmark = pytest.mark.xdist_group("browser")

OpenFunction = Callable[[str, list[str]], OpenNotebook]


FETCH = """%%durable fetch
def get(n):
    with open('calls', 'a') as calls: calls.write('.')
    while n == 60 and not Path('go').exists(): time.sleep(0.05)
    if n % 50 == 7: raise ValueError(f'no <b>{n}</b>')
    return n
found = durnb.map(get, range(100), tolerate=5)"""


def test_a_panel_of_500_steps_is_short_and_searched_by_keyboard_and_tells_how_far_a_map_is(open_notebook: OpenFunction) -> None:
    steps = [f"s{n}" for n in range(499)]
    cells = [
        "%load_ext durnb\nimport durnb, time\nfrom pathlib import Path",
        "%durable panel",
        *(f"%%durable {s}\nx = 1" for s in steps),
        FETCH,
    ]
    notebook = open_notebook("long", cells)
    leave_run(notebook.path, steps)
    folder = notebook.path.parent
    notebook.start_cell(0)
    notebook.start_cell(1)
    fold = panel(notebook).locator("tr.durnb-fold")
    notebook.wait_for(lambda: fold.count() == 1 and "finished: s3 to s496" in fold.inner_text(), "those that are finished are one row")
    rows = panel(notebook).locator("tr[data-row]")
    assert rows.count() < 10
    fold.get_by_role("button").focus()
    notebook.page.keyboard.press("Enter")
    notebook.wait_for(lambda: 100 < rows.count() < 120, "a hundred of them are shown")

    notebook.start_cell(len(cells) - 1)
    told = panel(notebook).locator('tr[data-row="fetch"]')
    notebook.wait_for(lambda: told.count() == 1 and "99 of 100 done, 2 failed" in told.inner_text(), "it is told how far the map is")
    assert told.get_by_role("progressbar").get_attribute("aria-valuenow") == "99"
    assert len(notebook.cells[1].text) < 60_000
    box = panel(notebook).get_by_label("find a step")
    box.focus()
    notebook.page.keyboard.type("fet")
    notebook.wait_for(lambda: rows.count() == 1, "only what was searched for is there")
    notebook.screenshot("long-1-map")
    (folder / "go").touch()
    notebook.wait_for(lambda: "finished" in told.inner_text(), "fetch is finished")
    assert (box.input_value(), rows.count()) == ("fet", 1)
    assert "1 of 500" in panel(notebook).inner_text()
    assert notebook.page.evaluate("() => document.activeElement.type") == "search"

    told.locator("button.durnb-step").click()
    detail = panel(notebook).locator(".durnb-detail")
    notebook.wait_for(lambda: "no <b>57</b>" in detail.inner_text(), "the calls that failed are named")
    assert violations(notebook, ".durnb-live") == []
    notebook.screenshot("long-2-failed-calls")
    told.get_by_role("button", name="Retry the 2 calls that failed").click()
    told.locator(".durnb-yes").click()
    notebook.wait_for(lambda: "to rerun" in told.inner_text(), "it is to run again")
    notebook.start_cell(len(cells) - 1)
    notebook.wait_for(lambda: len((folder / "calls").read_text()) == 102, "those that failed are made again, and no others")
    notebook.wait_for(lambda: "finished" in told.inner_text(), "fetch is finished again")
    assert len((folder / "calls").read_text()) == 102
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
