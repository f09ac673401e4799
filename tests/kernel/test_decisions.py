"""When a finished step is reused, runs again, asks or is refused: the options and commands that say so."""

from __future__ import annotations

import pytest

from kernel.conftest import Notebook

DIES = "import os, signal\nif not os.path.exists('go'): os.kill(os.getpid(), signal.SIGKILL)"


def test_a_once_step_that_finished_is_never_run_again_even_when_stale(nb: Notebook) -> None:
    nb.ok("%%durable pay --once\nran('pay')\nx = 1")
    result = nb.open().ok("%%durable pay --once\nran('pay')\nx = 2")
    assert nb.executions == {"pay": 1}
    assert nb.evaluate("x") == 1
    assert "edited" in result.badge or "stale" in result.badge


@pytest.mark.parametrize("end", [DIES, "raise ValueError('no')", "raise KeyboardInterrupt"])
def test_a_once_step_that_did_not_finish_asks(nb: Notebook, end: str) -> None:
    cell = f"%%durable pay --once\nran('pay')\n{end}"
    nb.run(cell)
    nb.open()
    result = nb.refused(cell)
    assert result.ename == "StepAsks"
    for answer in ("done", "retry", "abort"):
        assert f"%durable resolve pay {answer}" in result.evalue
    assert nb.executions == {"pay": 1}


def test_a_once_step_resolved_as_done_counts_as_finished(nb: Notebook) -> None:
    cell = f"%%durable pay --once\nran('pay')\n{DIES}\nx = 1"
    nb.run(cell)
    nb.open().ok("%durable resolve pay done", cell)
    assert nb.executions == {"pay": 1}
    nb.open().ok(cell)
    assert nb.executions == {"pay": 1}


def test_what_a_step_taken_as_done_did_not_bind_is_bound_by_hand_and_never_by_running_it_again(nb: Notebook) -> None:
    pay, use = f"%%durable pay --once\nran('pay')\n{DIES}\nx = 1", "%%durable use\ny = x"
    nb.run(pay)
    nb.open().ok("%durable resolve pay done", pay)
    refused = nb.refused(use).evalue
    assert "rerun" not in refused
    assert "bind `x` in a cell below it" in refused
    assert "%durable save pay" in refused
    nb.ok("x = 5", "%durable save pay", use)
    nb.open().ok(pay, use)
    assert (nb.executions, nb.evaluate("[x, y]")) == ({"pay": 1}, [5, 5])


def test_a_once_step_resolved_as_retry_runs(nb: Notebook) -> None:
    cell = f"%%durable pay --once\nran('pay')\n{DIES}\nx = 1"
    nb.run(cell)
    (nb.place.folder / "go").touch()
    nb.open().ok("%durable resolve pay retry", cell)
    assert (nb.executions, nb.evaluate("x")) == ({"pay": 2}, 1)


def test_a_once_step_resolved_as_abort_is_refused_until_another_answer(nb: Notebook) -> None:
    cell = f"%%durable pay --once\nran('pay')\n{DIES}\nx = 1"
    nb.run(cell)
    (nb.place.folder / "go").touch()
    nb.open().ok("%durable resolve pay abort")
    assert nb.refused(cell).ename == "StepRefused"
    assert nb.open().refused(cell).ename == "StepRefused"
    nb.ok("%durable resolve pay retry", cell)
    assert nb.executions == {"pay": 2}


def test_an_edited_step_is_kept_asked_about_or_run_as_its_option_says(nb: Notebook) -> None:
    for how in ("keep", "ask", "rerun"):
        nb.ok(f"%%durable {how} --on-change {how}\nran('{how}')\n{how} = 1")
    kept = nb.ok("%%durable keep --on-change keep\nran('keep')\nkeep = 2")
    asked = nb.refused("%%durable ask --on-change ask\nran('ask')\nask = 2")
    nb.ok("%%durable rerun --on-change rerun\nran('rerun')\nrerun = 2")
    assert asked.ename == "StepAsks"
    assert "edited" in asked.evalue
    assert "keep" in kept.badge
    assert nb.executions == {"keep": 1, "ask": 1, "rerun": 2}
    assert nb.evaluate("[keep, ask, rerun]") == [1, 1, 2]


