"""Steering from outside: while a kernel has the run, and when none does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from durnb.clock import SystemClock
from durnb.journal import RunName, Store, read_history
from runner.conftest import until

Effect = Callable[[str], str]
GATE = "import os, time\nopen('inside', 'w').close()\nwhile not os.path.exists('go'): time.sleep(0.01)"


def _said(desk: Any, *arguments: str) -> Any:
    done = desk.durnb(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def gated(desk: Any, effect: Effect) -> Any:
    """A notebook whose second step waits for the file `go`."""
    desk.notebook(f"%%durable load\n{effect('load')}\ndata = [1]", f"%%durable wait\n{GATE}", f"%%durable send\n{effect('send')}")
    return desk


def _begin(desk: Any) -> subprocess.Popen[str]:
    """`durnb run`, once its second step is running."""
    process = subprocess.Popen(
        [sys.executable, "-m", "durnb.cli", "run", "etl.ipynb"],
        cwd=desk.folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    until(lambda: (desk.folder / "inside").exists() or process.poll() is not None, "the second step")
    assert process.poll() is None
    return process


def test_a_run_is_paused_and_cancelled_while_a_step_of_it_runs(gated: Any) -> None:
    running = _begin(gated)
    assert _said(gated, "pause", "etl.ipynb")["taken"] is False
    (gated.folder / "go").touch()
    _, told = running.communicate(timeout=120)
    assert running.returncode == 7, told
    assert "durnb resume etl.ipynb --run default.1" in told
    assert "[3/3] paused" in told
    assert gated.lines("effects") == ["load"]
    assert _said(gated, "status", "etl.ipynb")["state"] == "paused"
    assert gated.durnb("run", "etl.ipynb").returncode == 7
    assert _said(gated, "resume", "etl.ipynb") == {"run": "default.1", "said": "it goes on", "taken": True}
    assert gated.durnb("rerun", "etl.ipynb", "wait").returncode == 0
    (gated.folder / "go").unlink()
    (gated.folder / "inside").unlink()
    running = _begin(gated)
    assert _said(gated, "cancel", "etl.ipynb")["taken"] is True
    _, told = running.communicate(timeout=120)
    assert running.returncode == 8, told
    assert _said(gated, "status", "etl.ipynb")["state"] == "cancelled"
    refused = gated.durnb("resume", "etl.ipynb")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "run default.1 is cancelled" in refused.stderr
    for command in (("rerun", "etl.ipynb", "load"), ("signal", "etl.ipynb", "approve")):
        refused = gated.durnb(*command)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "run default.1 is cancelled: durnb run etl.ipynb begins a new one, in which every step runs" in refused.stderr
    history = read_history(Store.of(gated.folder / "etl.ipynb"), RunName("default", 1), SystemClock())
    assert (history.status, history.steps["wait"].status, len(history.requests)) == ("cancelled", "interrupt", 2)
    assert not list(Path(gated.folder).rglob(".inbox/*"))


def test_an_answer_that_can_not_hold_changes_nothing_and_names_the_steps(desk: Any) -> None:
    desk.notebook("%%durable load\nraise ValueError('no')")
    assert desk.durnb("run", "etl.ipynb").returncode == 1
    for command in (("rerun", "etl.ipynb", "send"), ("retry", "etl.ipynb", "send"), ("resolve", "etl.ipynb", "load", "keep")):
        refused = desk.durnb(*command)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "load" in refused.stderr
    assert _said(desk, "retry", "etl.ipynb", "load")["said"] == "load runs when its cell is run next"
    assert {step["step"]: step["status"] for step in _said(desk, "status", "etl.ipynb")["steps"]} == {"load": "to rerun"}
