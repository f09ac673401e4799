"""The panel in a real JupyterLab: it follows the run, says what was asked, does what is pressed, and stays when the kernel is gone."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from browser.lab import OpenNotebook
from browser.pages import panel, press, row, use_theme, violations

pytestmark = pytest.mark.xdist_group("browser")

OpenFunction = Callable[[str, list[str]], OpenNotebook]

CELLS = [
    "%load_ext durnb\nimport time\nfrom pathlib import Path\nimport numpy as np\nimport pandas as pd",
    "%durable panel",
    "%%durable load\nprint('reading')\ndf = pd.DataFrame({'x': np.arange(1000.0), 'y': 2.0})\ndf.head(3)",
    "%%durable train --retries 3\ntotal = df['x'].sum()\nPath('began').touch()\nwhile not Path('go').exists():\n    time.sleep(0.05)",
    "%%durable report\nif Path('broken').exists():\n    raise ValueError('no <b>such</b> table')\ntable = {'total': total}",
    "%%durable mail --once\nprint('sent')",
]


def stands(notebook: OpenNotebook, step: str, standing: str) -> bool:
    line = row(notebook, step)
    return line.count() == 1 and standing in line.inner_text()


def test_the_panel_shows_what_a_kill_left_and_what_the_next_run_made_of_it(open_notebook: OpenFunction) -> None:
    notebook = open_notebook("panel", CELLS)
    folder = notebook.path.parent
    notebook.save()
    notebook.start_run_all()
    notebook.wait_for(lambda: stands(notebook, "train", "running"), "the live panel says that train runs")
    assert stands(notebook, "mail", "not reached")
    notebook.wait_for(lambda: "2 s" in row(notebook, "train").inner_text(), "the time goes on")
    notebook.screenshot("panel-1-running")

    row(notebook, "load").locator("button.durnb-step").click()  # answered while the cell keeps the main thread busy
    detail = notebook.page.locator(".durnb-live .durnb-detail")
    notebook.wait_for(lambda: detail.count() == 1 and "1,000 × 2" in detail.inner_text(), "load's detail is there")
    assert "df = pd.DataFrame" in detail.inner_text()
    assert "a plain cell" in detail.inner_text()
    notebook.screenshot("panel-2-detail")

    dead = notebook.kill_kernel()
    notebook.dismiss_dialog("restart")
    notebook.wait_for_new_kernel(dead)
    assert "model not found" not in notebook.cells[1].text
    (folder / "go").touch()
    (folder / "broken").touch()
    notebook.run_all()
    notebook.wait_for(lambda: stands(notebook, "report", "failed"), "the panel says that report failed")
    assert "no <b>such</b> table" in row(notebook, "report").inner_text()
    assert "2 kernels" in panel(notebook).inner_text()
    assert "no kernel" in (panel(notebook).locator(".durnb-chart").text_content() or "")
    assert row(notebook, "train").locator("td").nth(4).inner_text() == "2"  # attempts
    assert violations(notebook, ".durnb-live") == []
    notebook.show(1)
    notebook.screenshot("panel-3-resumed")

    use_theme(notebook, "JupyterLab Dark")
    assert violations(notebook, ".durnb-live") == []
    notebook.screenshot("panel-4-dark")
    notebook.page.evaluate("() => jupyterapp.commands.execute('application:toggle-left-area')")
    notebook.page.set_viewport_size({"width": 400, "height": 900})
    notebook.show(1)
    notebook.screenshot("panel-5-narrow")
    notebook.page.set_viewport_size({"width": 2560, "height": 1200})
    use_theme(notebook, "JupyterLab Light")
    notebook.screenshot("panel-6-wide")
    assert notebook.errors == []


def test_buttons_work_while_a_cell_runs_and_ask_where_something_is_lost(open_notebook: OpenFunction) -> None:
    notebook = open_notebook("buttons", CELLS)
    folder = notebook.path.parent
    notebook.save()
    notebook.start_run_all()
    notebook.wait_for(lambda: stands(notebook, "train", "running"), "train runs")

    line = row(notebook, "load")
    line.hover()
    line.locator('button[data-op="rerun"]').click()
    question = line.locator(".durnb-question")
    assert "Run load again" in question.inner_text()
    assert violations(notebook, ".durnb-live") == []
    notebook.screenshot("buttons-1-question")
    notebook.page.keyboard.press("Escape")
    notebook.wait_for(lambda: question.count() == 0, "the question is gone")
    assert stands(notebook, "load", "finished")
    press(notebook, "rerun", "load")
    notebook.wait_for(lambda: stands(notebook, "load", "to rerun"), "load is to run again, though the kernel is busy")

    press(notebook, "interrupt", "train")
    notebook.wait_for(lambda: stands(notebook, "train", "interrupted"), "train is interrupted")
    notebook.wait_for(lambda: notebook.state()["running"] == 0, "Run All has ended, which the panel may tell before")
    (folder / "go").touch()
    notebook.run_all()
    notebook.wait_for(lambda: stands(notebook, "mail", "finished"), "all is done")
    assert "reading" in notebook.cells[2].text
    assert "from checkpoint" not in notebook.cells[2].shown
    press(notebook, "restore", "load")
    said = notebook.page.locator(".durnb-live .durnb-said")
    notebook.wait_for(lambda: "restored: load" in said.inner_text(), "the panel says what was restored")
    assert panel(notebook).locator(".durnb-question").count() == 0
    notebook.show(1)
    notebook.screenshot("buttons-2-restored")
    assert notebook.errors == []


def test_the_panel_is_live_again_after_a_reload_and_plain_html_without_a_kernel(open_notebook: OpenFunction) -> None:
    notebook = open_notebook("reload", CELLS)
    (notebook.path.parent / "go").touch()
    notebook.save()
    notebook.run_all()
    notebook.wait_for(lambda: stands(notebook, "mail", "finished"), "all is done")
    notebook.wait_for(lambda: "4 of 4 steps finished" in notebook.cells[1].text, "the notebook holds the last state")
    notebook.save()

    notebook.reload()
    notebook.wait_for(lambda: stands(notebook, "mail", "finished"), "the panel of the same kernel is live again")
    press(notebook, "rerun", "mail")
    notebook.wait_for(lambda: stands(notebook, "mail", "to rerun"), "its buttons work")

    saved = json.loads(notebook.path.read_text())
    kinds = {kind for output in saved["cells"][1]["outputs"] for kind in output["data"]}
    assert kinds == {"text/html", "text/plain"}
    notebook.lab.end_sessions()
    notebook.reload(kernel=False)
    shown = notebook.page.locator(".durnb-panel")
    notebook.wait_for(lambda: shown.count() == 1, "the saved panel is shown")
    assert "4 of 4 steps finished" in shown.inner_text()
    assert "model not found" not in notebook.page.locator("body").inner_text()
    notebook.screenshot("reload-without-kernel")


HOSTILE = "<img src=x onerror=alert(1)>"


def test_hostile_names_values_and_errors_do_nothing(open_notebook: OpenFunction) -> None:
    cells = [
        "%load_ext durnb",
        f"%durable run '{HOSTILE}'",
        "%durable panel",
        f"%%durable good --depends '{HOSTILE}'\ntext = {HOSTILE!r}\nprint(text)",
        "%%durable bad\nfrom IPython.display import HTML, display\ndisplay(HTML('<script>window.struck = 1</script>'))\n"
        "raise ValueError(text + '<script>alert(2)</script>')",
        "%durable history",
    ]
    notebook = open_notebook("hostile", cells)
    dialogs: list[str] = []
    notebook.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    notebook.save()
    notebook.run_all()
    notebook.wait_for(lambda: stands(notebook, "bad", "failed"), "bad has failed")
    notebook.page.evaluate("() => { window.struck = 0; }")  # its own output struck when it was shown: what we show of it must not
    for button in panel(notebook).locator("button.durnb-step").all():
        button.click()
    details = notebook.page.locator(".durnb-live .durnb-detail")
    notebook.wait_for(lambda: details.count() == 2 and all("source" in d.inner_text() for d in details.all()), "both details are there")
    notebook.screenshot("hostile")
    assert panel(notebook).locator("img, script").count() == 0
    assert HOSTILE in panel(notebook).inner_text()
    assert notebook.page.evaluate("() => window.struck") == 0
    assert dialogs == []