@pytest.mark.parametrize(("answer", "value", "runs"), [("keep", 1, 1), ("retry", 2, 2)])
def test_a_stale_step_that_asked_does_what_was_answered(nb: Notebook, answer: str, value: int, runs: int) -> None:
    nb.ok("%%durable one --on-change ask\nran('one')\nx = 1")
    nb.refused("%%durable one --on-change ask\nran('one')\nx = 2")
    nb.ok(f"%durable resolve one {answer}", "%%durable one --on-change ask\nran('one')\nx = 2")
    assert (nb.evaluate("x"), nb.executions["one"]) == (value, runs)


def test_keep_is_no_answer_where_nothing_is_asked(nb: Notebook) -> None:
    one, edited = "%%durable one --on-change ask\nran('one')\nx = 1", "%%durable one --on-change ask\nran('one')\nx = 2"
    nb.place.write([("a", one)])
    nb.ok(one)
    assert "asks nothing" in nb.refused("%durable resolve one keep").evalue
    asked = nb.refused(edited)  # not saved yet
    assert asked.badge.count("%durable resolve") == 2
    nb.ok("%durable resolve one keep", edited)
    assert "it was its first run" in str(nb.ok("%durable show one").outputs)
    assert nb.executions == {"one": 1}


def test_a_kept_step_is_not_asked_about_again(nb: Notebook) -> None:
    nb.ok("%%durable one --on-change ask\nran('one')\nx = 1")
    nb.refused("%%durable one --on-change ask\nran('one')\nx = 2")
    nb.ok("%durable resolve one keep", "%%durable one --on-change ask\nran('one')\nx = 2")
    nb.open().ok("%%durable one --on-change ask\nran('one')\nx = 2")
    assert nb.executions == {"one": 1}


def test_the_setting_for_changes_holds_where_the_header_is_silent(nb: Notebook) -> None:
    nb.open(DURNB_ON_CHANGE="keep").ok("%%durable one\nran('one')\nx = 1", "%%durable one\nran('one')\nx = 2")
    nb.ok("%%durable one --on-change rerun\nran('one')\nx = 3")
    assert nb.executions == {"one": 2}


def test_a_long_step_that_is_stale_for_a_plain_value_asks(nb: Notebook) -> None:
    nb.ok("%config Durable.ask_over = '1ms'", "k = 1", "%%durable one\nimport time\nran('one')\ntime.sleep(0.05)\ny = k", "k = 2")
    result = nb.refused("%%durable one\nimport time\nran('one')\ntime.sleep(0.05)\ny = k")
    assert result.ename == "StepAsks"
    assert "`k`" in result.evalue


def test_a_result_expires(nb: Notebook) -> None:
    nb.ok("%%durable one --expires 1h\nran('one')", "%%durable one --expires 1h\nran('one')")
    assert nb.executions == {"one": 1}
    assert "expired" in nb.ok("%%durable one --expires 1ms\nran('one')").badge
    assert nb.executions == {"one": 2}


def test_an_always_step_runs_every_time_and_early_cutoff_holds_after_it(nb: Notebook) -> None:
    cells = ["%%durable now --always\nran('now')\nx = 1", "%%durable use\nran('use')\ny = x"]
    nb.ok(*cells)
    nb.open().ok(*cells)
    assert nb.executions == {"now": 2, "use": 1}


def test_only_the_names_to_save_are_kept(nb: Notebook) -> None:
    nb.ok("%%durable one --save kept,also\nkept = [1]\nalso = 2\nscratch = 3")
    nb.open().ok("%%durable one --save kept,also\nkept = [1]\nalso = 2\nscratch = 3")
    assert nb.names("kept", "also", "scratch") == {"kept": "[1]", "also": "2"}


def test_ignored_names_are_neither_inputs_nor_kept(nb: Notebook) -> None:
    nb.ok("client = 1", "%%durable one --ignore client\nran('one')\nx = client\nclient = 5")
    nb.open().ok("client = 2", "%%durable one --ignore client\nran('one')\nx = client\nclient = 5")
    assert nb.executions == {"one": 1}
    assert nb.evaluate("[x, client]") == [1, 2]


