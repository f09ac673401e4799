"""What a person sees, in a real JupyterLab: from the end of a step's body to its row on the screen, what the panel costs the cells, and kill to resumed.

Left out where there is no playwright or no Chromium (`make chromium`).
"""

from __future__ import annotations

import importlib
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.rows import Row

_TESTS: Final = Path(__file__).parents[1] / "tests"  # where Lab and page are driven from
_SHOWN: Final = """([step, standing]) => new Promise(done => {
    const look = () => {
        const row = document.querySelector(`.durnb-live tr[data-row="${step}"]`);
        if (row && row.classList.contains(`durnb-row-${standing}`)) requestAnimationFrame(() => requestAnimationFrame(() => done(Date.now())));
        else setTimeout(look, 1);
    };
    look();
})"""
_CELL: Final = """import time
ends = []
def run(names):
    took = []
    for name in names:
        began = time.perf_counter()
        get_ipython().run_cell(f"%%durable {name}\\nx_{name} = 1\\nends.append(time.time())")
        took.append(time.perf_counter() - began)
    return 1000 * sorted(took)[len(took) // 2]"""


def measure(folder: Path) -> list[Row]:
    """The rows, or none where there is no browser."""
    sys.path.append(str(_TESTS))
    try:
        conftest, lab_module = importlib.import_module("browser.conftest"), importlib.import_module("browser.lab")
        chromium = importlib.import_module("install_chromium").find_chromium()
        sync_playwright = importlib.import_module("playwright.sync_api").sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        print("no Chromium: the rows of what a person sees are left out", file=sys.stderr)
        return []
    lab = lab_module.Lab(folder / "lab")
    try:
        lab.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=conftest.CHROMIUM_OPTIONS, headless=True)
            rows = [row for steps in (50, 500) for row in _panel(lab_module, lab, browser, steps)]
            return [*rows, _resume(lab_module, lab, browser)]
    finally:
        lab.stop()


def _open(lab_module: Any, lab: Any, browser: Any, name: str, cells: list[str]) -> Any:
    page = browser.new_context(viewport={"width": 1200, "height": 1000}).new_page()
    return lab_module.OpenNotebook.open(lab, page, lab_module.write_notebook(lab.root / name, name, cells), lab.home / "artifacts")


def _value(notebook: Any, source: str) -> float:
    """What an expression prints in the notebook's kernel."""
    return float(notebook.ask(source))


def _panel(lab_module: Any, lab: Any, browser: Any, steps: int) -> list[Row]:
    names = [f"s{i}" for i in range(steps)]
    cells = ["%load_ext durnb", _CELL, *(f"%%durable {name}\nx_{name} = 1\nends.append(time.time())" for name in names)]
    notebook = _open(lab_module, lab, browser, f"panel{steps}", cells)
    notebook.save()
    notebook.ask("get_ipython().run_line_magic('load_ext', 'durnb')")
    notebook.ask(_CELL)
    bare = _value(notebook, f"print(run([f's{{i}}' for i in range({steps // 2})]))")
    notebook.insert("%durable panel")
    watched = _value(notebook, f"print(run([f's{{i}}' for i in range({steps // 2}, {steps - 20})]))")
    seen: list[float] = []
    for name in names[-20:]:
        notebook.start(f"run([{name!r}])")
        shown = notebook.page.evaluate(_SHOWN, [name, "finished"])
        seen.append(shown - 1000 * _value(notebook, "print(ends[-1])"))
    notebook.page.context.close()
    lab.end_sessions()
    return [
        Row(
            key=f"pixel-{steps}",
            what=f"end of a body to its row on the screen, {steps} steps",
            value=statistics.median(seen),
            unit="ms",
            samples=len(seen),
            goal="under 300 ms",
        ),
        Row(
            key=f"panel-{steps}",
            what=f"what an open panel adds to a durable cell, {steps} steps",
            value=watched - bare,
            unit="ms",
            samples=steps // 2,
            note=f"median {watched:.1f} ms with, {bare:.1f} ms without",
        ),
    ]


def _resume(lab_module: Any, lab: Any, browser: Any) -> Row:
    cells = ["%load_ext durnb", *(f"%%durable s{i}\nx{i} = list(range(1000))\nx{i}[:3]" for i in range(20))]
    notebook = _open(lab_module, lab, browser, "resume", cells)
    notebook.run_all()
    began = time.perf_counter()
    dead = notebook.kill_kernel()
    notebook.dismiss_dialog("restart")
    notebook.wait_for_new_kernel(dead)
    notebook.run_all()
    taken = time.perf_counter() - began
    notebook.page.context.close()
    return Row(
        key="lab-resume",
        what="kill -9 to all 20 steps resumed in Lab",
        value=taken,
        unit="s",
        samples=1,
        note="Lab's own restart and its dialog included",
    )
