"""Retries, timeouts, interrupts and crash loops of a step."""

from __future__ import annotations

import pytest

from kernel.conftest import Notebook

FAILS = "from pathlib import Path\ndef fails(times, error=ValueError):\n    ran('try')\n    n = len(Path('tally.py.txt').read_text().split())\n    if n <= times:\n        raise error(f'failure {n}')"
DIE = "import os, signal\ndef die(): os.kill(os.getpid(), signal.SIGKILL)"
WAIT = "import time\nprint('in the body', flush=True)\nwhile True: time.sleep(0.01)"


def test_a_step_that_fails_is_tried_again_as_often_as_it_says(nb: Notebook) -> None:
    nb.ok(FAILS)
    nb.run("%%durable one\nraise ValueError('before')")
    result = nb.ok("%%durable one --retries 3 --delay 0.01s\nfails(3)\n'done'")
    assert "attempt 4: the third failed" in result.badge
    assert result.text == "'done'"
    assert nb.executions == {"try": 4}
    assert "attempt 4" in result.badge


def test_a_step_that_fails_too_often_shows_its_last_error_alone(nb: Notebook) -> None:
    nb.ok(FAILS)
    result = nb.run("%%durable one --retries 2 --delay 0.01s\nprint('x')\nfails(9)")
    assert (result.ename, result.evalue) == ("ValueError", "failure 3")
    assert [output["output_type"] for output in result.outputs].count("error") == 1
    assert nb.executions == {"try": 3}


def test_without_retries_a_step_is_tried_once(nb: Notebook) -> None:
    nb.ok(FAILS)
    assert nb.run("%%durable one\nfails(1)").ename == "ValueError"
    assert nb.executions == {"try": 1}


def test_a_failure_is_never_replayed_as_a_result(nb: Notebook) -> None:
    nb.ok(FAILS)
    assert not nb.run("%%durable one\nfails(1)").ok
    nb.open().ok(FAILS)
    assert nb.ok("%%durable one\nfails(1)").ok
    assert nb.executions == {"try": 2}


def test_retried_attempts_start_from_the_same_inputs(nb: Notebook) -> None:
    nb.ok(FAILS, "acc = []", "%%durable base\nd = {'k': [1]}")
    nb.ok("%%durable one --retries 3 --delay 0.01s\nacc.append('x')\nd['k'].append(2)\nfails(2)")
    assert nb.evaluate("[acc, d]") == [["x"], {"k": [1, 2]}]


def test_what_a_failed_step_changed_stays_visible_but_the_step_never_sees_it(nb: Notebook) -> None:
    nb.ok(FAILS, "acc = []")
    cell = "%%durable one\nacc.append('x')\nfails(1)"
    nb.run(cell)
    assert nb.evaluate("acc") == ["x"]
    nb.ok(cell)
    assert nb.evaluate("acc") == ["x"]


@pytest.mark.parametrize(
    "option", ["--no-retry KeyError,ValueError", "--no-retry builtins.ValueError", "--no-retry Exception", "--no-retry=ValueError"]
)
def test_errors_that_are_not_to_be_retried_are_not(nb: Notebook, option: str) -> None:
    nb.ok(FAILS)
    assert nb.run(f"%%durable one --retries 3 --delay 0.01s {option}\nfails(9)").ename == "ValueError"
    assert nb.executions == {"try": 1}


def test_a_terminal_error_is_never_retried(nb: Notebook) -> None:
    nb.ok("import durnb")
    result = nb.run("%%durable one --retries 3 --delay 0.01s\nran('one')\nraise durnb.TerminalError('for good')")
    assert (result.ename, result.evalue) == ("TerminalError", "for good")
    assert nb.executions == {"one": 1}


def test_retry_after_is_retried_and_waits_no_less_than_it_says(nb: Notebook) -> None:
    nb.ok("import durnb, time\ntimes = __import__('pathlib').Path('times')")
    nb.ok(
        "%%durable one --retries 1 --delay 0.001s\nran('one')\nwith times.open('a') as f: f.write(f'{time.monotonic()}\\n')\ndel f\n"
        "if len(times.read_text().split()) < 2: raise durnb.RetryAfter(0.5)"
    )
    first, second = map(float, (nb.place.folder / "times").read_text().split())
    assert second - first >= 0.5
    assert nb.executions == {"one": 2}


