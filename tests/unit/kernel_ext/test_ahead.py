"""What is imported beside a cell that runs leaves alone what such a cell may set."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_LOOKS = """
import locale, logging, os, signal, sys, warnings
import IPython, ipykernel.ipkernel
import durnb_kernel_ext.extension
from durnb_kernel_ext import ahead

def fail(*_):
    raise AssertionError("the filters of warnings were replaced, and a cell's own would be lost")

def settings():
    found = [list(warnings.filters), dict(os.environ), list(sys.path), locale.setlocale(locale.LC_ALL), os.getcwd(), sys.excepthook]
    return [*found, sys.getrecursionlimit(), signal.getsignal(signal.SIGINT), logging.getLogger().handlers[:], logging.getLogger().level]

before = settings()
warnings.catch_warnings.__enter__ = fail
ahead._import(ahead._MODULES)
assert "durnb.engine.session" in sys.modules
assert settings() == before
"""

_FORKS = """
import os, sys, threading
from durnb_kernel_ext import ahead

began, go = threading.Event(), threading.Event()

def slow():
    began.set()
    go.wait(60)

thread = threading.Thread(target=slow)
ahead._importing.append(thread)
thread.start()
began.wait(60)
threading.Timer(0.05, go.set).start()
child = os.fork()
if not child:
    os._exit(0 if go.is_set() else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def _runs(code: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, cwd=folder, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_it_changes_no_setting(tmp_path: Path) -> None:
    _runs(_LOOKS, tmp_path)


def test_a_process_that_forks_waits_for_it(tmp_path: Path) -> None:
    _runs(_FORKS, tmp_path)
