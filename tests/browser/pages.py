"""What the tests of panels do in a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Locator

from browser.lab import OpenNotebook

AXE = Path(__file__).parent / "axe" / "axe.min.js"

_AXE_RUN = """async selector => {
    const found = await axe.run(selector, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']});
    return found.violations.map(v => ({id: v.id, nodes: v.nodes.map(n => n.html.slice(0, 200) + ' | ' + n.failureSummary.slice(0, 300))}));
}"""


def violations(notebook: OpenNotebook, selector: str) -> list[dict[str, Any]]:
    """What axe-core finds wrong in that part of the page."""
    if not notebook.page.evaluate("() => 'axe' in window"):
        notebook.page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = notebook.page.evaluate(_AXE_RUN, selector)
    return found


_THEME_IS_THERE = """dark => {
    const back = getComputedStyle(document.body).getPropertyValue('--jp-layout-color0').trim();
    return (back !== 'white' && back !== '#ffffff') === dark && !document.getElementById('jupyterlab-splash');
}"""


def use_theme(notebook: OpenNotebook, name: str) -> None:
    """Changes Lab's theme, and returns when its colours are there and Lab's splash is gone."""
    notebook.page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
    notebook.wait_for(lambda: bool(notebook.page.evaluate(_THEME_IS_THERE, "Dark" in name)), f"the theme is {name}")


def panel(notebook: OpenNotebook) -> Locator:
    """The panel that is live."""
    return notebook.page.locator(".durnb-panel.durnb-live")


def row(notebook: OpenNotebook, step: str) -> Locator:
    """A step's row of the live panel."""
    return panel(notebook).locator(f'tr[data-row="{step}"]')


def press(notebook: OpenNotebook, operation: str, step: str) -> None:
    """Presses a button of a step's row, and answers its question with yes."""
    line = row(notebook, step)
    line.hover()
    line.locator(f'button[data-op="{operation}"]').click()
    yes = line.locator(f'.durnb-asking button.durnb-yes[data-op="{operation}"]')
    if yes.count():
        yes.click()
