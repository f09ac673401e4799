"""Finds a Chromium for tests/browser, and installs one where there is none: ``python tests/install_chromium.py``."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import debian_packages

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEBIAN_PACKAGES: Final = ("chromium", "fonts-liberation")  # a screenshot without fonts has no text


def find_chromium() -> Path | None:
    """An installed Chromium that starts; ``CHROMIUM`` in the environment is looked at first."""
    return next((path for path in _candidates() if _starts(path)), None)


def _candidates() -> Iterator[Path]:
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        found = shutil.which(name) if name else None
        if found:
            yield Path(found)
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ms-playwright"
    downloads = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or default)
    for pattern in ("chromium-*/chrome-linux*/chrome", "chromium_headless_shell-*/chrome-*/*headless*shell"):
        yield from sorted(downloads.glob(pattern), reverse=True)


def _starts(path: Path) -> bool:
    # Ubuntu's chromium-browser is a script that asks for a snap: being there is not enough
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install() -> None:
    """Debian's package where apt and root are at hand, else playwright's download."""
    if debian_packages.can_install():
        debian_packages.install(*DEBIAN_PACKAGES)
        if find_chromium() is not None:
            return
    print("installing playwright's Chromium")
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> int:
    """Exit code 0: there is a Chromium now."""
    if find_chromium() is None:
        install()
    found = find_chromium()
    if found is None:
        print(f"no Chromium for the browser tests on this {platform.system()}: install one and put it on PATH, or name it in CHROMIUM")
        return 1
    print(f"browser tests use {found}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
