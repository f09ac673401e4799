"""A durable cell behaves as the plain one that it would be: await, magics, commands, display, errors, history."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from kernel.conftest import Notebook


def both(nb: Notebook, body: str) -> tuple[str, str]:
    """What a plain cell shows, and what the same cell shows as a step."""
    plain = nb.run(body)
    durable = nb.run(f"%%durable s{nb.starts}_{abs(hash(body))}\n{body}")
    assert plain.status == durable.status, f"{plain}\n{durable}"
    return plain.text + plain.stderr, durable.text + durable.stderr


def test_top_level_await_works_and_its_result_is_kept(nb: Notebook) -> None:
    cell = "%%durable one\nimport asyncio\nran('one')\nx = await asyncio.sleep(0, [1])\nawait asyncio.sleep(0, 'shown')"
    assert nb.ok(cell).text == "'shown'"
    nb.open()
    assert nb.ok(cell).text == "'shown'"
    assert (nb.evaluate("x"), nb.executions) == ([1], {"one": 1})


def test_async_for_and_with_work(nb: Notebook) -> None:
    nb.ok("async def gen():\n    yield 1\n    yield 2")
    assert nb.ok("%%durable one\nxs = [x async for x in gen()]\nasync for y in gen(): pass").ok
    assert nb.evaluate("[xs, y]") == [[1, 2], 2]


@pytest.mark.parametrize("magic", ["%%time", "%%capture out", "%%timeit -n1 -r1", "%%prun -q"])
def test_python_bodied_magics_stack_below_the_header(nb: Notebook, magic: str) -> None:
    cell = f"%%durable one\n{magic}\nran('one')"
    nb.ok(cell)
    again = nb.open().ok(cell)
    assert again.replayed
    assert nb.executions == {"one": 1}


def test_a_stacked_magic_is_analysed_as_python(nb: Notebook) -> None:
    nb.ok("base = 1", "%%durable one\n%%time\nran('one')\ny = base + 1", "base = 5")
    nb.ok("%%durable one\n%%time\nran('one')\ny = base + 1")
    assert (nb.evaluate("y"), nb.executions) == (6, {"one": 2})


def test_a_bash_cell_is_recorded_and_replayed(nb: Notebook) -> None:
    cell = "%%durable one\n%%bash\necho hello; echo more >> bash.txt"
    assert "hello" in nb.ok(cell).text
    assert "hello" in nb.open().ok(cell).text
    assert (nb.place.folder / "bash.txt").read_text() == "more\n"


def test_a_writefile_cell_is_a_step(nb: Notebook) -> None:
    cell = "%%durable one\n%%writefile made.txt\nhello\n# durable: this is a line of the file"
    nb.ok(cell)
    assert (nb.place.folder / "made.txt").read_text() == "hello\n# durable: this is a line of the file\n"


def test_shell_commands_and_their_captured_output_work(nb: Notebook) -> None:
    nb.ok("what = 'word'")
    result = nb.ok("%%durable one\nran('one')\nlines = !echo {what}; echo two\n!echo shown $what\nlist(lines)")
    assert "shown word" in result.text
    assert "['word', 'two']" in result.text
    nb.ok("what = 'other'", "%%durable one\nran('one')\nlines = !echo {what}; echo two\n!echo shown $what\nlist(lines)")
    assert nb.executions == {"one": 2}


def test_a_failed_shell_command_is_no_failure_of_the_cell_as_in_a_plain_one(nb: Notebook) -> None:
    assert nb.ok("%%durable one\n!exit 3\ncode = _exit_code").ok
    assert nb.evaluate("code") == 3


def test_run_of_a_file_works_and_its_names_are_kept(nb: Notebook) -> None:
    (nb.place.folder / "script.py").write_text("made = [1]\nprint('ran it')\n")
    assert nb.ok("%%durable one\n%run script.py").text == "ran it\n"
    nb.open().ok("%%durable one\n%run script.py")
    assert nb.evaluate("made") == [1]


@pytest.mark.parametrize(
    "body",
    [
        "1 + 1",
        "1 + 1;",
        "x = 5",
        "print('a')\n'b'",
        "'a'\n'b'",
        "None",
        "1;2",
        "for i in range(2): i",
        "if True:\n    7",
        "_ = 3",
        "[1,\n 2]  # comment",
    ],
)
def test_what_a_cell_displays_is_what_the_plain_cell_displays(nb: Notebook, body: str) -> None:
    plain, durable = both(nb, body)
    assert plain == durable


@pytest.mark.parametrize("mode", ["all", "last", "last_expr", "last_expr_or_assign", "none"])
def test_the_setting_of_what_is_displayed_is_kept_to(nb: Notebook, mode: str) -> None:
    nb.ok(f"%config InteractiveShell.ast_node_interactivity = {mode!r}")
    plain, durable = both(nb, "1\nx = 2\n3\ny = 4")
    assert plain == durable


def test_out_and_the_underscores_are_those_of_a_plain_cell(nb: Notebook) -> None:
    before = nb.ok("'before'").execution_count
    result = nb.ok("%%durable one\n[1]")
    assert result.execution_count == before + 1
    assert nb.ok(f"(_, __, Out[{result.execution_count}] is _)").text == "([1], 'before', True)"
    assert nb.ok(f"In[{result.execution_count}]").text == repr("# %%durable one\n[1]")


def test_a_reused_step_sets_out_and_the_underscores(nb: Notebook) -> None:
    nb.ok("%%durable one\nx = [1]\nx")
    nb.open().ok("'before'")
    count = nb.ok("%%durable one\nx = [1]\nx").execution_count
    assert nb.ok(f"(_, __, Out[{count}], _ is x)").text == "([1], 'before', [1], True)"


def test_a_cell_without_a_value_leaves_the_underscore_alone(nb: Notebook) -> None:
    nb.ok("%%durable one\nx = 1")
    nb.open().ok("'before'", "%%durable one\nx = 1")
    assert nb.ok("_").text == "'before'"


def test_functions_of_a_step_have_their_source_in_this_kernel_and_the_next(nb: Notebook) -> None:
    cell = "%%durable one\ndef f(x):\n    # a comment\n    return x\nclass C:\n    def m(self): return 1"
    nb.ok(cell, "import inspect")
    live = nb.evaluate("inspect.getsource(f) + inspect.getsource(C.m)")
    assert live == "def f(x):\n    # a comment\n    return x\n    def m(self): return 1"[: len(live)] or "# a comment" in live
    nb.open().ok(cell, "import inspect")
    assert nb.evaluate("inspect.getsource(f) + inspect.getsource(C.m)") == live


def test_a_traceback_names_the_true_cell_and_line(nb: Notebook) -> None:
    plain = nb.run("# a comment in place of a header\nx = 1\nraise ValueError('here')")
    durable = nb.run("%%durable one\nx = 1\nraise ValueError('here')")
    assert (durable.status, durable.ename, durable.evalue) == ("error", "ValueError", "here")
    text = durable.error
    assert "durnb" not in text.replace("%%durable", "")
    assert len(durable.traceback) == len(plain.traceback)
    assert nb.evaluate("__import__('sys').last_traceback.tb_lineno") != 0
    assert [line for line in text.splitlines() if "-> 3" in line or "> 3" in line or "-> " in line]


def test_a_traceback_through_a_restored_function_shows_its_source(nb: Notebook) -> None:
    cell = "%%durable one\ndef fails():\n    raise KeyError('inside')"
    nb.ok(cell)
    nb.open().ok(cell)
    result = nb.run("fails()")
    assert result.ename == "KeyError"
    assert "raise KeyError('inside')" in result.error


def test_a_syntax_error_is_that_of_a_plain_cell_and_nothing_is_recorded(nb: Notebook) -> None:
    plain = nb.run("pass\nx = = 1")
    durable = nb.run("%%durable one\nx = = 1")
    assert (durable.status, durable.ename) == (plain.status, plain.ename)
    assert re.sub(r"\(.*py, ", "", durable.evalue) == re.sub(r"\(.*py, ", "", plain.evalue)
    assert nb.status() == {}


@pytest.mark.parametrize("body", ["raise SystemExit(3)", "import sys; sys.exit('bye')"])
def test_leaving_by_system_exit_is_no_finished_step(nb: Notebook, body: str) -> None:
    nb.run(f"%%durable one\nran('one')\n{body}")
    nb.open()
    nb.run(f"%%durable one\nran('one')\n{body}")
    assert nb.executions == {"one": 2}


def test_a_base_exception_of_the_user_s_own_gets_a_reply_and_is_no_finished_step(nb: Notebook) -> None:
    result = nb.run("%%durable one\nclass Odd(BaseException): pass\nraise Odd('x')")
    assert (result.status, result.ename) == ("error", "Odd")
    assert nb.status()["one"]["status"] != "succeeded"


def test_history_holds_the_cell_as_typed(make: Callable[..., Notebook]) -> None:
    nb = make(history=True).open()
    nb.ok("%%durable one\nx = 1")
    assert nb.evaluate("[line for *_, line in get_ipython().history_manager.get_range(raw=True)][-1]") == "%%durable one\nx = 1"


def test_the_events_of_ipython_fire_once_for_a_step_that_ran_and_for_one_that_was_reused(nb: Notebook) -> None:
    nb.ok("events = []", "def note(info): events.append(info.raw_cell[:9])\nget_ipython().events.register('pre_run_cell', note)")
    nb.ok("%%durable one\nx = 1", "%%durable one\nx = 1")
    assert nb.evaluate("events") == ["%%durable", "%%durable"]


def test_ast_transformers_and_input_transformers_of_the_user_apply(nb: Notebook) -> None:
    nb.ok("def double(lines): return [line.replace('ONE', '1') for line in lines]\nget_ipython().input_transformers_post.append(double)")
    nb.ok("%%durable one\nx = ONE + ONE")
    assert nb.evaluate("x") == 2


def test_a_silent_request_is_no_step(nb: Notebook) -> None:
    nb.finish(nb.begin("%%durable one\nran('one')", silent=True, store_history=False))
    assert nb.run("1").ok


def test_threads_and_tasks_of_a_step_can_go_on_after_it(nb: Notebook) -> None:
    nb.ok("import threading\ngo = threading.Event()", "%%durable one --ignore t,go\nt = threading.Thread(target=go.wait)\nt.start()\nx = 1")
    assert nb.evaluate("t.is_alive()") is True
    nb.ok("go.set(); t.join()")


def test_each_of_several_plain_cells_in_a_row_is_seen_to_change_what_was_restored(nb: Notebook) -> None:
    load, use = "%%durable load\nrows = [1, 2]\nothers = [1]", "%%durable use\nran('use')\ntotal = sum(rows)"
    nb.ok(load, "k = 1", "rows.append(3)", use)
    nb.open().ok(load, "k = 1", "rows.append(3)", use)
    assert nb.executions == {"use": 1}
    for more in (4, 5):
        nb.open().ok(load, "k = 1", f"rows.append({more})", use)
        assert nb.evaluate("total") == 3 + more
    nb.open().ok(load, "others.append(5)", "rows.append(5)", use)
    assert nb.executions == {"use": 3}
