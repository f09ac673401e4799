"""The body of a durable cell runs as it would in a plain cell."""

from __future__ import annotations

import pytest

from kernel.driver import KernelDriver
from kernel.scripted import kernel

__all__ = ["kernel"]


def test_variables_outputs_and_the_last_value_are_as_in_a_plain_cell(kernel: KernelDriver) -> None:
    cell = kernel.run("%%durable value\na = 20\nprint('printed')\na + 1")
    assert cell.ok
    assert [output["output_type"] for output in cell.outputs] == ["stream", "execute_result"]
    assert cell.text == "printed\n21"
    assert kernel.evaluate("[a, _]") == [20, 21]
    assert kernel.evaluate(f"Out[{cell.execution_count}]") == 21


def test_a_reused_cell_runs_nothing_and_shows_the_same(kernel: KernelDriver) -> None:
    kernel.run("runs = []")
    first = kernel.run("%%durable reused\nruns.append(1)\nprint('out'); 'the value'")
    again = kernel.run("%%durable reused\nruns.append(1)\nprint('out'); 'the value'")
    assert kernel.evaluate("runs") == [1]
    assert again.text == first.text
    assert again.replayed
    assert not first.replayed
    assert kernel.evaluate("_") == "the value"
    assert again.outputs[-1]["metadata"] == {"durnb": {"replayed": True}}
    assert again.outputs[-1]["execution_count"] == again.execution_count


def test_the_badge_is_one_display_that_changes(kernel: KernelDriver) -> None:
    cell = kernel.run("%%durable badge\nprint('x')")
    (badge,) = cell.badges
    assert badge["data"]["text/plain"].startswith("badge · ran 0.4 s")
    assert badge["metadata"] == {"durnb": {"badge": True, "step": "badge", "state": "succeeded"}}


def test_a_badge_that_the_cell_cleared_is_shown_again(kernel: KernelDriver) -> None:
    for wait in (False, True):
        cell = kernel.run(
            f"%%durable cleared{wait}\nfrom IPython.display import clear_output\nprint(1); clear_output(wait={wait}); print(2)"
        )
        assert cell.text == "2\n"
        assert "ran" in cell.badge
        assert len(cell.badges) == 1


def test_top_level_await_works(kernel: KernelDriver) -> None:
    cell = kernel.run("%%durable awaits\nimport asyncio\nawait asyncio.sleep(0.01)\nprint('after')\n7")
    assert cell.ok
    assert cell.text == "after\n7"


def test_the_other_spelling_and_stacked_magics_work(kernel: KernelDriver) -> None:
    assert kernel.run("# durable: comment\nprint('c')").text == "c\n"
    assert kernel.run("%%durable stacked\n\n%%bash\necho in bash").text == "in bash\n"
    assert "CPU times" in kernel.run("# durable: stacked2 --retries 1\n%%time\nz = 5").text
    assert kernel.evaluate("z") == 5
    assert kernel.evaluate("session.requests['comment'].source") == "print('c')\n"


def test_a_traceback_names_the_true_line(kernel: KernelDriver) -> None:
    cell = kernel.run("%%durable boom\nx = 1\n1/0")
    assert cell.ename == "ZeroDivisionError"
    assert "3 1/0" in _plain("\n".join(cell.traceback))
    outputs, text = kernel.evaluate("session.failed['boom']")
    assert outputs == []
    assert "ZeroDivisionError" in text
    assert "\x1b" not in text
    assert "durnb_kernel_ext" not in text


def test_only_the_last_attempt_is_shown_and_the_count_goes_up_once(kernel: KernelDriver) -> None:
    before = kernel.run("tries = []")
    cell = kernel.run("%%durable flaky --retries 2\ntries.append(1)\nprint('try', len(tries))\nassert len(tries) == 3")
    assert cell.ok
    assert cell.text == "try 3\n"
    assert [output["output_type"] for output in cell.all_outputs] == ["display_data", "stream"]
    assert "attempt 3" in cell.badge
    assert cell.execution_count == (before.execution_count or 0) + 1


def test_all_attempts_failed_shows_one_error(kernel: KernelDriver) -> None:
    cell = kernel.run("%%durable fails --retries 2\nprint('no'); 1/0")
    assert cell.ename == "ZeroDivisionError"
    assert [output["output_type"] for output in cell.all_outputs] == ["display_data", "stream", "error"]
    assert "failed" in cell.badge


