"""Durable calls inside a step: recorded when they return, never made again in their generation."""

from __future__ import annotations

from kernel.conftest import Notebook

START = """
import asyncio, os, signal, threading
from pathlib import Path
import durnb

def die(name='died'):
    '''Kills the kernel, the first time.'''
    if not Path(name).exists():
        Path(name).touch()
        os.kill(os.getpid(), signal.SIGKILL)

def work(x):
    ran(f'work{x}')
    return {'x': x, 'list': [x, 2.5]}
"""


def dies_then_goes_on(nb: Notebook, cell: str, *before: str) -> str:
    """Run the cell, whose kernel is killed in it, then once more; what the badge says then."""
    nb.ok(START, *before)
    assert nb.run(cell).status == "died"
    return nb.open().ok(START, *before, cell).badge


def test_calls_that_returned_are_not_made_again_after_a_crash(nb: Notebook) -> None:
    dies_then_goes_on(nb, "%%durable three\nfound = [durnb.call(work)(n) for n in range(3)]\ndie()\nfound.append(durnb.call(work)(3))")
    assert nb.executions == {"work0": 1, "work1": 1, "work2": 1, "work3": 1}
    assert nb.evaluate("found[2]") == {"x": 2, "list": [2, 2.5]}


def test_results_of_every_kind_come_back(nb: Notebook) -> None:
    values = "[(1, 'a'), {1, 2}, b'x' * 100_000, 1 + 2j, float('inf'), work, Point(1), [[0]] * 2, 'x' * 1000, None, range(3), '\\ud800']"
    point = "class Point:\n    def __init__(self, x): self.x = x\n    def __eq__(self, other): return self.x == other.x"
    cell = (
        f"%%durable kinds\nvalues = {values}\ngive = durnb.call(lambda n: values[n])\n"
        "found = [give(n) for n in range(len(values))]\ndie()\nsame = found == values\nalias = found[7][0] is found[7][1]\nbound = found[5] is work"
    )
    dies_then_goes_on(nb, cell, point)
    assert nb.evaluate("[same, alias, bound]") == [True, True, True]


def test_a_call_is_known_by_its_arguments_and_not_by_its_order(nb: Notebook) -> None:
    cell = "%%durable order\nnumbers = [1, 2, 2, 3]\nif Path('died').exists(): numbers.reverse()\nfound = [durnb.call(work)(n)['x'] for n in numbers]\ndie()"
    dies_then_goes_on(nb, cell)
    assert nb.executions == {"work1": 1, "work2": 2, "work3": 1}
    assert nb.evaluate("found") == [3, 2, 2, 1]


def test_a_lambda_is_known_by_what_it_reads(nb: Notebook) -> None:
    cell = "%%durable order\nfor u in ('a', 'b') if not Path('died').exists() else ('b', 'c'): found = durnb.call(lambda: work(u)['x'])()\ndie()"
    dies_then_goes_on(nb, cell)
    assert nb.executions == {"worka": 1, "workb": 1, "workc": 1}
    assert nb.evaluate("found") == "c"


def test_arguments_without_stable_content_ask_for_a_key(nb: Notebook) -> None:
    nb.ok(START, "import socket\nline = socket.socket()\ndef guarded(line, n): return n")
    result = nb.run("%%durable one\ndurnb.call(guarded)(line, 1)")
    assert result.ename == "UsageError"
    assert "key=" in result.evalue
    assert nb.ok("%%durable one\ndurnb.call(guarded, key=1)(line, 1)").text == "1"


def test_an_edit_of_the_cell_keeps_its_calls_and_changed_inputs_do_not(nb: Notebook) -> None:
    nb.ok(START, "n = 1", "%%durable one\nx = durnb.call(work)(5)\ny = n")
    nb.ok("%%durable one\nx = durnb.call(work)(5)\ny = n\nz = 1")
    assert nb.executions == {"work5": 1}
    nb.ok("n = 2", "%%durable one\nx = durnb.call(work)(5)\ny = n\nz = 1")
    assert nb.executions == {"work5": 2}
    nb.ok("%durable rerun one", "%%durable one\nx = durnb.call(work)(5)\ny = n\nz = 1")
    assert nb.executions == {"work5": 3}


