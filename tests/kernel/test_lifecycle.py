"""Loading, unloading and loading again; kernels that end in good order; kernels that were started, not forked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kernel.conftest import Notebook

LOAD = "%%durable load\nran('load')\ndata = [1, 2]\nprint('loaded')"
STATE = (
    "[sorted(get_ipython().magics_manager.magics['line']), sorted(get_ipython().magics_manager.magics['cell']),"
    " len(get_ipython().input_transformers_cleanup), len(get_ipython().input_transformers_post), 'run_ast_nodes' in vars(get_ipython()),"
    " sorted(get_ipython().kernel.control_handlers), [len(c) for c in get_ipython().events.callbacks.values()], len(get_ipython().ast_transformers),"
    " 'send_multipart' in vars(get_ipython().kernel.iopub_thread), 'showtraceback' in vars(get_ipython()),"
    " sum(type(c).__name__ != 'ExtensionMagics' for c in get_ipython().configurables), sorted(n for n in get_ipython().user_ns if not n.startswith('_'))]"
)


def test_unloading_leaves_nothing_behind(make: Callable[..., Notebook]) -> None:
    nb = make().start()
    before = nb.evaluate(STATE)
    nb.ok("%load_ext durnb", "%%durable one\nprint('x')", "%unload_ext durnb")
    assert nb.evaluate(STATE) == before
    result = nb.run("%%durable one\nprint('x')")
    assert "durable" in str(result.all_outputs)
    assert result.badges == []


def test_unloading_gives_the_run_up_and_loading_again_goes_on(nb: Notebook, make: Callable[..., Notebook]) -> None:
    nb.ok(LOAD, "%unload_ext durnb")
    other = make(nb.place).open()
    assert other.ok(LOAD).replayed
    other.kill()
    nb.ok("%load_ext durnb")
    assert nb.ok(LOAD).replayed
    nb.ok("%reload_ext durnb")
    assert nb.ok(LOAD).replayed
    assert nb.executions == {"load": 1}


def test_loading_twice_is_loading_once(nb: Notebook) -> None:
    nb.ok("%load_ext durnb", "%load_ext durnb", LOAD)
    assert len(nb.ok(LOAD).badges) == 1


def test_values_made_in_a_kernel_outlive_the_unloading(nb: Notebook) -> None:
    nb.ok(LOAD, "%unload_ext durnb")
    assert nb.evaluate("data") == [1, 2]


def test_the_extension_can_be_loaded_from_the_command_line(nb: Notebook) -> None:
    nb.restart("durnb").ok("from tally import ran", LOAD)
    assert nb.executions == {"load": 1}


def test_a_bad_setting_does_not_stop_the_kernel_but_the_first_durable_cell(nb: Notebook) -> None:
    nb.open(DURNB_ASK_OVER="soon").ok("1 + 1")
    result = nb.refused(LOAD)
    assert "DURNB_ASK_OVER" in result.evalue
    assert nb.executions == {}


def test_a_kernel_that_ends_in_good_order_gives_the_run_up(nb: Notebook) -> None:
    nb.ok(LOAD)
    nb.shutdown()
    nb.open()
    assert nb.ok(LOAD).replayed
    assert nb.executions == {"load": 1}


@pytest.mark.parametrize("end", ["kill", "shutdown"])
def test_a_started_kernel_does_the_main_job(make: Callable[..., Notebook], end: str) -> None:
    nb = make(nursery=None, history=True).open()
    first = nb.ok(LOAD)
    nb.run(
        "%%durable train\nimport os, signal\nran('train')\nif not os.path.exists('go'): os.kill(os.getpid(), signal.SIGKILL)\nm = len(data)"
    )
    (nb.place.folder / "go").touch()
    again = nb.open().ok(LOAD)
    assert again.text == first.text == "loaded\n"
    assert "load · from checkpoint · ran " in again.badge
    assert "again: %durable rerun load" in again.badge
    result = nb.ok(
        "%%durable train\nimport os, signal\nran('train')\nif not os.path.exists('go'): os.kill(os.getpid(), signal.SIGKILL)\nm = len(data)"
    )
    assert "attempt 2" in result.badge
    assert nb.executions == {"load": 1, "train": 2}
    getattr(nb, end)()
    nb.open().ok(LOAD)
    assert nb.executions == {"load": 1, "train": 2}


HEAVY = "sorted({'duckdb', 'durnb.engine.session', 'numpy', 'pandas', 'nbclient', 'rich', 'dill'} & set(__import__('sys').modules))"
AHEAD = "__import__('IPython').get_ipython()._durnb_extension.ahead"


def test_a_kernel_that_loads_durnb_by_itself_imports_nothing_heavy_where_nothing_is_durable_yet(make: Callable[..., Notebook]) -> None:
    nb = make(nursery=None)
    nb.start("durnb").ok("1 + 1", "%load_ext durnb", "1 + 1")
    assert nb.evaluate(f"{AHEAD} is None")
    assert nb.evaluate(HEAVY) == []
    nb.ok("%%durable one\n1")
    nb.start("durnb").ok("1 + 1")  # its folder has runs now
    assert not nb.evaluate(f"{AHEAD}.finish()")
    assert "durnb.engine.session" in nb.evaluate(HEAVY)


def test_what_the_first_step_needs_is_imported_when_a_cell_has_loaded_durnb(make: Callable[..., Notebook]) -> None:
    nb = make(nursery=None).open()
    assert not nb.evaluate(f"{AHEAD}.finish()")
    assert nb.evaluate(HEAVY) in (["duckdb", "durnb.engine.session"], ["durnb.engine.session"])  # DuckDB 1.5 comes with the first step
    nb.ok("import threading", LOAD)
    assert nb.evaluate("[t.name for t in threading.enumerate() if t.name == 'durnb-imports']") == []


def test_what_can_not_be_imported_ahead_is_told_by_the_first_step(make: Callable[..., Notebook]) -> None:
    nb = make(nursery=None)
    (nb.place.folder / "duckdb.py").write_text("raise ImportError('duckdb is broken')")
    nb.start().run("import sys\nsys.path.insert(0, '')\n%load_ext durnb")
    assert not nb.evaluate(f"{AHEAD}.finish()")
    assert "duckdb is broken" in nb.run("%%durable one\n1").evalue
    assert "Traceback" not in nb.logged()


def test_a_notebook_may_use_duckdb_itself(nb: Notebook) -> None:
    nb.ok(
        "import duckdb\nmine = duckdb.connect()\nmine.execute('create table t as select 1 as a')",
        "%%durable one\nrows = mine.execute('select a from t').fetchall()",
    )
    assert nb.evaluate("rows") == [[1]]
    nb.open().ok("import duckdb\nmine = duckdb.connect()\nmine.execute('create table t as select 1 as a')")
    assert nb.ok("%%durable one\nrows = mine.execute('select a from t').fetchall()").replayed


def test_a_run_is_opened_without_ipywidgets_and_duckdb_shows_its_progress_all_the_same(make: Callable[..., Notebook]) -> None:
    nb = make(nursery=None).open()
    is_there = nb.evaluate("'ipywidgets' in __import__('sys').modules")  # old kernels import it themselves
    nb.ok(LOAD)
    assert nb.evaluate("'ipywidgets' in __import__('sys').modules") is is_there
    query = "select count(*) from range(30000) a, range(3000) b where (a.range * b.range) % 7 = 3"
    shown = nb.ok(f"import duckdb\nc = duckdb.connect()\nc.execute('set progress_bar_time=0')\nc.execute({query!r}).fetchall()")
    assert any("application/vnd.jupyter.widget-view+json" in output.get("data", {}) for output in shown.outputs)
    assert nb.evaluate("__import__('sys').modules['ipywidgets'].FloatProgress.__module__") == "ipywidgets.widgets.widget_float"


def test_the_garbage_collector_is_as_the_user_has_it(nb: Notebook) -> None:
    nb.ok("import gc", "%%durable on\nran('on')\nwas_on = gc.isenabled()")
    assert nb.evaluate("[was_on, gc.isenabled()]") == [True, True]
    nb.ok("%%durable off\nran('off')\ngc.disable()", "%%durable after\nstays_off = not gc.isenabled()")
    assert nb.evaluate("[stays_off, gc.isenabled()]") == [True, False]
    nb.ok("gc.enable()", "%%durable again\nis_on = gc.isenabled()")
    assert nb.evaluate("[is_on, gc.isenabled()]") == [True, True]
