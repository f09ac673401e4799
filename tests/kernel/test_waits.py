"""Timers, signals and recorded values, over kernels that die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

from kernel.conftest import Notebook
from kernel.driver import Place

START = "import durnb, os, signal, datetime\nfrom pathlib import Path\ndef die(name='died'):\n    if not Path(name).exists():\n        Path(name).touch()\n        os.kill(os.getpid(), signal.SIGKILL)"


def send(nb: Notebook, name: str, value: object, *options: str) -> subprocess.CompletedProcess[str]:
    """``durnb signal`` in a process of its own."""
    command = [sys.executable, "-m", "durnb.cli", "signal", str(nb.place.notebook), name, "--value", json.dumps(value), *options]
    return subprocess.run(command, env=nb.place.env, capture_output=True, text=True, timeout=60, check=False)


def test_a_sleep_ends_at_its_time_and_is_not_slept_again(nb: Notebook) -> None:
    nb.ok(START)
    cell = "%%durable wait\nbefore = durnb.now()\ndurnb.sleep('400ms')\ndie()\nafter = durnb.now()\nlong = (after - before).total_seconds()"
    assert nb.run(cell).status == "died"
    nb.open().ok(START, cell)
    assert nb.evaluate("long >= 0.4") is True


def test_an_interrupted_sleep_goes_on_and_can_be_ended(nb: Notebook) -> None:
    nb.ok(START)
    cell = "%%durable wait\ndurnb.sleep('2h')\n'awake'"
    running = nb.begin(cell)
    nb.until(lambda: "sleeps: 2 h 0 m left" in running.badge or "sleeps: 1 h 59 m" in running.badge, what="the countdown")
    assert "%durable wake wait" in running.badge
    nb.interrupt()
    assert nb.finish(running).ename == "KeyboardInterrupt"
    assert nb.evaluate("[(w[0], w[1]) for w in durnb.history()['interactive.1'].waiting]") == [["wait", "sleep"]]
    assert "wait" in nb.ok("durnb.history().sql('select step, started, ended, until from timers')").text
    nb.ok("%durable wake wait")
    assert nb.ok(cell).text == "'awake'"
    assert "is in no sleep" in nb.refused("%durable wake wait").evalue


def test_a_signal_is_delivered_once_whenever_it_was_sent(nb: Notebook) -> None:
    nb.ok(START, "%%durable first\npass", "%durable signal early 5")
    cell = "%%durable wait\na = durnb.wait_for('early')\nb = durnb.wait_for('early', timeout='10ms', default='late')\nc = await durnb.aio.wait_for('asked', schema={'type': 'integer'}, prompt='how many?')\ndie()\nd = [a, b, c]"
    running = nb.begin(cell)
    nb.until(lambda: "how many?" in running.badge, what="the prompt")
    refused = send(nb, "asked", "text")
    assert refused.returncode == 2
    assert "is not of type 'integer'" in refused.stderr
    assert send(nb, "asked", 7).returncode == 0
    assert nb.finish(running).status == "died"
    assert send(nb, "asked", 8).returncode == 0  # nobody has the run now
    nb.open().ok(START, cell)
    assert nb.evaluate("d") == [5, "late", 7]
    nb.ok("%durable rerun wait", "%durable signal early 6", cell)
    assert nb.evaluate("d") == [6, "late", 8]


def test_a_signal_sent_while_the_kernel_dies_is_not_lost(nb: Notebook) -> None:
    nb.ok(START)
    cell = "%%durable wait\nvalue = durnb.wait_for('go')"
    nb.open(DURNB_FAULTS="wait-started=kill").ok(START)
    assert nb.run(cell).status == "died"
    assert send(nb, "go", {"n": 1}).returncode == 0
    nb.open(DURNB_FAULTS="call-recorded=kill").ok(START)
    assert nb.run(cell).status == "died"
    nb.open().ok(START, cell)
    assert nb.evaluate("value") == {"n": 1}


def test_another_kernel_sees_and_answers_a_step_that_waits(nb: Notebook, make: Callable[..., Notebook]) -> None:
    nb.ok(START)
    running = nb.begin("%%durable wait\nfound = [durnb.wait_for('n', schema={'type': 'integer'}, prompt='how many?') for _ in range(2)]")
    nb.until(lambda: "how many?" in running.badge, what="the prompt")
    second = make(nb.place).open()
    assert second.status()["wait"]["status"] == "running"
    assert f"process {nb.pid} has this run" in second.ok("%durable status").text
    assert "is not of type 'integer'" in second.refused("%durable signal n text").evalue
    assert "what is waited for is n: did you mean n?" in second.ok("%durable signal nn 1").text
    assert "has the signal n, and keeps it until a durable cell waits for it." in second.ok("%durable signal n 1").text
    other = make(Place.at(nb.place.folder / "elsewhere")).open()
    assert "has the signal n" in other.ok(f"%durable signal --to {nb.place.notebook} n 2").text
    assert "no run that could be sent" in other.refused("%durable signal --to none.ipynb n").evalue
    nb.finish(running)
    assert nb.evaluate("found") == [1, 2]


def test_a_signal_of_which_the_kernel_says_nothing_is_kept_and_its_sender_told(nb: Notebook) -> None:
    nb.ok(START)
    running = nb.begin("%%durable wait\nfound = durnb.wait_for('n', schema={'type': 'integer'})")
    nb.until(lambda: "waits for the signal n" in running.badge, what="the wait")
    assert nb.pid is not None
    os.kill(nb.pid, signal.SIGSTOP)
    sent = [send(nb, "n", value, "--wait", "0s") for value in ("text", 5)]
    os.kill(nb.pid, signal.SIGCONT)
    assert [(one.returncode, "lies in the run's inbox" in one.stdout) for one in sent] == [(9, True)] * 2
    nb.finish(running)
    assert nb.evaluate("found") == 5


def test_recorded_values_are_the_same_after_a_crash_and_others_each_time(nb: Notebook) -> None:
    nb.ok(START)
    give = "def give(n): return [str(durnb.uuid()), durnb.random().random(), durnb.idempotency_key('pay'), str(durnb.now())]"
    cell = f"%%durable values\n{give}\nhere = [give(0) for n in range(2)]\nthere = durnb.map(give, range(20), concurrency=5)\nPath('seen').open('a').write(repr([here, there]) + '\\n')\ndie()\nflat = [v for g in here + there for v in g[:3]]"
    assert nb.run(cell).status == "died"
    nb.open().ok(START, cell)
    one, two = (nb.place.folder / "seen").read_text().splitlines()
    assert one == two
    assert nb.evaluate("len(set(flat))") == 66