def test_in_keeps_its_number_over_retries(nb: Notebook) -> None:
    nb.ok(FAILS)
    before = nb.ok("1").execution_count
    assert nb.ok("%%durable one --retries 2 --delay 0.01s\nfails(2)").execution_count == before + 1
    assert nb.ok("1").execution_count == before + 2


def test_retries_go_on_in_the_next_kernel_where_the_count_stood(nb: Notebook) -> None:
    nb.ok(FAILS, DIE)
    cell = "%%durable one --retries 2 --delay 0.01s\nfails(2)\nif len(Path('tally.py.txt').read_text().split()) == 3: die()"
    assert nb.run(cell).status == "died"
    nb.open().ok(FAILS, DIE)
    result = nb.ok(cell)
    assert nb.executions == {"try": 4}
    assert "attempt 4" in result.badge


@pytest.mark.parametrize(
    "body",
    [
        "import time\nran('one')\nwhile True: time.sleep(0.01)",
        "import asyncio\nran('one')\nwhile True: await asyncio.sleep(0.01)",
        "ran('one')\nwhile True: pass",
    ],
)
def test_a_step_that_runs_too_long_is_stopped(nb: Notebook, body: str) -> None:
    result = nb.run(f"%%durable one --timeout 0.3s\n{body}")
    assert (result.status, result.ename) == ("error", "StepTimedOut")
    assert "one" in result.evalue
    assert "0.3" in result.evalue
    assert nb.ok("1 + 1").text == "2"
    assert nb.executions == {"one": 1}


@pytest.mark.parametrize("wait", ["time.sleep(0.01)", "await asyncio.sleep(0.01)"])
def test_a_timeout_is_retried(nb: Notebook, wait: str) -> None:
    nb.ok("import time, asyncio\nfrom pathlib import Path")
    nb.ok(
        f"%%durable one --timeout 0.3s --retries 1 --delay 0.01s\nran('one')\nwhile len(Path('tally.py.txt').read_text().split()) < 2: {wait}\nx = 'made it'"
    )
    assert nb.executions == {"one": 2}
    assert nb.evaluate("x") == "made it"


def test_a_timeout_does_not_strike_a_step_that_is_quick_or_the_cells_after_it(nb: Notebook) -> None:
    nb.ok("%%durable one --timeout 0.2s\nx = 1", "import time\nend = time.monotonic() + 0.4\nwhile time.monotonic() < end: pass")
    assert nb.ok("%%durable two --timeout 5s\nawait __import__('asyncio').sleep(0)\ny = 1").ok


@pytest.mark.parametrize(
    "body",
    [
        "import time\nprint('in the body', flush=True)\nwhile True: time.sleep(0.01)",
        "print('in the body', flush=True)\nwhile True: pass",
        "import asyncio\nprint('in the body', flush=True)\nwhile True: await asyncio.sleep(0.05)",
        "print('in the body', flush=True)\n!sleep 60",
        "import threading\nprint('in the body', flush=True)\nthreading.Event().wait(60)",
    ],
)
def test_an_interrupt_is_never_retried_and_the_step_is_not_finished(nb: Notebook, body: str) -> None:
    result = nb.begin(f"%%durable one --retries 5 --delay 0.01s\nran('one')\n{body}\nran('end')")
    nb.until(lambda: "in the body" in result.text, what="the body")
    nb.interrupt()
    nb.finish(result)
    assert result.status == "error"
    assert nb.executions == {"one": 1}
    assert nb.status()["one"]["status"] == "interrupted"
    assert nb.ok("1 + 1").text == "2"


def test_an_interrupted_step_stops_run_all(nb: Notebook) -> None:
    result = nb.begin(f"%%durable one\n{WAIT}")
    after = nb.begin("ran('after')")
    nb.until(lambda: "in the body" in result.text, what="the body")
    nb.interrupt()
    nb.finish(result)
    nb.finish(after)
    assert after.status == "aborted"
    assert nb.executions == {}


