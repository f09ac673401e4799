"""`durnb.history()` in a kernel, and of a notebook whose kernel is another."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from kernel.conftest import Notebook

LOAD = """%%durable load
class Model:
    seen = []
    def __init__(self, v): self.v = v
def scaled(x): return x * k
data = [1, 2]
model = Model(3)
print('loading')
len(data)"""
USE = "%%durable use\nran('use')\ntotal = sum(data) * k\nclosed = open(__import__('os').devnull)"
PLAIN = "import durnb, json\nk = 10"
# DuckDB 1.5 loads pandas by itself, where it is installed, and then rows come as a DataFrame
TUPLES = "def tuples(found): return [list(row) for row in (found.itertuples(index=False) if hasattr(found, 'itertuples') else found)]"


def test_a_kernel_looks_into_the_run_that_it_owns_and_changes_nothing(nb: Notebook) -> None:
    nb.ok(PLAIN, LOAD, USE, "k = 7")
    before = nb.evaluate("[id(data), id(model), id(Model), id(scaled), Model.seen, sorted(n for n in globals() if n[0] != '_')]")
    status = nb.status()
    values = nb.evaluate(
        "(lambda load: [load.load('data'), load.load('data') is data, type(load.load('model')) is Model, load.load('model').v, "
        "load.load('scaled')(2), load.load('scaled') is scaled, load.checkpoint.value, [o['output_type'] for o in load.outputs]])"
        "(durnb.history()['interactive.1']['load'])"
    )
    assert values == [[1, 2], False, True, 3, 14, False, 2, ["stream", "execute_result"]]
    assert nb.evaluate("[id(data), id(model), id(Model), id(scaled), Model.seen, sorted(n for n in globals() if n[0] != '_')]") == before
    use = "durnb.history().last['use'].last"
    assert nb.evaluate(f"[{use}.load_input('data'), {use}.load_input('k'), {use}.inputs['data'].checkpoint['data']]") == [
        [1, 2],
        10,
        [1, 2],
    ]
    nb.ok("k = 10", LOAD, USE)
    assert nb.executions == {"use": 1}
    assert {name: step["executions"] for name, step in nb.status().items()} == {name: step["executions"] for name, step in status.items()}


def test_what_is_loaded_of_an_edited_class_is_what_it_was_then(nb: Notebook) -> None:
    nb.ok(
        PLAIN, LOAD, "Model.seen.append('later')", LOAD.replace("def __init__(self, v): self.v = v", "def __init__(self, v): self.v = v, v")
    )
    nb.ok("first, second = durnb.history().last['load'].checkpoints")
    assert nb.evaluate("[first['model'].v, second['model'].v, type(first['model']) is Model, type(second['model']) is Model]") == [
        3,
        [3, 3],
        False,
        True,
    ]
    assert nb.evaluate("durnb.history().last['load'].last.diff(durnb.history().last['load'].executions[0]).count('self.v = v, v')") == 1


def test_history_and_sql_in_the_step_that_runs(nb: Notebook) -> None:
    nb.ok(
        PLAIN,
        TUPLES,
        "import duckdb\nduckdb.execute('create temp table mine as select 7 as x')",
        LOAD,
        "%%durable look\nrun = durnb.history().last\nseen = [run['look'].status, run['look'].last.attempts[0].status, run.holder]\n"
        "data2 = run['load'].load('data')\nrows = tuples(durnb.history().sql('select step, status from steps'))",
    )
    assert nb.evaluate("[seen, data2, rows]") == [
        ["running", "running", "this kernel"],
        [1, 2],
        [["load", "succeeded"], ["look", "running"]],
    ]
    assert nb.evaluate("duckdb.execute('select x from mine').fetchone()[0]") == 7


def test_a_history_that_is_bound_in_the_notebook_is_stored_and_is_no_change(nb: Notebook) -> None:
    cells = [
        PLAIN,
        "h = durnb.history()",
        LOAD,
        "%%durable keep\nran('keep')\nmine = h.last",
        "%%durable read\nran('read')\nn = len(mine), len(h)",
    ]
    nb.ok(*cells)
    nb.open().ok(*cells)
    assert nb.executions == {"keep": 1, "read": 1}
    assert nb.evaluate("mine['load'].load('data')") == [1, 2]


def test_the_run_of_another_kernel_and_then_of_nobody(nb: Notebook, make: Callable[..., Notebook]) -> None:
    nb.ok(PLAIN, LOAD, "%durable run day=1", LOAD, "%durable run interactive", LOAD)
    second = make(nb.place).open()
    told = "while 'load' not in durnb.history()['interactive.1']: time.sleep(0.01)"  # a kernel tells others of its run a moment later
    second.ok(f"import durnb, warnings, json, time\n{told}\nh = durnb.history()")
    shown = second.ok("h")
    assert f"process {nb.pid}" in shown.text
    assert second.run("h['interactive.1']['load'].load('data')").ename == "RunHeld"
    assert second.evaluate("[h['interactive.1']['load'].status, h['day=1']['load'].load('data')]") == ["finished", [1, 2]]
    answer = second.ok("print(h.sql('select distinct run from steps'))")
    assert "day=1.1" in answer.text
    assert f"interactive.1 is left out: run interactive.1 of nb.ipynb is held by process {nb.pid}" in answer.stderr
    assert nb.ok("%%durable more\nx = 1").ok
    nb.kill()
    assert _outside(nb, "print(json.dumps([h['interactive.1']['load'].load('data'), list(h['interactive.1'])]))") == [
        [1, 2],
        ["load", "more"],
    ]
    assert _outside(nb, f"{TUPLES}\nprint(json.dumps(tuples(h.sql('select distinct run from steps order by 1'))))") == [
        ["day=1.1"],
        ["interactive.1"],
    ]


def _outside(nb: Notebook, code: str) -> Any:
    """What a Python process without Jupyter prints, as JSON."""
    prelude = "import sys, json, durnb\nh = durnb.history('nb.ipynb')\n"
    after = "\nassert 'IPython' not in sys.modules and 'ipykernel' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", prelude + code + after],
        cwd=nb.place.folder,
        env=nb.place.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_where_nothing_ran_yet_the_history_is_empty_and_begins_nothing(nb: Notebook) -> None:
    assert "no durable cell has run yet" in nb.ok("import durnb\ndurnb.history()").text
    assert nb.evaluate("[len(durnb.history()), len(durnb.history().sql('select * from steps'))]") == [0, 0]
    assert not (nb.place.folder / ".durnb").exists()


def test_without_durnb_loaded_a_kernel_has_to_name_the_notebook(nb: Notebook) -> None:
    nb.ok(PLAIN, LOAD, "%unload_ext durnb")
    assert "%load_ext durnb" in nb.run("durnb.history()").evalue
    assert nb.evaluate("durnb.history('nb.ipynb').last['load'].load('data')") == [1, 2]
