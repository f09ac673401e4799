"""Makes docs/pictures from the first notebook of the tour, in a real JupyterLab: ``make pictures``.

The moving picture is a run of which the kernel is killed while it trains: the second Run All puts the finished steps back.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests"))

from PIL import Image  # noqa: E402  # sorted after them
from playwright.sync_api import Page, sync_playwright  # noqa: E402  # see above

from browser.conftest import CHROMIUM_OPTIONS  # noqa: E402  # Lab is driven as the tests drive it
from browser.lab import Lab, OpenNotebook  # noqa: E402  # see above
from browser.pages import use_theme  # noqa: E402  # see above
from install_chromium import find_chromium  # noqa: E402  # see above

PICTURES: Final = Path(__file__).parent / "pictures"
TOUR: Final = ROOT / "notebooks" / "01-a-notebook-that-survives.ipynb"
LIMIT: Final = 600_000  # bytes of all pictures
_FRAMES: Final = 120  # at most, of one scene
_ROUNDS: Final = "rounds = 40"


class Film:
    """Frames of the page, and for how many milliseconds each is shown."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.frames: list[Image.Image] = []
        self.lengths: list[int] = []

    def take(self, milliseconds: int) -> None:
        shot = Image.open(BytesIO(self._page.screenshot())).convert("RGB")
        if self.frames and shot.tobytes() == self.frames[-1].tobytes():
            self.lengths[-1] += milliseconds
        else:
            self.frames.append(shot)
            self.lengths.append(milliseconds)

    def save(self, path: Path) -> None:
        first, *rest = self.frames
        first.save(path, save_all=True, append_images=rest, duration=self.lengths, loop=0, quality=70, method=6, minimize_size=True)


def main() -> None:
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium: make chromium")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="durnb-pictures-") as folder:
        lab = Lab(Path(folder) / "lab")
        try:
            lab.start()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS, headless=True)
                page = browser.new_context(viewport={"width": 900, "height": 620}).new_page()
                _film(_open(lab, page))
        finally:
            lab.stop()
    size = sum(path.stat().st_size for path in PICTURES.iterdir())
    print(f"{size / 1000:.0f} kB in {PICTURES}")
    if size > LIMIT:
        raise SystemExit(f"the pictures take more than {LIMIT / 1000:.0f} kB")


def _open(lab: Lab, page: Page) -> OpenNotebook:
    """The tour's code cells, with a panel below them: few lines of text, so that a small picture shows what happens."""
    book: dict[str, Any] = json.loads(TOUR.read_text())
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    for cell in cells:
        cell["source"] = _ROUNDS if "".join(cell["source"]).startswith("rounds") else cell["source"]
    panel: dict[str, Any] = {
        "cell_type": "code",
        "id": "panel",
        "source": "%durable panel",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    cells.insert(1, panel)
    path = lab.root / "digits" / "digits.ipynb"
    path.parent.mkdir()
    path.write_text(json.dumps({**book, "cells": cells}))
    notebook = OpenNotebook.open(lab, page, path, lab.home)
    page.evaluate("() => { jupyterapp.commands.execute('application:toggle-left-area'); }")
    page.add_style_tag(content=".jp-SideBar, #jp-top-panel, #jp-bottom-panel, #jp-menu-panel { display: none !important }")
    return notebook


def _film(notebook: OpenNotebook) -> None:
    film = Film(notebook.page)
    notebook.save()
    notebook.start_run_all()
    notebook.wait_for(lambda: "train is running" in notebook.cells[1].text, "train runs")
    _watch(notebook, film, lambda: any("round 10 of" in cell.text for cell in notebook.cells), 400)
    dead = notebook.kill_kernel()
    notebook.wait_for(lambda: bool(notebook.state()["dialogs"]), "Lab says that the kernel died")
    notebook.show(1)
    film.take(1800)
    notebook.dismiss_dialog("restart")
    notebook.wait_for_new_kernel(dead)
    notebook.start_run_all()
    notebook.wait_for(lambda: "train is running" in notebook.cells[1].text, "train runs again")
    _watch(notebook, film, lambda: notebook.state()["running"] == 0, 300)
    notebook.wait_for(lambda: "5 of 5 steps finished" in notebook.cells[1].text, "all steps are finished")
    film.take(1500)
    notebook.show(5)
    film.take(3500)
    film.save(PICTURES / "kill-and-resume.webp")
    _panel(notebook)


def _watch(notebook: OpenNotebook, film: Film, over: Callable[[], bool], milliseconds: int) -> None:
    """A frame each second until it is over, with the panel in sight."""
    for _ in range(_FRAMES):
        if over():
            break
        notebook.show(1)
        film.take(milliseconds)
        notebook.page.wait_for_timeout(1000)
    else:
        raise SystemExit("the tour does not come to an end")
    notebook.show(1)
    film.take(milliseconds)


def _panel(notebook: OpenNotebook) -> None:
    """The panel with one step's detail, in both themes."""
    notebook.show(1)
    notebook.page.set_viewport_size({"width": 900, "height": 1300})
    notebook.page.locator('.durnb-live button.durnb-step[data-step="load"]').click()
    notebook.wait_for(lambda: notebook.page.locator(".durnb-live .durnb-detail").count() == 1, "the detail is there")
    for theme, name in (("JupyterLab Light", "panel"), ("JupyterLab Dark", "panel-dark")):
        use_theme(notebook, theme)
        shot = Image.open(BytesIO(notebook.page.locator(".durnb-live").screenshot())).convert("RGB")
        shot.save(PICTURES / f"{name}.webp", quality=80, method=6)


if __name__ == "__main__":
    main()
