"""Every output of a body is recorded, wherever it was written, and shown again as it was."""

from __future__ import annotations

import pytest

from kernel.driver import KernelDriver
from kernel.scripted import kept, kernel

__all__ = ["kernel"]


@pytest.mark.parametrize(
    ("name", "source", "text"),
    [
        ("print", "print('a'); print('b', end='')", "a\nb"),
        ("system", "!echo from the shell", "from the shell\n"),
        ("os_system", "import os; os.system('echo by os');", "by os\n"),
        ("os_write", "import os; os.write(1, b'raw\\n');", "raw\n"),
        ("subprocess", "import subprocess; subprocess.run(['echo', 'sub']);", "sub\n"),
        ("thread", "import threading\nt = threading.Thread(target=print, args=('threaded',)); t.start(); t.join()", "threaded\n"),
        ("cleared", "from IPython.display import clear_output\nprint('x'); clear_output(wait=True); print('y')", "y\n"),
        ("progress", "for i in range(3): print(f'\\r{i} of 2', end='', flush=True)", "2 of 2"),
    ],
)
def test_text_is_recorded(kernel: KernelDriver, name: str, source: str, text: str) -> None:
    cell = kernel.run(f"%%durable {name}\n{source}")
    assert cell.ok
    assert "".join(output["text"] for output in kept(kernel, name) if output["name"] == "stdout") == text
    assert kernel.run(f"%%durable {name}\nreplayed").text == text


def test_output_of_subprocesses_is_drained_before_the_commit(kernel: KernelDriver) -> None:
    for number in range(15):
        kernel.run(f"%%durable drained{number}\nimport os; os.system('echo first; echo last');")
        assert kept(kernel, f"drained{number}")[-1]["text"].endswith("last\n")


def test_a_forked_childs_print_reaches_the_record(kernel: KernelDriver) -> None:
    source = "import multiprocessing as mp, time\np = mp.get_context('fork').Process(target=print, args=('child',)); p.start(); p.join(); time.sleep(0.3)"
    cell = kernel.run(f"%%durable forked\n{source}")
    assert cell.text == "child\n"
    assert "child\n" in "".join(output["text"] for output in kept(kernel, "forked"))


def test_stderr_and_warnings_keep_their_stream(kernel: KernelDriver) -> None:
    kernel.run("%%durable warned\nimport sys, warnings\nprint('err', file=sys.stderr); warnings.warn('careful', stacklevel=1)")
    (output,) = kept(kernel, "warned")
    assert output["name"] == "stderr"
    assert "careful" in output["text"]


def test_an_updated_display_is_recorded_in_its_last_state_and_can_be_updated_after_a_replay(kernel: KernelDriver) -> None:
    kernel.run("%%durable updated\nhandle = display('one', display_id='shown')\nhandle.update('two')")
    (output,) = kept(kernel, "updated")
    assert output["data"]["text/plain"] == "'two'"
    again = kernel.run("%%durable updated\nreplayed")
    kernel.run("handle.update('three')")
    assert again.text == "'three'"


def test_rich_outputs_come_back(kernel: KernelDriver) -> None:
    source = "from IPython.display import HTML, JSON\ndisplay(HTML('<b>x</b>'), JSON({'a': [1]}), metadata={'k': 1})"
    first = kernel.run("%%durable rich\n" + source)
    again = kernel.run("%%durable rich\n" + source)
    assert [o["data"] for o in first.outputs] == [o["data"] for o in again.outputs]
    assert again.outputs[1]["data"]["application/json"] == {"a": [1]}


def test_widget_views_are_not_replayed_and_an_output_widget_keeps_what_it_took(kernel: KernelDriver) -> None:
    kernel.run(
        "%%durable widget\nimport ipywidgets\nout = ipywidgets.Output()\ndisplay(out)\nwith out:\n    print('inside')\nprint('outside')"
    )
    assert [o["output_type"] for o in kept(kernel, "widget")] == ["display_data", "stream"]
    again = kernel.run("%%durable widget\nreplayed")
    assert [o["output_type"] for o in again.outputs] == ["stream"]
    assert again.text == "outside\n"


def test_too_much_output_is_cut_with_a_note(kernel: KernelDriver) -> None:
    kernel.run("%config Durable.max_output = '10 kB'")
    cell = kernel.run("%%durable much\nfor i in range(3000): print('line', i)")
    kernel.run("%config Durable.max_output = '10 MB'")
    assert cell.text.endswith("line 2999\n")
    *shown, note = kept(kernel, "much")
    assert sum(len(output["text"]) for output in shown) <= 10_000
    assert "max_output" in note["text"]


def test_plain_cells_are_told_before_they_run_and_have_no_badge(kernel: KernelDriver) -> None:
    cell = kernel.run("%time plain_one = 1", cell_id="id-1")
    assert cell.badges == []
    told = kernel.evaluate("session.plain[-1]")
    assert told == ["get_ipython().run_line_magic('time', 'plain_one = 1')\n", "id-1"]


def test_the_request_says_what_was_typed(kernel: KernelDriver) -> None:
    kernel.run("\n%%durable asked --retries 2\n!echo x\n", cell_id="id-2")
    assert kernel.evaluate("[r.raw, r.source, r.options, r.cell_id] if (r := session.requests['asked']) else 0") == [
        "!echo x\n",
        "get_ipython().system('echo x')\n",
        "asked --retries 2",
        "id-2",
    ]