def test_a_step_depends_on_the_files_that_it_names(nb: Notebook) -> None:
    cell = "%%durable one --depends 'data/*.csv' --depends config.json\nran('one')\nx = open('data/a.csv').read()"
    data = nb.place.folder / "data"
    data.mkdir()
    (data / "a.csv").write_text("1")
    nb.ok(cell, cell)
    assert nb.executions == {"one": 1}
    (data / "a.csv").write_text("2")
    assert "data/a.csv" in nb.ok(cell).badge
    (data / "b.csv").write_text("3")
    nb.ok(cell)
    (nb.place.folder / "config.json").write_text("{}")
    nb.ok(cell)
    assert nb.executions == {"one": 4}
    nb.open().ok(cell)
    assert nb.executions == {"one": 4}


def test_the_reason_names_the_input_that_changed_and_the_step_that_made_it(nb: Notebook) -> None:
    nb.ok("%%durable load\ndf = [1]", "%%durable use\ny = len(df)", "%%durable load\ndf = [1, 2]")
    badge = nb.ok("%%durable use\ny = len(df)").badge
    assert "`df` changed" in badge
    assert "load" in badge


def test_a_missing_plain_name_is_refused_with_the_way_out(nb: Notebook) -> None:
    nb.ok("k = 1", "%%durable one\nran('one')\ny = k")
    nb.open()
    result = nb.refused("%%durable one\nran('one')\ny = k")
    assert result.ename == "StepRefused"
    assert "`k`" in result.evalue
    assert "run the cells above" in result.evalue
    assert nb.executions == {"one": 1}


def test_a_missing_name_of_a_finished_step_is_refused_and_restore_is_offered(nb: Notebook) -> None:
    nb.ok("%%durable load\ndf = [1]", "%%durable use\nran('use')\ny = len(df)")
    nb.open()
    result = nb.refused("%%durable use\nran('use')\ny = len(df)")
    assert "%durable restore" in result.evalue
    assert "load" in result.evalue
    nb.ok("%durable restore", "%%durable use\nran('use')\ny = len(df)")
    assert nb.executions == {"use": 1}


def test_a_name_that_a_cell_may_lack_is_no_reason_to_refuse(nb: Notebook) -> None:
    nb.ok("%%durable one\ntry:\n    y = perhaps\nexcept NameError:\n    y = 'none'")
    assert nb.evaluate("y") == "none"


@pytest.mark.parametrize(
    "body",
    [
        "from math import *\ny = sqrt(4)",
        "exec('z = 2.0')\ny = z",
        "globals()['z'] = 2.0\ny = z",
        "%run -n two.py\ny = two",
        "bind_two()\ny = two",
    ],
)
def test_names_that_no_text_shows_to_be_bound_are_no_reason_to_refuse(nb: Notebook, body: str) -> None:
    (nb.place.folder / "two.py").write_text("two = 2.0\n")
    nb.ok("def bind_two():\n    global two\n    two = 2.0", f"%%durable one\n{body}")
    assert nb.evaluate("y") == 2.0
    nb.open()
    nb.ok("def bind_two():\n    global two\n    two = 2.0")
    assert nb.ok(f"%%durable one\n{body}").replayed
    assert nb.evaluate("y") == 2.0


def test_a_name_that_nothing_binds_is_an_error_of_python(nb: Notebook) -> None:
    result = nb.run("%%durable one\ny = nowhere")
    assert result.ename == "NameError"
    nb.ok("nowhere = 3", "%%durable one\ny = nowhere")
    assert nb.evaluate("y") == 3


def test_a_changed_value_of_a_plain_name_is_the_reason(nb: Notebook) -> None:
    nb.ok("k = 1", "%%durable one\ny = k", "k = 2")
    assert "`k` changed" in nb.ok("%%durable one\ny = k").badge


def test_an_object_without_content_does_not_run_the_step_again(nb: Notebook) -> None:
    nb.ok("import threading\nlock = threading.Lock()", "%%durable one\nran('one')\nwith lock: x = 1")
    nb.open().ok("import threading\nlock = threading.Lock()", "%%durable one\nran('one')\nwith lock: x = 1")
    assert nb.executions == {"one": 1}


HOLDERS = """%%durable make
def counter():
    n = 0
    def inc():
        nonlocal n
        n += 1
        return n
    return inc
inc = counter()
class Seen: hits = []"""
NOW = "[inc.__closure__[0].cell_contents, Seen.hits]"


