"""Kernels that hang, print without end, fork, or die; what is told while they do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

from durnb.journal import Store
from durnb.runner.orphan import birth_of
from durnb.runner.task import task_of
from runner.conftest import until

Effect = Callable[[str], str]
STOP_ONCE = "import os, pathlib, signal\nif not pathlib.Path('stopped').exists():\n    pathlib.Path('stopped').touch()\n    os.kill(os.getpid(), signal.SIGSTOP)"


def test_a_kernel_that_is_stopped_is_taken_for_hung_and_one_that_waits_or_works_is_not(desk: Any, effect: Effect) -> None:
    wait = "import time\ntime.sleep(4)"
    work = "end = time.monotonic() + 4\nwhile time.monotonic() < end: pass"
    child = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import time; end = time.monotonic() + 3\\nwhile time.monotonic() < end: pass'])"
    desk.notebook(f"%%durable load\n{effect('load')}\n{wait}\n{work}\n{child}\nx = 1", f"%%durable stop\n{STOP_ONCE}\nprint('went on')")
    done = desk.durnb("run", "etl.ipynb", "--hung-after", "2s", "--notify", "cat >> told; echo >> told")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the kernel was hung: no sign of life for 2.0 s") == 1
    assert desk.lines("effects") == ["load"]
    assert desk.text(1) == "went on\n"
    told = [json.loads(line) for line in desk.lines("told") if line]
    assert [(one["occasion"], one["run"], one["step"]) for one in told] == [
        ("crashed", "default.1", "stop"),
        ("finished", "default.1", "stop"),
    ]


def test_a_child_that_outlives_its_kernel_holds_up_neither_the_next_kernel_nor_the_end(desk: Any, effect: Effect) -> None:
    fork = (
        "import os, pathlib, signal, time\n"
        "parent, child = os.getpid(), os.fork()\n"
        "if not child:\n"
        "    open('children', 'a').write(f'{os.getpid()}\\n')\n"
        "    if not pathlib.Path('died').exists():\n"
        "        pathlib.Path('died').touch()\n"
        "        os.kill(parent, signal.SIGKILL)\n"
        "    time.sleep(1000)\n"
        "while len(open('children').readlines()) < 2: time.sleep(0.01)\n"
        "del child, parent"
    )
    desk.notebook(
        f"%%durable load\n{effect('load')}\nx = 1", f"%%durable fork\n{effect('fork')}\nopen('children', 'a').close()\n{fork}", "print(x)"
    )
    try:
        done = desk.durnb("run", "etl.ipynb")  # its end is seen by the end of its pipes
        first = int(desk.lines("children")[0])
        assert psutil.pid_exists(first), "the child of the kernel that died ended with it, so nothing was tried"
    finally:
        for pid in map(int, desk.lines("children")):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert done.returncode == 0, done.stderr
    assert (desk.lines("effects"), desk.text(2)) == (["load", "fork", "fork"], "1\n")


def test_a_stopped_kernel_whose_runner_was_killed_is_ended_by_the_next(desk: Any, effect: Effect) -> None:
    path = desk.notebook(STOP_ONCE, f"%%durable load\n{effect('load')}")
    first = subprocess.Popen([sys.executable, "-m", "durnb.cli", "run", path.name], cwd=desk.folder, stderr=subprocess.DEVNULL)
    until((desk.folder / "stopped").exists, "the kernel")
    kernel = task_of(Store.of(path), "default").kernel  # type: ignore[union-attr]  # the runner told of it before its first cell
    until(lambda: psutil.Process(kernel).status() == psutil.STATUS_STOPPED, "its stop")
    first.kill()
    first.wait()
    assert desk.durnb("run", path.name, "--queue").returncode == 0
    assert birth_of(kernel) is not None
    done = desk.durnb("run", path.name)
    assert done.returncode == 0, done.stderr
    assert birth_of(kernel) is None
    assert desk.lines("effects") == ["load"]


def test_a_kernel_that_cannot_start_says_why(desk: Any) -> None:
    desk.notebook("x = 1")
    folder = desk.folder / "kernels" / "broken"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-c", "raise ImportError('there is no ipykernel here')", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "broken", "language": "python"}))
    done = desk.durnb("run", "etl.ipynb", "--kernel", "broken", "--max-restarts", "0", environment={"JUPYTER_PATH": str(desk.folder)})
    assert done.returncode == 4, done.stderr
    assert "ImportError: there is no ipykernel here" in done.stderr


def test_a_notebook_that_prints_a_hundred_megabytes_ends_and_its_outputs_are_bounded(desk: Any) -> None:
    desk.notebook("for _ in range(100):\n    print('x' * 1_000_000)", "print('after')")
    done = desk.durnb("run", "etl.ipynb", environment={"DURNB_MAX_OUTPUT": "2 MB"})
    assert done.returncode == 0, done.stderr
    assert 500_000 < len(desk.text(0)) <= 2_000_000
    assert any("beyond 2,000,000 bytes were not kept" in output.get("text", "") for output in desk.output().cells[0].outputs)
    assert desk.text(1) == "after\n"


def test_what_a_cell_printed_is_in_the_executed_notebook_while_it_runs(desk: Any) -> None:
    look = "import nbformat, time\nprint('printed', flush=True)\nwhile not nbformat.read('etl.out.ipynb', as_version=4).cells[0].outputs: time.sleep(0.05)"
    desk.notebook(look)
    assert desk.durnb("run", "etl.ipynb").returncode == 0
    assert desk.text(0) == "printed\n"


def test_the_events_are_json_lines_with_parameters_of_a_file(desk: Any) -> None:
    desk.notebook({"source": "day = n = None", "metadata": {"tags": ["parameters"]}}, "%%durable show\nprint(day, n)")
    (desk.folder / "p.toml").write_text("day = 'monday'\nn = 2")
    done = desk.durnb("run", "etl.ipynb", "--params", "p.toml", "-p", "n=3", "--events", "-")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["event"] for one in events if one["event"] != "cell_says"] == [
        "kernel_starts",
        "kernel_ready",
        *("cell_starts", "cell_ended") * 2,
        "cell_starts",
        "run_known",
        "cell_ended",
        "ended",
    ]
    assert events[-1]["run"] == "day=monday,n=3.1"
    assert desk.text(2, "etl.day=monday,n=3.out.ipynb") == "monday 3\n"


def test_a_second_runner_of_one_key_is_told_who_has_it(desk: Any) -> None:
    again = "import subprocess, sys\nprint(subprocess.run([sys.executable, '-m', 'durnb.cli', 'run', 'etl.ipynb'], capture_output=True).returncode)"
    desk.notebook(f"%%durable again\n{again}")
    assert desk.durnb("run", "etl.ipynb").returncode == 0
    assert desk.text(0) == "5\n"


def test_runs_are_listed_by_how_they_stand_and_their_text_is_printed(desk: Any) -> None:
    desk.notebook("%%durable load\nprint('loaded')\n'value'", "%%durable send\nraise ValueError('no')")
    desk.notebook("%%durable load\nprint('other')", name="other.ipynb")
    assert desk.durnb("run", "etl.ipynb").returncode == 1
    assert desk.durnb("run", "other.ipynb").returncode == 0
    listed = desk.durnb("ls", "--json")
    assert [(one["run"], one["standing"], one["finished"], one["steps"]) for one in json.loads(listed.stdout)] == [
        ("default.1", "failed", 1, 2)
    ]
    everything = json.loads(desk.durnb("ls", "--all", "--json").stdout)
    assert [one["standing"] for one in everything] == ["failed", "finished"]
    assert "1 run that is over" in desk.durnb("ls").stderr
    assert desk.durnb("logs", "etl.ipynb", "load").stdout == "--- load\nloaded\n'value'\n"
    assert "ValueError: no" in desk.durnb("logs", "etl.ipynb", "-f").stdout
    assert "has no step 'gone'" in desk.durnb("logs", "etl.ipynb", "gone").stderr
