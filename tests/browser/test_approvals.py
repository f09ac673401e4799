"""A step that waits for a person: asked in its own cell and in the panel, answered while the cell blocks, after a reload and after a kill."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import WebSocketRoute

from browser.lab import OpenNotebook
from browser.pages import panel, row, violations

pytestmark = pytest.mark.xdist_group("browser")

OpenFunction = Callable[[str, list[str]], OpenNotebook]

SCHEMA = "{'type': 'object', 'properties': {'amount': {'type': 'integer'}, 'note': {'type': 'string'}}, 'required': ['amount', 'note']}"
CELLS = [
    "%load_ext durnb\nimport durnb, os",
    "%durable panel",
    "%%durable release\nok = durnb.wait_for('approve', prompt='Release it to everybody?')\nprint('answer', ok)",
    f"%%durable pay\norder = await durnb.aio.wait_for('order', schema={SCHEMA}, prompt='How much?')\nprint('order', order)",
]


def asked_in(notebook: OpenNotebook, step: str) -> bool:
    small = notebook.page.locator(f'.durnb-small-panel.durnb-live tr[data-row="{step}"]')
    return small.count() == 1 and small.locator(".durnb-wait").count() == 1


def test_an_approval_is_given_while_the_cell_blocks_and_outlives_a_reload_and_a_kill(open_notebook: OpenFunction) -> None:
    notebook = open_notebook("approve", CELLS)
    notebook.save()
    notebook.start_run_all()
    notebook.wait_for(lambda: asked_in(notebook, "release"), "release asks in its cell")
    assert "Release it to everybody?" in notebook.cells[2].shown
    assert violations(notebook, ".durnb-small-panel") == []
    notebook.screenshot("approve-1-asked")

    notebook.save()
    notebook.reload(busy=True)
    notebook.wait_for(lambda: asked_in(notebook, "release"), "the page that was loaded anew asks in the same cell, which blocks")

    dead = notebook.kill_kernel()
    notebook.dismiss_dialog("restart")
    notebook.wait_for_new_kernel(dead)
    gone = notebook.page.locator(".durnb-small-panel.durnb-gone")
    notebook.wait_for(
        lambda: "kernel that this panel followed is gone" in gone.inner_text() and not gone.get_by_role("button", name="Approve").count(),
        "what asked says that nobody hears an answer",
    )
    notebook.start_run_all()
    notebook.wait_for(lambda: asked_in(notebook, "release"), "release asks again after the kill")
    notebook.page.locator(".durnb-small-panel.durnb-live").get_by_role("button", name="Approve").click()
    notebook.wait_for(lambda: "answer True" in notebook.cells[2].text, "the answer has come, though the cell blocked")
    notebook.wait_for(lambda: "approve: true" in notebook.cells[2].text, "the cell says what was answered")

    notebook.wait_for(lambda: asked_in(notebook, "pay"), "pay asks with a form")
    form = notebook.page.locator(".durnb-small-panel.durnb-live form")
    form.get_by_label("amount").fill("41")
    form.get_by_label("note").fill("<b>now</b>")
    assert violations(notebook, ".durnb-small-panel") == []
    notebook.screenshot("approve-2-form")
    notebook.show(1)
    notebook.wait_for(lambda: row(notebook, "pay").locator("form").count() > 0, "the panel asks, too")
    form = panel(notebook).first.locator('tr[data-row="pay"] form')
    form.get_by_label("amount").fill("42")
    form.get_by_label("note").fill("<b>now</b>")
    form.get_by_role("button", name="Send").click()
    notebook.wait_for(lambda: "order {'amount': 42, 'note': '<b>now</b>'}" in notebook.cells[3].text, "the form's answer has come")
    notebook.wait_for(lambda: notebook.state()["running"] == 0, "all is done")
    assert [error for error in notebook.errors if "kernel_info_request" not in error] == []  # Lab's own, of the kernel that was killed


def test_a_page_that_is_loaded_anew_and_holds_no_output_of_the_cell_that_blocks_asks_all_the_same(open_notebook: OpenFunction) -> None:
    notebook = open_notebook("anew", [CELLS[0], CELLS[2]])
    notebook.save()
    notebook.start_run_all()
    notebook.wait_for(lambda: asked_in(notebook, "release"), "release asks in its cell")
    notebook.reload(busy=True)
    form = notebook.page.locator(".durnb-afloat.durnb-live")
    notebook.wait_for(lambda: form.get_by_role("button", name="Approve").is_visible(), "the form is shown over the page")
    assert violations(notebook, ".durnb-small-panel") == []
    notebook.screenshot("approve-3-afloat")
    form.get_by_role("button", name="Approve").click()
    notebook.wait_for(lambda: form.count() == 0, "it is answered")
    notebook.wait_for_idle_kernel()
    assert notebook.ask("print(ok)").strip() == "True"
    assert notebook.errors == []


GREETS = "() => [...(window.durnbPanels ?? new Map()).values()].some((one) => one.link.greeting !== null)"


def test_a_panel_that_was_never_answered_greets_no_kernel_that_is_gone(open_notebook: OpenFunction) -> None:
    notebook = open_notebook("unheard", CELLS[:3])
    notebook.save()
    withheld: list[int] = []

    def deaf(route: WebSocketRoute) -> None:
        """A network on which no page of a panel arrives."""
        server = route.connect_to_server()

        def arrives(message: str | bytes) -> None:
            data = message.encode() if isinstance(message, str) else message
            if b'"kind": "page"' in data or b'"kind":"page"' in data:
                withheld.append(len(data))
            else:
                route.send(message)

        server.on_message(arrives)

    notebook.page.route_web_socket(re.compile("/api/kernels/.*/channels"), deaf)
    notebook.reload()
    notebook.start_run_all()
    notebook.wait_for(lambda: bool(withheld) and notebook.page.evaluate(GREETS), "a panel greets and is not heard")
    dead = notebook.kill_kernel()
    notebook.dismiss_dialog("restart")
    notebook.wait_for_new_kernel(dead)
    notebook.wait_for(lambda: not notebook.page.evaluate(GREETS), "it greets no more")
    assert [error for error in notebook.errors if "kernel_info_request" not in error] == []  # Lab's own, of the kernel that was killed