def test_a_look_at_earlier_versions_leaves_functions_and_classes_as_they_are(nb: Notebook) -> None:
    use, once = (
        "%%durable use\nran('use')\ninc(); Seen.hits.append(1)",
        "%%durable use --on-change ask\nran('use')\ninc(); Seen.hits.append(2)",
    )
    nb.ok(HOLDERS, use)
    nb.ok(use)
    assert (nb.executions, nb.evaluate(NOW)) == ({"use": 1}, [1, [1]])
    assert nb.refused(once).ename == "StepAsks"
    assert nb.evaluate(NOW) == [1, [1]]
    nb.place.write([("make", HOLDERS), ("use", use)])
    nb.ok("%durable plan")
    assert nb.evaluate(NOW) == [1, [1]]
    nb.ok("%durable rerun use", use)
    assert (nb.executions, nb.evaluate(NOW)) == ({"use": 2}, [1, [1]])


def test_a_name_that_is_set_back_to_an_earlier_version_takes_no_function_along(nb: Notebook) -> None:
    nb.ok(HOLDERS.replace("n = 0", "n = []").replace("n += 1", "n = [*n, 1]"))
    nb.ok("%%durable kept\nsnap = inc()", "%%durable go_on\ninc(); inc()")
    nb.run("%%durable use\nsnap.append('s')\nraise ValueError")
    nb.ok("%%durable use\nsnap.append('s')")
    assert nb.evaluate("[snap, inc()]") == [[1, "s"], [1, 1, 1, 1]]


def test_a_name_that_a_step_parts_from_what_it_changes_is_no_news_and_one_that_shares_elsewhere_is(nb: Notebook) -> None:
    make = "%%durable make\na, b = [1], [1]"
    hold, use = "c = {'a': a, 'b': b}; del a", "%%durable use\nran('use')\nc['a'].append(6); c['b'] = c['b'] + [7]"
    nb.ok(make, hold, use)
    nb.ok(make, hold, use)
    nb.open().ok(make, hold, use)
    assert nb.executions == {"use": 1}
    assert "shares state" in nb.ok(make, "c = {'a': b, 'b': a}; del a", use).badge
    assert nb.evaluate("b") == [1, 6]


def test_a_plain_cell_that_binds_the_same_module_or_number_again_has_bound_it(nb: Notebook) -> None:
    plain = "import math\nfrom math import sqrt\nN = 4"
    nb.ok(plain, "%%durable first\na = N", f"%%durable last\n{plain}\nb = sqrt(N)")
    nb.ok("%%durable first\na = N", plain)
    nb.ok("%%durable new\nran('new')\nc = sqrt(N) + math.sqrt(N)", "%%durable all_names\nd = eval('sqrt(N)')")
    nb.ok(plain, "%%durable first\na = N", "%%durable new\nran('new')\nc = sqrt(N) + math.sqrt(N)")
    assert (nb.executions, nb.evaluate("[c, d]")) == ({"new": 1}, [4.0, 2.0])


def test_a_pattern_that_matches_no_file_is_said(nb: Notebook) -> None:
    result = nb.ok("%%durable one --depends nofile.csv\nx = 1")
    assert "--depends nofile.csv matches no file" in result.badge


def test_a_module_that_a_step_imports_itself_counts_as_it_is_loaded(nb: Notebook) -> None:
    file = nb.place.folder / "durnb_rates.py"
    file.write_text("RATE = 3\n")
    cell = "%%durable use\nimport durnb_rates\nprint(durnb_rates.RATE)"
    assert nb.ok(cell).text == "3\n"
    file.write_text("RATE = 44\n")
    again = nb.ok(cell)
    assert (again.text, again.replayed) == ("3\n", True)
    assert "reload durnb_rates: durnb_rates.py was changed after it was loaded" in again.badge
    nb.ok("import importlib\nimportlib.reload(durnb_rates);")
    assert nb.ok(cell).text == "44\n"
    last = nb.open().ok(cell)
    assert (last.text, last.replayed, "reload" in last.badge) == ("44\n", True, False)
    file.write_text("RATE = 555\n")
    assert nb.open().ok(cell).text == "555\n"