def test_a_function_that_changed_is_called_again_unless_its_calls_are_kept(nb: Notebook) -> None:
    nb.ok(START, "def inner(): return 1\ndef outer(): ran('outer'); return inner()")
    cell = "%%durable one\nx = durnb.call(outer{})()\nif x < 3: raise ValueError('fails')"
    assert nb.run(cell.format("")).ename == "ValueError"
    assert nb.run(cell.format("")).ename == "ValueError"
    assert nb.executions == {"outer": 1}
    nb.ok("def inner(): return 2")
    assert nb.run(cell.format(", on_change='keep'")).ename == "ValueError"
    assert nb.executions == {"outer": 1}
    assert nb.run(cell.format("")).ename == "ValueError"
    assert nb.executions == {"outer": 2}
    nb.ok("def inner(): return 3", cell.format(""))
    assert nb.executions == {"outer": 3}


def test_stale_calls_that_took_long_ask_first(nb: Notebook) -> None:
    nb.ok(START, "%config Durable.ask_over = '0.01s'", "import time\ndef slow(): time.sleep(0.05); ran('slow'); return 1")
    cell = "%%durable one\ntry:\n    x = durnb.call(slow)()\nexcept Exception: x = None\nif x == 1: raise ValueError('fails')"
    assert nb.run(cell).ename == "ValueError"
    nb.ok("def slow(): ran('slow'); return 2")
    asked = nb.refused(cell)  # although the cell swallows it
    assert asked.ename == "StepAsks"
    assert "%durable resolve one/* keep" in asked.evalue
    nb.ok("%durable resolve one/* retry", cell)
    assert nb.executions == {"slow": 2}
    assert nb.evaluate("x") == 2


def test_a_failed_call_is_tried_again_and_its_tries_are_counted_over_kernels(nb: Notebook) -> None:
    flaky = "def flaky(n):\n    ran('try')\n    if Path('tally.py.txt').read_text().split().count('try') < n: raise OSError('no')\n    die()\n    return 'good'"
    dies_then_goes_on(nb, "%%durable one\nx = durnb.call(flaky, retries=3, delay='1ms')(3)", flaky)
    assert nb.executions == {"try": 4}
    assert nb.evaluate("x") == "good"
    result = nb.run("%%durable two\ndurnb.call(flaky, retries=2, delay='1ms', no_retry=OSError)(9)")
    assert (result.ename, nb.executions) == ("OSError", {"try": 5})


def test_a_call_that_takes_too_long_ends_with_an_error(nb: Notebook) -> None:
    nb.ok(START, "def hangs(): threading.Event().wait(60)\nasync def waits(): await asyncio.sleep(60)")
    for cell in ("durnb.call(hangs, timeout='20ms')()", "await durnb.call(waits, timeout='20ms')()"):
        assert nb.run(f"%%durable one\n{cell}").ename == "CallTimedOut"


def test_coroutines_and_generators_are_recorded_too(nb: Notebook) -> None:
    functions = (
        "@durnb.call\nasync def get(x):\n    ran(f'get{x}')\n    await asyncio.sleep(0)\n    return await durnb.call(double)(x)\n"
        "async def double(x): ran(f'double{x}'); return 2 * x\n"
        "@durnb.call\ndef stream():\n    for x in range(3): ran(f'stream{x}'); yield x\n"
        "@durnb.call\nasync def astream():\n    for x in range(3): ran(f'astream{x}'); yield x"
    )
    cell = "%%durable many\na = await asyncio.gather(*map(get, range(5)))\nb = list(stream())\nc = [x async for x in astream()]\ndie()\nd = a + b + c"
    dies_then_goes_on(nb, cell, functions)
    assert nb.evaluate("d") == [0, 2, 4, 6, 8, 0, 1, 2, 0, 1, 2]
    assert set(nb.executions.values()) == {1}
    assert len(nb.executions) == 16


