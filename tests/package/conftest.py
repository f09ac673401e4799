"""Built once, installed once."""

from __future__ import annotations

import sys

import pytest

from package.distribution import CHECKOUT, Built, Installed, call


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The wheel is built from the sdist, so what the sdist lacks fails here."""
    folder = tmp_path_factory.mktemp("dist")
    call([sys.executable, "-m", "build", "--outdir", folder, CHECKOUT], cwd=folder)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Built(sdist, wheel)


@pytest.fixture(scope="session")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("user")
    call([sys.executable, "-m", "venv", folder / "venv"], cwd=folder)
    python = folder / "venv" / "bin" / "python"
    call([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", built.wheel], cwd=folder)
    hostile = folder / "hostile"
    hostile.mkdir()
    for name in ("widgets", "kernel_ext", "journal", "engine", "snapshot"):
        (hostile / f"{name}.py").write_text(f"raise RuntimeError('the user has a {name}.py')\n")
    return Installed(python, hostile)
