"""The runner on durable notebooks: what is resumed, which run, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from durnb.clock import SystemClock
from durnb.config import duration
from durnb.journal import Journal, RunName, Store

Effect = Callable[[str], str]
LOAD = "%%durable load\n{}\ndata = [1, 2, 3]\nprint('loaded')"
DIE_ONCE = "import os, pathlib\nif not pathlib.Path('died').exists():\n    pathlib.Path('died').touch()\n    os.kill(os.getpid(), 9)"
FAIL_ONCE = "import pathlib\nif not pathlib.Path('failed').exists():\n    pathlib.Path('failed').touch()\n    raise ValueError('not yet')"


@pytest.fixture
def load(effect: Effect) -> str:
    return LOAD.format(effect("load"))


@pytest.fixture
def dies_once(desk: Any, load: str, effect: Effect) -> Any:
    """A notebook whose second step kills its kernel, once, after an effect."""
    train = f"%%durable train\n{effect('train')}\n{DIE_ONCE}\ntotal = sum(data)\nprint('trained')"
    desk.notebook(load, train, "print(total)")
    return desk


def _status(desk: Any, *arguments: str) -> Any:
    done = desk.durnb("status", "etl.ipynb", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _states(desk: Any, *arguments: str) -> dict[str, str]:
    return {step["step"]: step["status"] for step in _status(desk, *arguments)["steps"]}


def test_a_step_that_ends_soon_after_sigterm_is_kept_and_none_follows(desk: Any, effect: Effect) -> None:
    ends = f"{effect('load')}\nimport os, signal, time\nos.kill(os.getppid(), signal.SIGTERM)\ntime.sleep(1)\nx = 1"
    desk.notebook(f"%%durable load\n{ends}", f"%%durable train\n{effect('train')}")
    told = desk.durnb("run", "etl.ipynb", "--drain", "60s")
    assert told.returncode == 143, told.stderr
    assert "the running cell has 60 s to end, then it is interrupted" in told.stderr
    assert desk.lines("effects") == ["load"]
    assert desk.durnb("run", "etl.ipynb").returncode == 0
    assert desk.lines("effects") == ["load", "train"]


def test_a_step_that_finished_is_restored_after_the_kernel_died(dies_once: Any) -> None:
    done = dies_once.durnb("run", "etl.ipynb")
    assert done.returncode == 0, done.stderr
    assert dies_once.lines("effects") == ["load", "train", "train"]
    assert (dies_once.text(0), dies_once.text(1), dies_once.text(2)) == ("loaded\n", "trained\n", "6\n")


def test_what_is_restored_and_what_ran_is_told_by_cell(dies_once: Any) -> None:
    told = [line.split() for line in dies_once.durnb("run", "etl.ipynb").stderr.splitlines()]
    fates = [(words[1], words[-1]) for words in told if words[0].startswith("[") and words[-1] in ("load", "train")]
    assert fates == [("ran", "load"), ("died", "train"), ("restored", "load"), ("ran", "train")]
    assert ["run", "default.1:", "begun"] in told


def test_a_run_that_ended_is_recorded_as_finished_and_the_next_one_is_begun(desk: Any, load: str) -> None:
    desk.notebook(load)
    assert desk.durnb("run", "etl.ipynb").returncode == 0
    assert _status(desk)["state"] == "finished"
    again = desk.durnb("run", "etl.ipynb")
    assert "run default.2: begun" in again.stderr
    assert desk.lines("effects") == ["load", "load"]


def test_a_failed_run_is_resumed(desk: Any, load: str) -> None:
    desk.notebook(load, f"%%durable send\n{FAIL_ONCE}\nprint(len(data))")
    failed = desk.durnb("run", "etl.ipynb")
    assert failed.returncode == 1, failed.stderr
    assert "ValueError: not yet" in failed.stderr
    assert _states(desk) == {"load": "finished", "send": "failed"}
    resumed = desk.durnb("run", "etl.ipynb")
    assert resumed.returncode == 0, resumed.stderr
    assert "run default.1: resumed" in resumed.stderr
    assert desk.lines("effects") == ["load"]
    assert desk.text(1) == "3\n"


def test_new_begins_another_run_where_one_is_unfinished(desk: Any, load: str) -> None:
    desk.notebook(load, f"%%durable send\n{FAIL_ONCE}")
    assert desk.durnb("run", "etl.ipynb").returncode == 1
    again = desk.durnb("run", "etl.ipynb", "--new")
    assert again.returncode == 0, again.stderr
    assert "run default.2: begun" in again.stderr
    assert desk.lines("effects") == ["load", "load"]
    assert _status(desk, "--run", "default.1")["state"] == "abandoned"


def test_an_old_unfinished_run_is_left_unless_it_is_to_be_resumed(desk: Any, load: str) -> None:
    desk.notebook(load, "%%durable send\nraise ValueError('no')")
    old = {"DURNB_RESUME_WITHIN": "0s"}
    assert desk.durnb("run", "etl.ipynb").returncode == 1
    assert "run default.1: resumed" in desk.durnb("run", "etl.ipynb", "--resume", environment=old).stderr
    assert "run default.2: begun" in desk.durnb("run", "etl.ipynb", environment=old).stderr
    assert desk.lines("effects") == ["load", "load"]


def test_a_new_run_that_loses_its_kernel_goes_on_as_the_same_run(dies_once: Any) -> None:
    done = dies_once.durnb("run", "etl.ipynb", "--new", environment={"DURNB_RESUME_WITHIN": "0s"})
    assert done.returncode == 0, done.stderr
    assert _status(dies_once)["runs"] == ["default.1"]
    assert dies_once.lines("effects") == ["load", "train", "train"]


def test_each_set_of_parameters_is_a_run_of_its_own(desk: Any, load: str) -> None:
    desk.notebook({"source": "day = 'never'", "metadata": {"tags": ["parameters"]}}, load, "%%durable send\nprint(day)")
    for day in ("2026-11-20", "2026-11-21"):
        assert desk.durnb("run", "etl.ipynb", "-p", f"day={day}").returncode == 0
    assert [desk.text(3, f"etl.day=2026-11-{day}.out.ipynb") for day in (20, 21)] == ["2026-11-20\n", "2026-11-21\n"]
    assert _status(desk)["runs"] == ["day=2026-11-20.1", "day=2026-11-21.1"]
    assert _status(desk, "--run", "day=2026-11-20")["run"] == "day=2026-11-20.1"


def test_a_once_step_that_failed_asks_and_the_answers_are_printed(desk: Any, effect: Effect) -> None:
    desk.notebook(f"%%durable pay --once\n{effect('pay')}\n1 / 0")
    assert desk.durnb("run", "etl.ipynb").returncode == 1
    asks = desk.durnb("run", "etl.ipynb")
    assert asks.returncode == 3, asks.stderr
    assert "[1/1] asks" in asks.stderr
    assert "%durable resolve pay done" in asks.stderr
    assert desk.lines("effects") == ["pay"]


def test_a_step_that_always_kills_its_kernel_is_given_up(desk: Any, load: str, effect: Effect) -> None:
    desk.notebook(load, f"%%durable train\n{effect('train')}\nimport os\nos.kill(os.getpid(), 9)")
    done = desk.durnb("run", "etl.ipynb")
    assert done.returncode == 4, done.stderr
    assert desk.lines("effects") == ["load", "train", "train", "train"]
    assert "killed its kernel 3 times" in done.stderr


def test_a_run_that_another_process_owns_is_left_alone(desk: Any, load: str) -> None:
    store = Store.of(desk.notebook(load))
    store.create()
    journal = Journal.open(store, RunName("default", 1), create=True, clock=SystemClock(), wait=duration("1s"))
    try:
        held = desk.durnb("run", "etl.ipynb", environment={"DURNB_OPEN_WAIT": "100ms"})
    finally:
        journal.close()
    assert held.returncode == 5, held.stderr
    assert "is held by process" in held.stderr
    assert desk.lines("effects") == []


def test_a_durable_notebook_on_a_kernel_without_durnb_is_not_run_in_the_dark(desk: Any, load: str) -> None:
    desk.notebook(load)
    (desk.folder / "durnb_kernel_ext").mkdir()
    (desk.folder / "durnb_kernel_ext" / "__init__.py").write_text("raise ImportError('broken')")
    done = desk.durnb("run", "etl.ipynb", environment={"PYTHONPATH": str(desk.folder)})
    assert done.returncode == 1
    assert "can't load durnb (ImportError: broken)" in done.stderr
    assert desk.lines("effects") == []


def test_a_notebook_that_loads_durnb_itself_shows_no_remark_about_it(desk: Any, load: str) -> None:
    desk.notebook("%load_ext durnb", load)
    assert desk.durnb("run", "etl.ipynb").returncode == 0
    assert desk.output().cells[0].outputs == []


@pytest.mark.parametrize(
    "command",
    [
        ("papermill", "etl.ipynb", "etl.out.ipynb", "--no-progress-bar"),
        ("jupyter", "execute", "etl.ipynb", "--output", "etl.out.ipynb"),
    ],
    ids=["papermill", "jupyter-execute"],
)
def test_other_headless_clients_resume_the_interactive_run(desk: Any, load: str, command: tuple[str, ...]) -> None:
    path = desk.notebook("%load_ext durnb", load, f"%%durable train\n{DIE_ONCE}\nprint(sum(data))")
    environment = {"DURNB_NOTEBOOK": str(path)}
    killed = desk.call(*command, environment=environment)
    assert killed.returncode != 0
    assert "Kernel died" in killed.stderr
    done = desk.call(*command, environment=environment)
    assert done.returncode == 0, done.stderr
    assert desk.lines("effects") == ["load"]
    assert _status(desk)["run"] == "interactive.1"
    assert _states(desk) == {"load": "finished", "train": "finished"}
