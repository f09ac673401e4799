"""Headers and commands that can't be read stop Run All with one line; the extension comes and goes without a trace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel.driver import KernelDriver, Place
from kernel.scripted import TESTS, OneByOne, kernel

__all__ = ["kernel"]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("touched = 1\n%%durable late\n2", "first line"),
        ("touched = 1\n# durable: late\n2", "first line"),
        ("%%durable a\ntouched = 1\n%%durable b\n2", "two durable headers"),
        ("%%durable a --retires 3\ntouched = 1", "did you mean --retries?"),
        ("%%durable\ntouched = 1", "%%durable touched"),
        ("%%durable alone", "nothing below"),
        ("%durable hlp", "did you mean %durable help?"),
        ("%durable why", "did you mean %durable show STEP?"),
        ("%durable off now", "one word too many"),
    ],
)
def test_a_mistake_is_one_line_before_anything_runs(kernel: KernelDriver, cell: str, words: str) -> None:
    result = kernel.run(cell)
    assert result.ename == "UsageError"
    assert words in result.evalue
    assert [len(result.traceback), len(result.outputs)] == [1, 1]
    assert "\n" not in result.traceback[0]
    assert not kernel.evaluate("'touched' in globals()")


def test_a_header_in_a_string_is_no_header(kernel: KernelDriver) -> None:
    assert kernel.run('text = """\n%%durable x\n"""').ok
    assert kernel.run("%%html\n<pre>\n%%durable x\n</pre>").ok


def test_help_shows_the_options(kernel: KernelDriver) -> None:
    assert kernel.run("%%durable?").ok
    assert "--max-delay" in kernel.evaluate("get_ipython().object_inspect_text('%%durable')")
    assert "%durable off" in kernel.run("%durable help").text


def test_switched_off_a_marked_cell_runs_as_a_plain_one(kernel: KernelDriver) -> None:
    kernel.run("%durable off")
    cell = kernel.run("%%durable off1\nprint('ran'); 3")
    failing = kernel.run("%%durable off2\n1/0")
    kernel.run("%durable on")
    assert cell.text == "ran\n3"
    assert "durnb is off" in cell.badge
    assert failing.ename == "ZeroDivisionError"
    assert not kernel.evaluate("'off1' in session.kept")
    assert "ran" in kernel.run("%%durable off1\nprint('ran'); 3").badge


def test_the_control_channel_is_answered_while_a_cell_runs(kernel: KernelDriver) -> None:
    cell = kernel.begin("%%durable busy\nimport time\nprint('ready', flush=True); time.sleep(1)")
    kernel.until(lambda: "ready" in cell.text, what="the cell's first output")
    assert kernel.control("durnb_request", {"op": "look"})["status"] == "ok"
    assert not cell.replied
    assert kernel.control("durnb_request", {"op": "dance"})["status"] == "error"
    assert kernel.finish(cell).ok


def test_a_setting_takes_words_and_refuses_nonsense(kernel: KernelDriver) -> None:
    assert kernel.run("%config Durable.ask_over = '30m'").ok
    assert kernel.evaluate("get_ipython()._durnb_extension.settings.ask_over.total_seconds()") == 1800
    refused = kernel.run("%config Durable.ask_over = 'soon'")
    assert "not a length of time" in refused.stderr  # IPython's own way with a wrong %config


@pytest.fixture
def fresh(kernel: KernelDriver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelDriver]:
    place = Place.at(tmp_path_factory.mktemp("fresh"), PYTHONPATH=str(TESTS), DURNB_DISABLE="1")
    with OneByOne(place).start() as driver:
        yield driver


def test_unloading_leaves_nothing_behind(fresh: KernelDriver) -> None:
    look = (
        "[sorted(vars(get_ipython()).keys() - {'_logger', '_last_traceback'}), len(get_ipython().input_transformers_cleanup),"
        " 'durable' in get_ipython().magics_manager.magics['line'], 'durable' in get_ipython().magics_manager.magics['cell'],"
        " sorted(get_ipython().kernel.control_handlers), len(get_ipython().configurables)]"
    )
    fresh.run("%load_ext json")  # IPython makes what loads extensions at its first use
    before = fresh.evaluate(look)
    assert fresh.run("%load_ext kernel.scripted_session").ok
    assert fresh.evaluate(look) != before
    assert "durnb is off" in fresh.run("%%durable env\nprint(1)").badge
    assert fresh.run("%reload_ext kernel.scripted_session").ok
    assert fresh.run("%unload_ext kernel.scripted_session").ok
    assert fresh.evaluate(look) == before


def test_loading_twice_is_loading_once_and_unloading_ends_it(fresh: KernelDriver) -> None:
    count = "len([t for t in get_ipython().input_transformers_cleanup if str(getattr(t, '__module__', '')).startswith('durnb')])"
    fresh.run("import durnb")
    for _ in range(2):
        assert fresh.run("durnb.load_ipython_extension(get_ipython())").ok
        assert fresh.evaluate(count) == 1
    assert fresh.run("%load_ext durnb").ok
    assert fresh.run("%reload_ext durnb").ok
    assert fresh.evaluate(count) == 1
    assert "durnb is off" in fresh.run("%%durable plain\n1").badge
    for _ in range(2):
        assert fresh.run("durnb.unload_ipython_extension(get_ipython())").ok
        assert fresh.evaluate(count) == 0