@pytest.mark.parametrize(
    ("source", "ename"),
    [
        ("raise SystemExit(3)", "SystemExit"),
        ("%nomagic", "UsageError"),
        ("%%nomagic\nx", "UsageError"),
        ("return 3", "SyntaxError"),
        ("x ==", "SyntaxError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("%run nosuchfile.py", "Exception|OSError"),
        ("from durnb import TerminalError\nraise TerminalError('no')", "TerminalError"),
        ("!kill -9 $$", "StepCommandFailed"),
        ("class Mute(Exception):\n    def __str__(self): return 1/0\nraise Mute", "RuntimeError|TypeError|ZeroDivisionError"),
    ],
)
def test_what_fails_a_plain_cell_fails_a_step(kernel: KernelDriver, source: str, ename: str) -> None:
    cell = kernel.run(f"%%durable failing\n{source}")
    assert cell.status == "error"
    assert cell.ename in ename.split("|")
    assert not kernel.evaluate("'failing' in session.kept")
    assert kernel.run("'alive'").ok


def test_a_failed_script_of_run_fails_the_step(kernel: KernelDriver) -> None:
    (kernel.place.folder / "script.py").write_text("made = 1\n1/0\n")
    cell = kernel.run("%%durable script\n%run script.py")
    assert cell.ename == "ZeroDivisionError"
    assert [output["output_type"] for output in cell.outputs] == ["error"]


def test_an_error_that_the_body_shows_itself_does_not_fail_it(kernel: KernelDriver) -> None:
    cell = kernel.run("%%durable shows\ntry:\n    1/0\nexcept ZeroDivisionError:\n    get_ipython().showtraceback()")
    assert cell.ok
    assert [output["output_type"] for output in cell.outputs] == ["error"]
    assert kernel.evaluate("session.kept['shows'][0][0]['ename']") == "ZeroDivisionError"


def test_the_shell_is_as_it_was_after_a_durable_cell(kernel: KernelDriver) -> None:
    kernel.run("%%durable tidy --timeout 5\n1")
    state = "['showtraceback' in vars(get_ipython()), 'send_multipart' in vars(get_ipython().kernel.iopub_thread)]"
    assert kernel.evaluate(state) == [False, False]


def test_a_semicolon_keeps_the_value_back_and_every_expression_can_be_shown(kernel: KernelDriver) -> None:
    assert kernel.run("%%durable semicolon\n5;").outputs == []
    kernel.run("get_ipython().ast_node_interactivity = 'all'")
    assert kernel.run("%%durable all\n1\n2").text == "12"
    kernel.run("get_ipython().ast_node_interactivity = 'last_expr_or_assign'")
    assert kernel.run("%%durable assign --retries 1\nq = 9").text == "9"
    kernel.run("get_ipython().ast_node_interactivity = 'last_expr'")


def test_an_error_of_the_engine_is_one_line_and_the_kernel_answers(kernel: KernelDriver) -> None:
    kernel.run("from durnb.errors import StepRefused; session.broken = StepRefused(step='s', why='because')")
    cell = kernel.run("%%durable engine\n1")
    assert (cell.ename, cell.evalue) == ("StepRefused", "step 's' was not run: because")
    assert len(cell.traceback) == 1
    kernel.run("session.broken = RuntimeError('a bug')")
    assert kernel.run("%%durable engine\n1").ename == "RuntimeError"
    kernel.run("session.broken = SystemExit(1)")
    assert kernel.run("%%durable engine\n1").ename == "SystemExit"
    kernel.run("session.broken = None")


def test_a_cell_of_a_notebook_that_a_step_runs_is_part_of_the_step(kernel: KernelDriver) -> None:
    (kernel.place.folder / "inner.ipy").write_text("inner = 4\n")
    assert kernel.run("%%durable outer\n%run inner.ipy").ok
    assert kernel.evaluate("inner") == 4


def test_figures_are_recorded_before_the_commit(kernel: KernelDriver) -> None:
    pytest.importorskip("matplotlib")
    cell = kernel.run("%%durable figure\n%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert [sorted(output["data"]) for output in cell.outputs] == [["image/png", "text/plain"]]
    assert kernel.evaluate("[sorted(o['data']) for o in session.kept['figure'][0]]") == [["image/png", "text/plain"]]


def _plain(text: str) -> str:
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", text)
