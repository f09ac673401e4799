from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from package.distribution import Built, Installed

pytestmark = pytest.mark.xdist_group("package")

DRIVER = Path(__file__).with_name("drive_kernel.py")
HEAVY = ("IPython", "ipykernel", "ipywidgets", "duckdb", "numpy", "pandas", "dill", "nbclient", "nbformat", "rich", "click", "traitlets")


@pytest.fixture(scope="module")
def saw(installed: Installed) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(installed.run("python", DRIVER, installed.hostile))
    return found


def test_the_sdist_has_all_that_a_developer_needs(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = (
        "pyproject.toml",
        "Makefile",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "docs/architecture.md",
        "tests/conftest.py",
    )
    assert [name for name in needed if name not in names] == []
    assert not any(name.startswith((".venv", "artifacts")) or ".durnb/" in name for name in names)


def test_only_our_three_names_land_in_site_packages(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == {"durnb", "durnb_kernel_ext", "durnb_widgets"}


def test_import_durnb_brings_in_nothing_heavy(installed: Installed) -> None:
    printed = installed.run("python", "-c", f"import durnb, sys; print([name for name in {HEAVY!r} if name in sys.modules])")
    assert printed.strip() == "[]"


def test_the_command_line_says_what_it_can_do(installed: Installed) -> None:
    assert "run" in installed.run("durnb", "--help")


def test_the_kernelspec_is_listed_straight_after_the_install(installed: Installed) -> None:
    specs = json.loads(installed.run("jupyter", "kernelspec", "list", "--json"))["kernelspecs"]
    assert "--ext=durnb" in specs["durnb"]["spec"]["argv"]


def test_the_folder_is_hostile_indeed(saw: dict[str, Any]) -> None:
    assert saw["hostile"] == ["the user has a widgets.py", "the user has a kernel_ext.py"]


def test_a_killed_kernel_is_resumed_beside_hostile_modules(saw: dict[str, Any], installed: Installed) -> None:
    cells = ("load_ext", "first load", "second load", "train", "total")
    assert {cell: (saw[cell]["status"], saw[cell]["error"]) for cell in cells} == dict.fromkeys(cells, ("ok", None))
    assert (installed.hostile / "load.txt").read_text().split() == ["ran"]
    assert (installed.hostile / "train.txt").read_text().split() == ["ran", "ran"]
    assert "loading" in saw["second load"]["outputs"]
    assert "from checkpoint" in saw["second load"]["outputs"]
    assert "total is 6" in saw["total"]["outputs"]
