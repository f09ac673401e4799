"""A terminal's IPython runs durable cells too; it records no outputs, and says so once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from kernel.scripted import TESTS

CELLS = """%load_ext kernel.scripted_session
%%durable first
print('ran', 'first'); 40 + 2


%%durable first
print('ran', 'first'); 40 + 2


%%durable awaits
import asyncio, os, signal
asyncio.get_running_loop().call_later(0.2, os.kill, os.getpid(), signal.SIGINT)
await asyncio.sleep(20)


%%durable slow --timeout 200ms
import time; time.sleep(20)


%%durable last
1/0


%durable nonsense
print('alive', _)
"""


def test_durable_cells_run_in_a_terminal(tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(TESTS), "IPYTHONDIR": str(tmp_path), "TERM": "dumb"}
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit"]
    done = subprocess.run(command, input=CELLS, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    shown = done.stdout
    assert shown.count("ran first") == 1
    assert shown.count("outputs are recorded in Jupyter kernels only") == 1
    assert "first · ran 0.4 s" in shown
    assert "first · from checkpoint" in shown
    for error in ("CancelledError", "StepTimedOut", "ZeroDivisionError", "no command 'nonsense'"):
        assert error in shown, shown
    assert "alive 42" in shown
    assert "Traceback" not in done.stderr
