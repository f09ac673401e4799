"""One JupyterLab for the session, one Chromium for each module, one page for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from browser.lab import Lab, OpenNotebook, write_notebook
from install_chromium import find_chromium

CHROMIUM_OPTIONS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
]

OpenFunction = Callable[[str, list[str]], OpenNotebook]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("lab"))
    try:
        lab.start()
        yield lab
    finally:
        lab.stop()


# not for the session: playwright's synchronous interface keeps an event loop running, and asyncio.run of other tests would refuse
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = find_chromium()
    if chromium is None:
        pytest.fail("no Chromium: run python tests/install_chromium.py (make test does)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS, headless=True)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    yield context.new_page()
    context.close()


@pytest.fixture
def open_notebook(lab: Lab, page: Page, pytestconfig: pytest.Config) -> Iterator[OpenFunction]:
    """``open_notebook(name, sources)`` writes a notebook into a folder of its own and opens it."""

    def open_it(name: str, sources: list[str]) -> OpenNotebook:
        path = write_notebook(lab.root / name, name, sources)
        return OpenNotebook.open(lab, page, path, Path(pytestconfig.rootpath) / "artifacts" / "browser")

    yield open_it
    lab.end_sessions()