def test_an_interrupted_step_runs_again_from_clean_inputs(nb: Notebook) -> None:
    nb.ok("acc = []")
    cell = "%%durable one\nimport os, time\nacc.append(1)\nran('one')\nprint('in the body', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)"
    result = nb.begin(cell)
    nb.until(lambda: "in the body" in result.text, what="the body")
    nb.interrupt()
    nb.finish(result)
    (nb.place.folder / "go").touch()
    nb.ok(cell)
    assert (nb.evaluate("acc"), nb.executions) == ([1], {"one": 2})


def test_an_interrupt_while_a_retry_is_waited_for_ends_the_cell(nb: Notebook) -> None:
    result = nb.begin("%%durable one --retries 3 --delay 1h\nran('one')\nraise ValueError('no')")
    nb.until(lambda: "the next in" in result.badge, what="the wait for the retry")
    nb.interrupt()
    assert nb.finish(result).status == "error"
    assert nb.executions == {"one": 1}
    assert nb.ok("1 + 1").text == "2"


def test_the_badge_tells_how_long_the_step_runs_in_one_display(nb: Notebook) -> None:
    result = nb.begin("%%durable one\nimport os, time\nwhile not os.path.exists('go'): time.sleep(0.01)")
    nb.until(lambda: "running 1 s" in result.badge, what="the badge's second showing")
    (nb.place.folder / "go").touch()
    nb.finish(result)
    assert "one · ran " in result.badge
    assert len(result.badges) == 1


def test_the_badge_says_that_the_first_attempt_died_with_the_kernel(nb: Notebook) -> None:
    cell = "%%durable one\nimport os, signal\nran('one')\nif not os.path.exists('go'): os.kill(os.getpid(), signal.SIGKILL)"
    assert nb.run(cell).status == "died"
    (nb.place.folder / "go").touch()
    badge = nb.open().ok(cell).badge
    assert "attempt 2" in badge
    assert "died with the kernel" in badge


def test_a_step_that_kills_its_kernel_again_and_again_is_refused(nb: Notebook) -> None:
    nb.open(DURNB_MAX_CRASHES="3").ok(DIE)
    for _ in range(3):
        assert nb.run("%%durable one\nran('one')\ndie()").status == "died"
        nb.open(DURNB_MAX_CRASHES="3").ok(DIE)
    result = nb.refused("%%durable one\nran('one')\ndie()")
    assert result.ename == "StepRefused"
    assert "3 times" in result.evalue
    assert nb.executions == {"one": 3}


def test_an_edit_ends_a_crash_loop_and_so_does_an_answer(nb: Notebook) -> None:
    nb.open(DURNB_MAX_CRASHES="1").ok(DIE)
    assert nb.run("%%durable one\nran('one')\nif True: die()").status == "died"
    nb.open(DURNB_MAX_CRASHES="1").ok(DIE)
    assert nb.ok("%%durable one\nran('one')\nif False: die()").ok
    nb.open(DURNB_MAX_CRASHES="1").ok(DIE)
    assert nb.run("%%durable two\nran('two')\ndie()").status == "died"
    nb.open(DURNB_MAX_CRASHES="1").ok(DIE)
    nb.refused("%%durable two\nran('two')\ndie()")
    nb.ok("%durable resolve two retry")
    assert nb.run("%%durable two\nran('two')\ndie()").status == "died"
    assert nb.executions == {"one": 2, "two": 2}


def test_a_badge_that_the_cell_cleared_is_not_shown_again_before_the_step_ends(nb: Notebook) -> None:
    cell = (
        "%%durable one\nimport time\nfrom IPython.display import clear_output\nclear_output()\nprint('mine', flush=True)\ntime.sleep(1.5)"
    )
    result = nb.ok(cell)
    kinds = [message["msg_type"] for message in result.messages]
    between = kinds[kinds.index("clear_output") : kinds.index("stream")]
    assert "update_display_data" not in kinds
    assert between == ["clear_output"]
    assert result.text == "mine\n"
    assert "one · ran " in result.badge


