"""What holds for every test: no setting of the machine or of its user reaches it, and hypothesis in CI is repeatable."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

_OWN_FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
_FOREIGN = ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "JPY_SESSION_NAME", "MPLBACKEND", "PYTHONSTARTUP", "PYTHONWARNINGS")
_TRIALS = "DURNB_TRIALS"  # ours: how many crash trials there are
_HOME = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    # at configure, not in a fixture: libraries read these at import, and kernels of the tests inherit them
    home = Path(tempfile.mkdtemp(prefix="durnb-tests-"))
    config.stash[_HOME] = home
    for name in [name for name in os.environ if (name.startswith("DURNB_") and name != _TRIALS) or name in _FOREIGN]:
        del os.environ[name]
    for name in _OWN_FOLDERS:
        folder = home / name.lower()
        folder.mkdir(mode=0o700)
        os.environ[name] = str(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[_HOME], ignore_errors=True)
