"""durnb install and uninstall: the lines in IPython's configuration, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from durnb.runner.autoload import config_file, install, uninstall

OWN = "c = get_config()\nc.InteractiveShell.colors = 'NoColor'"


@pytest.mark.parametrize("before", [None, OWN, OWN + "\n"], ids=["none", "one line more", "one"])
def test_uninstall_leaves_what_was_there(tmp_path: Path, before: str | None) -> None:
    file = tmp_path / "etc" / "ipython_config.py"
    if before is not None:
        file.parent.mkdir()
        file.write_text(before)
    assert install(file)
    assert not install(file)
    assert uninstall(file)
    assert not uninstall(file)
    assert (file.read_text() if file.exists() else None) == before


def test_a_shell_loads_durnb_by_itself_beside_what_was_configured(tmp_path: Path) -> None:
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    file = tmp_path / "profile_default" / "ipython_config.py"
    file.parent.mkdir(parents=True)
    file.write_text("c = get_config()\nc.InteractiveShellApp.extensions = ['storemagic']")
    install(file)
    look = "print(sorted(get_ipython().extension_manager.loaded))\n%load_ext durnb\nprint(get_ipython().find_cell_magic('durable') is not None)"
    code = tmp_path / "look.ipy"
    code.write_text(look)
    done = subprocess.run([sys.executable, "-m", "IPython", str(code)], env=environment, capture_output=True, text=True, check=True)
    assert "'durnb'" in done.stdout
    assert "storemagic'" in done.stdout
    assert "True" in done.stdout


def test_the_file_of_a_user_is_in_the_folder_that_ipython_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    assert config_file(user=True) == tmp_path / "profile_default" / "ipython_config.py"
    assert config_file(user=False).is_relative_to(sys.prefix)
