"""A run belongs to one kernel at a time."""

from __future__ import annotations

from collections.abc import Callable

from kernel.conftest import Notebook

LOAD = "%%durable load\nran('load')\ndata = [1, 2]"
QUICK = {"DURNB_OPEN_WAIT": "0.3s"}


def test_a_second_kernel_on_one_run_is_told_who_holds_it(nb: Notebook, make: Callable[..., Notebook]) -> None:
    nb.ok(LOAD)
    second = make(nb.place).open(**QUICK)
    result = second.refused("%%durable other\nran('other')")
    assert result.ename == "RunHeld"
    for word in (str(nb.pid), "nb", "%durable takeover"):
        assert word in result.evalue
    assert nb.executions == {"load": 1}
    assert nb.ok("%%durable more\nx = 1").ok


def test_a_killed_owner_blocks_nobody(nb: Notebook, make: Callable[..., Notebook]) -> None:
    nb.ok(LOAD)
    nb.kill()
    assert make(nb.place).open(**QUICK).ok(LOAD).replayed


def test_an_idle_owner_hands_over(nb: Notebook, make: Callable[..., Notebook]) -> None:
    nb.ok(LOAD)
    second = make(nb.place).open()
    second.ok("%durable takeover")
    assert second.ok(LOAD).replayed
    second.ok("%%durable more\nx = 1")
    nb.open(**QUICK)
    assert nb.refused(LOAD).ename == "RunHeld"


def test_an_owner_that_lost_the_run_does_not_write_to_it(nb: Notebook, make: Callable[..., Notebook]) -> None:
    nb.ok("%config Durable.open_wait = '0.3s'", LOAD)
    second = make(nb.place).open()
    second.ok("%durable takeover", "%%durable more\nx = 1")
    result = nb.refused("%%durable mine\nran('mine')")
    assert result.ename == "RunHeld"
    assert str(second.pid) in result.evalue
    assert sorted(second.status()) == ["load", "more"]


def test_a_busy_owner_does_not_hand_over(nb: Notebook, make: Callable[..., Notebook]) -> None:
    busy = nb.begin(
        "%%durable one\nimport os, time\nprint('in the body', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)\nx = 1"
    )
    nb.until(lambda: "in the body" in busy.text, what="the body")
    second = make(nb.place).open(**QUICK)
    assert second.refused("%durable takeover").ename == "RunHeld"
    (nb.place.folder / "go").touch()
    assert nb.finish(busy).ok


def test_a_forked_child_that_outlives_a_killed_owner_does_not_hold_the_run(nb: Notebook, make: Callable[..., Notebook]) -> None:
    nb.ok(LOAD, "import os, time\npid = os.fork()\nif pid == 0:\n    while not os.path.exists('go'): time.sleep(0.01)\n    os._exit(0)")
    child = nb.evaluate("pid")
    nb.kill()
    second = make(nb.place).open(**QUICK)
    assert second.evaluate(f"__import__('os').path.exists('/proc/{child}')") is True
    assert second.ok(LOAD).replayed
    (nb.place.folder / "go").touch()


def test_a_child_forked_in_a_step_does_not_disturb_the_journal(nb: Notebook) -> None:
    cell = "%%durable one\nimport os\npid = os.fork()\nif pid == 0:\n    os._exit(0)\nos.waitpid(pid, 0)\nx = 1"
    nb.ok(cell, LOAD)
    nb.open()
    assert nb.ok(cell).replayed
    assert nb.ok(LOAD).replayed


def test_multiprocessing_works_in_a_step(nb: Notebook) -> None:
    nb.ok(
        "import multiprocessing\ndef square(x): return x * x",
        "%%durable one\nwith multiprocessing.get_context('fork').Pool(2) as pool:\n    squares = pool.map(square, range(4))\ndel pool",
    )
    assert nb.evaluate("squares") == [0, 1, 4, 9]


def test_an_owner_that_opens_and_closes_its_own_file_still_owns_it(nb: Notebook, make: Callable[..., Notebook]) -> None:
    nb.ok(
        LOAD,
        "import glob\nfor path in glob.glob('.durnb/**/*', recursive=True):\n    try: open(path, 'rb').close()\n    except OSError: pass",
    )
    assert make(nb.place).open(**QUICK).refused(LOAD).ename == "RunHeld"
    nb.ok("%%durable more\nx = 1")
    nb.open()
    nb.ok(LOAD, "%%durable more\nx = 1")
    assert nb.executions == {"load": 1}


def test_a_notebook_run_by_two_kernels_with_different_keys_disturbs_neither(nb: Notebook, make: Callable[..., Notebook]) -> None:
    nb.ok(LOAD)
    second = make(nb.place).open()
    second.ok("%durable run other", LOAD)
    nb.ok("%%durable more\nx = 1")
    second.ok("%%durable more\nx = 1")
    assert nb.executions == {"load": 2}


def test_another_process_can_ask_a_busy_kernel_to_look(nb: Notebook) -> None:
    nb.ok(LOAD)
    busy = nb.begin("import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)")
    assert nb.control("durnb_request", {"op": "look"})["status"] == "ok"
    assert nb.control("durnb_request", {"op": "nonsense"})["status"] == "error"
    (nb.place.folder / "go").touch()
    nb.finish(busy)