def test_what_plain_cells_changed_of_a_step_s_value_is_there_in_the_next_attempt_and_when_the_step_is_run_again_by_hand(
    nb: Notebook,
) -> None:
    made, changed, use = (
        "%%durable make\nacc = [1]\nheld = {'a': acc}",
        "acc.append(2)",
        "%%durable use\nran('use')\nacc.append(3)\nassert fine",
    )
    retried = (
        "%%durable retried --retries 1 --delay 0s\nran('retried')\nacc.append(5)\nassert open('tally.py.txt').read().count('retried') == 2"
    )
    nb.ok("fine = False", made, changed)
    assert not nb.run(use).ok
    nb.ok("fine = True", use)
    assert nb.evaluate("[acc, held['a'] is acc]") == [[1, 2, 3], True]
    assert nb.ok(use).replayed
    nb.ok("%durable rerun use", use)
    nb.ok("acc.append(4)", retried)
    assert nb.evaluate("[acc, held['a'] is acc]") == [[1, 2, 3, 4, 5], True]
    nb.open().ok("fine = True", made, changed, use, "acc.append(4)", retried)
    assert nb.executions == {"use": 3, "retried": 2}
    assert nb.evaluate("[acc, held['a'] is acc]") == [[1, 2, 3, 4, 5], True]


CHANGES = {
    "in place": ("rows = [1, 2]", "rows.append(3)"),
    "bound anew": ("rows = [1, 2]", "rows = rows + [3]"),
    "inside a frame": ("import pandas as pd\nframe = pd.DataFrame({'a': [1, 2]})\nrows = [1, 2]", "frame['b'] = 0\nrows.append(3)"),
}
FIT = "%%durable fit{options}\nran('fit')\nrows.append(10); total = sum(rows)\nimport os\nif os.path.exists('fails'): os.unlink('fails'); raise ValueError\n{more}"


@pytest.mark.parametrize("how", CHANGES)
@pytest.mark.parametrize("again", ["retried", "by hand", "edited", "edited in place"])
def test_what_a_plain_cell_made_of_a_steps_variable_is_an_input_however_often_the_step_runs(nb: Notebook, how: str, again: str) -> None:
    load, plain = CHANGES[how]
    more = "frame['c'] = frame['b']" if how == "inside a frame" else ""
    fit = FIT.format(options=" --retries 1 --delay 0.01s" if again == "retried" else "", more=more)
    if again in ("retried", "by hand"):
        (nb.place.folder / "fails").touch()
    nb.ok(f"%%durable load\n{load}", plain)
    first = nb.run(fit)
    if again == "by hand":
        assert first.ename == "ValueError"
        first = nb.ok(fit)
    if again.startswith("edited"):
        nb.ok(fit + "\n1")
    if again == "edited in place":
        nb.ok(fit.replace("rows.append(10)", "rows += [10]"))
    assert nb.evaluate("[rows, total]") == [[1, 2, 3, 10], 16]
    assert nb.executions["fit"] == {"retried": 2, "by hand": 2, "edited": 2, "edited in place": 3}[again]
    if how == "inside a frame":
        assert nb.evaluate("list(frame.columns)") == ["a", "b", "c"]


def test_what_a_plain_cell_does_on_top_of_a_step_is_not_seen_by_that_step_and_that_is_said(nb: Notebook) -> None:
    fit = "%%durable fit\nran('fit')\nrows.append(10)"
    nb.ok("%%durable load\nrows = [1, 2]", "rows.append(3)", fit)
    result = nb.ok("rows.append(4)", fit)
    assert nb.evaluate("rows") == [1, 2, 3, 10]
    assert nb.executions == {"fit": 1}
    assert "`rows` was changed" in result.badge
    assert "run the cells above" in result.badge


def test_a_step_that_changes_a_variable_and_then_a_step_above_that_runs_again_gives_it_anew(nb: Notebook) -> None:
    fit = "%%durable fit\nrows.append(10)"
    nb.ok("%%durable load\nrows = [1, 2]", "rows.append(3)", fit)
    nb.ok("%%durable load\nrows = [5]", fit)
    assert nb.evaluate("rows") == [5, 10]
    nb.ok("%%durable load\nrows = [5]", "rows.append(3)", fit)
    assert nb.evaluate("rows") == [5, 3, 10]