def test_calls_from_fifty_threads_and_a_thousand_tasks_are_made_once(nb: Notebook) -> None:
    functions = "lock = threading.Lock()\ncount = [0]\ndef once(x):\n    with lock: count[0] += 1\n    return x * x\nasync def aonce(x): return once(x)"
    cell = (
        "%%durable many\nout = {}\ndef body(n):\n    for k in range(20): out[n, k] = durnb.call(once)((n, k)[k % 1] * 100 + k)\n"
        "threads = [threading.Thread(target=body, args=(n,)) for n in range(50)]\n[t.start() for t in threads]\n[t.join() for t in threads]\n"
        "found = await asyncio.gather(*(durnb.call(aonce)(n) for n in range(1000)))\ndel threads, t\nhow = count[0]\ndie()\n"
        "good = found == [n * n for n in range(1000)] and len(out) == 1000"
    )
    cell = cell.replace("\ndel threads, t", "\ndel threads")
    dies_then_goes_on(nb, cell, functions)
    assert nb.evaluate("[good, how]") == [True, 0]


def test_a_call_that_may_happen_once_asks_after_a_crash_in_it(nb: Notebook) -> None:
    cell = "%%durable pay\nx = durnb.call(charge, once=True)(5)"
    nb.ok(START, "def charge(n):\n    ran('charge')\n    die()\n    return n")
    assert nb.run(cell).status == "died"
    nb.open().ok(START, "def charge(n):\n    ran('charge')\n    die()\n    return n")
    asked = nb.refused(cell)
    assert "%durable resolve pay/charge done" in asked.evalue
    assert "did it happen? done says that it did" in asked.evalue
    assert "done or %durable resolve pay/charge retry" in asked.badge
    for text in ("sent manually", '"sent manually"'):
        assert 'done, with the result "sent manually"; run' in nb.ok(f"%durable resolve pay/charge done {text}").text
    answered = nb.ok("%durable resolve pay/charge done '{\"id\": 7}'").text
    assert 'the call charge counts as done, with the result {"id": 7}; run the cell of pay' in answered
    nb.ok(cell)
    assert nb.evaluate("x") == {"id": 7}
    assert nb.executions == {"charge": 1}


def test_a_named_call_happens_once_over_all_runs(nb: Notebook) -> None:
    nb.ok(START, "def charge(n):\n    ran('charge')\n    return (n, b'receipt')")
    cell = "%%durable pay\nx = durnb.call(charge, once='invoice-4711')(5)"
    nb.ok(cell, "%durable new")
    assert "invoice-4711 was done by step pay" in nb.ok("x = 0", cell).announcement
    assert nb.evaluate("x == (5, b'receipt')") is True
    assert nb.executions == {"charge": 1}
    fails = "%%durable other\ndurnb.call(lambda: 1 / 0, once='other')()"
    assert nb.run(fails).ename == "ZeroDivisionError"
    nb.ok("%durable new")
    assert "%durable resolve other/other" in nb.refused(fails).evalue
    nb.ok("%durable resolve other/other retry")
    assert nb.run(fails).ename == "ZeroDivisionError"


def test_a_result_that_cannot_be_stored_is_used_now_and_asked_for_after(nb: Notebook) -> None:
    nb.ok(START, "def opens(): ran('opens'); return __import__('socket').socket()")
    cell = "%%durable one\nlock = durnb.call(opens)()\ndie()\nlock.close()\ndel lock"
    assert nb.run(cell).status == "died"
    nb.open().ok(START, "def opens(): ran('opens'); return __import__('socket').socket()")
    assert "could not be stored" in nb.refused(cell).evalue
    nb.ok("%durable resolve one/opens retry", cell)
    assert nb.executions == {"opens": 2}


def test_a_call_left_behind_by_its_step_is_an_error(nb: Notebook) -> None:
    nb.ok(START, "go, errors = threading.Event(), []")
    late = "def late():\n    go.wait()\n    try: durnb.call(work)(1)\n    except Exception as error: errors.append(type(error).__name__)"
    nb.ok(f"%%durable one --ignore go,errors\n{late}\nthreading.Thread(target=late, daemon=True).start()")
    nb.ok("go.set()\nwhile not errors: pass")
    assert nb.evaluate("errors") == ["CallTooLate"]
    assert nb.executions == {}


def test_outside_of_a_step_a_durable_function_is_called_as_it_is(nb: Notebook) -> None:
    nb.ok(START)
    assert "nothing is recorded" in nb.ok("durnb.call(work)(1)").announcement
    assert nb.ok("durnb.call(work)(1)").announcement == ""
    nb.ok("%durable off", "%%durable one\ndurnb.call(work)(1)")
    assert nb.executions == {"work1": 3}
