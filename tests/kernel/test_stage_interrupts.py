"""Interrupts and timeouts end a body, its shell commands too, and never strike after it."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from kernel.driver import DEADLINE, CellResult, Hang, KernelDriver
from kernel.scripted import kernel

__all__ = ["kernel"]


def _interrupted(kernel: KernelDriver, source: str) -> tuple[CellResult, float]:
    sign = kernel.place.folder.parent / "ready"  # old IPythons show a script's output when it is over
    sign.unlink(missing_ok=True)
    cell = kernel.begin(source.replace("touch", f"touch {sign}"))
    end = time.monotonic() + DEADLINE
    while not ("ready" in cell.text or sign.exists()):
        assert time.monotonic() < end
        with suppress(Hang):
            kernel.until(lambda: "ready" in cell.text, 0.05)
    began = time.monotonic()
    kernel.interrupt()
    return kernel.finish(cell), time.monotonic() - began


@pytest.mark.parametrize(
    ("body", "ename"),
    [
        ("import time; print('ready', flush=True); time.sleep(30)", "KeyboardInterrupt"),
        ("import asyncio; print('ready', flush=True); await asyncio.sleep(30)", "CancelledError"),
        ("!echo ready; sleep 30", "KeyboardInterrupt"),
        ("print('ready', flush=True)\nx = !sleep 30", "KeyboardInterrupt"),
        ("%%bash\ntouch\nsleep 30", "KeyboardInterrupt"),
    ],
)
def test_an_interrupted_body_is_not_finished_nor_retried(kernel: KernelDriver, body: str, ename: str) -> None:
    cell, took = _interrupted(kernel, f"%%durable stopped --retries 3\n{body}")
    assert cell.ename == ename
    assert took < 8
    assert not kernel.evaluate("'stopped' in session.kept")
    assert kernel.run("1 + 1").text == "2"


def test_what_stands_behind_an_interrupted_command_is_not_run(kernel: KernelDriver) -> None:
    kernel.run("behind = []")
    cell, _ = _interrupted(kernel, "%%durable chain\nimport time\n!echo ready; sleep 30\ntime.sleep(0.5)\nbehind.append(1)")
    assert cell.ename == "KeyboardInterrupt"
    assert kernel.evaluate("behind") == []


def test_an_interrupt_that_the_body_handles_is_its_own_affair(kernel: KernelDriver) -> None:
    source = "import time\ntry:\n    print('ready', flush=True)\n    time.sleep(30)\nexcept KeyboardInterrupt:\n    print('stopped early')"
    cell, _ = _interrupted(kernel, f"%%durable early\n{source}")
    assert cell.ok
    assert kernel.evaluate("'early' in session.kept")


@pytest.mark.parametrize(
    "body",
    [
        "import time; time.sleep(30)",
        "import asyncio; await asyncio.sleep(30)",
        "while True: pass",
        "!sleep 30",
        "import time\ntry:\n    time.sleep(30)\nexcept KeyboardInterrupt:\n    pass",
    ],
)
def test_a_timeout_ends_the_body(kernel: KernelDriver, body: str) -> None:
    began = time.monotonic()
    cell = kernel.run(f"%%durable slow --timeout 300ms\n{body}")
    assert (cell.ename, cell.evalue) == ("StepTimedOut", "step 'slow' ran longer than its --timeout of 0.3 s and was stopped")
    assert time.monotonic() - began < 8


def test_a_timeout_may_be_retried(kernel: KernelDriver) -> None:
    kernel.run("goes = []")
    cell = kernel.run(
        "%%durable again --timeout 300ms --retries 1\nimport time\ngoes.append(1)\nif len(goes) == 1: time.sleep(30)\nlen(goes)"
    )
    assert cell.text == "2"


def test_no_stray_interrupt_follows_a_body_that_ends_as_its_timeout_strikes(kernel: KernelDriver) -> None:
    cell = kernel.run("import time, signal\nbefore = signal.getsignal(signal.SIGINT)")
    for number in range(25):
        cell = kernel.run(f"%%durable race{number} --timeout 20ms\nend = time.monotonic() + 0.0199\nwhile time.monotonic() < end: pass")
        assert cell.ename in ("", "StepTimedOut")
        assert kernel.run("for _ in range(20000): pass").ok
    assert kernel.run("assert signal.getsignal(signal.SIGINT) is before").ok