def test_a_change_whose_place_nobody_knows_is_asked_about(nb: Notebook) -> None:
    nb.ok("%%durable load\nrows = [1, 2]", "%%durable look\nn = 1", "rows.append(3)", "%%durable use\nrows.append(10)")
    assert nb.refused("%%durable look\nn = len(rows)").ename == "StepAsks"
    nb.ok("%%durable load\nrows = [1, 2]", "%%durable look\nn = len(rows)")
    assert nb.evaluate("n") == 2


@pytest.mark.parametrize("again", ["import json", "import os.path", "import durnb", "from json import dumps"])
def test_an_import_made_again_in_a_step_below_is_the_same_import(nb: Notebook, again: str) -> None:
    name = "dumps" if "dumps" in again else again.removeprefix("import ").partition(".")[0]
    one = f"%%durable one\nran('one')\nx = bool({name})"
    two = f"%%durable two\nran('two')\n{again}\ny = x and bool({name})"
    nb.ok(again, one, two)
    nb.ok(one + "\nx = 2", again, one + "\nx = 3", two)
    nb.ok("%%durable zero\nz = 0", f"%%durable one\nran('one')\nx = bool({name}) and 4", two)
    assert nb.executions == {"one": 4, "two": 3}
    nb.open().ok(again, f"%%durable one\nran('one')\nx = bool({name}) and 4", two, f"%%durable three\nbool({name})")
    nb.open().ok(again, f"%%durable one\nran('one')\nx = bool({name}) and 4", two, f"%%durable three\nbool({name})")
    assert nb.executions == {"one": 4, "two": 3}


def test_a_step_may_come_to_read_what_a_plain_cell_imported_and_a_step_below_imports_again(nb: Notebook) -> None:
    two = "%%durable two\nran('two')\nimport os\nhere = os.getcwd()"
    nb.ok("import os", "%%durable one\nran('one')\nx = 1", two, "%%durable one\nran('one')\nx = os.sep", two)
    assert nb.executions == {"one": 2, "two": 1}


@pytest.mark.parametrize("how", ["retried", "by hand"])
@pytest.mark.parametrize(
    ("made", "body", "expected"),
    [
        ("%%durable make\nc = [2]", "a.insert(0, 84)\nc.append(1)", [[84, [2, 1], 77], [2, 1]]),
        ("c = [2]", "a.insert(0, 84)\nc.append(1)", [[84, [2, 1], 77], [2, 1]]),
        ("%%durable make\nc = [2]", "a.insert(0, 84)\nif not first: c.append(1)", [[84, [2, 1], 77], [2, 1]]),
        ("c = [2]", "a.insert(0, 84)\nif not first: c.append(1)", [[84, [2, 1], 77], [2, 1]]),
    ],
)
def test_what_a_plain_value_shares_with_another_it_shares_in_the_next_attempt(
    nb: Notebook, how: str, made: str, body: str, expected: list[object]
) -> None:
    options = " --retries 1 --delay 0s" if how == "retried" else ""
    step = f"%%durable step{options}\nimport os\nfirst = not os.path.exists('failed')\n{body}\nif first: open('failed', 'w').close(); raise ValueError"
    nb.ok(made, "a = [c, 77]")
    nb.run(step)
    nb.ok(step)
    assert nb.evaluate("[a, c]") == expected


def test_an_edit_that_comes_to_read_what_shared_state_with_what_the_step_changed_is_asked_about(nb: Notebook) -> None:
    above = ("%%durable make\nb = [1]", "c = [b]\nd = [9]")
    nb.ok(*above, "%%durable step\nb = b + [2]", "%%durable step\nb = b + [2, *d]")  # nothing was shared with d
    edited = "%%durable step\nb.append(3)\nshown = str([b, c])\nb = b + [2]"
    for _ in range(2):
        assert "`c` shared state with `b` before this step changed `b`" in nb.refused(edited).evalue
    nb.ok("%%durable step\nb = b + [4]")
    assert "run the cells above again" in nb.refused(edited).evalue
    nb.ok(*above, edited)
    assert nb.evaluate("[shown, b, c]") == ["[[1, 3], [[1, 3]]]", [1, 3, 2], [[1, 3]]]
