"""Kill points: what DURNB_FAULTS means. Each test loads the module anew, as a process with that variable would."""

from __future__ import annotations

import errno
import importlib.util
import signal
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import get_args

import pytest

from durnb import faults
from durnb.errors import UsageError

Arm = Callable[[str], ModuleType]


@pytest.fixture
def arm(monkeypatch: pytest.MonkeyPatch) -> Arm:
    def load(text: str) -> ModuleType:
        monkeypatch.setenv("DURNB_FAULTS", text)
        spec = importlib.util.spec_from_file_location("faults_armed", faults.__file__)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "faults_armed", module)
        spec.loader.exec_module(module)
        return module

    return load


def _strikes(module: ModuleType, name: str, step: str | None = None) -> bool:
    try:
        module.point(name, step)
    except OSError as error:
        return error.errno == errno.ENOSPC
    return False


def test_the_list_of_points_is_the_type_of_points() -> None:
    assert get_args(faults.Point) == faults.POINTS


@pytest.mark.parametrize("name", faults.POINTS)
def test_without_the_variable_every_point_is_passed(arm: Arm, name: str) -> None:
    assert not _strikes(arm(""), name, "load")


@pytest.mark.parametrize("name", faults.POINTS)
def test_an_armed_point_strikes_and_the_others_do_not(arm: Arm, name: str) -> None:
    module = arm(f"{name}=enospc")
    assert [other for other in faults.POINTS if _strikes(module, other, "load")] == [name]


def test_a_fault_of_one_step_strikes_there_only(arm: Arm) -> None:
    module = arm("after-pack:train=enospc")
    assert [step for step in ("load", None, "train") if _strikes(module, "after-pack", step)] == ["train"]


def test_a_fault_with_a_count_strikes_that_time_only(arm: Arm) -> None:
    module = arm("after-pack:train=enospc@2")
    assert [_strikes(module, "after-pack", "train") for _ in range(4)] == [False, True, False, False]


def test_a_fault_without_a_count_strikes_once(arm: Arm) -> None:
    module = arm("body-ended=enospc")
    assert [_strikes(module, "body-ended") for _ in range(3)] == [True, False, False]


def test_several_faults_are_separated_by_commas(arm: Arm) -> None:
    module = arm(" step-started=enospc , after-commit:b=enospc, ")
    assert _strikes(module, "step-started", "a")
    assert not _strikes(module, "after-commit", "a")
    assert _strikes(module, "after-commit", "b")


@pytest.mark.parametrize(
    "text", ["nowhere=kill", "after-pack", "after-pack=explode", "=kill", "after-pack=kill@soon", "after-pack=kill@0", "x"]
)
def test_what_cannot_be_read_names_the_variable(arm: Arm, text: str) -> None:
    with pytest.raises(UsageError, match="DURNB_FAULTS"):
        arm(text)


def test_kill_ends_the_process_by_sigkill_at_the_point() -> None:
    program = "from durnb import faults; faults.point('step-started'); print('passed', flush=True); faults.point('after-pack', 'a'); print('alive')"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"DURNB_FAULTS": "after-pack=kill"}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGKILL, "passed\n", "")
