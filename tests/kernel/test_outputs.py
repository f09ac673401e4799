"""What a step showed is shown again by a reuse: each kind of output, once, under a badge."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from kernel.conftest import Notebook
from kernel.driver import CellResult


def shown(result: CellResult) -> list[dict[str, Any]]:
    """The outputs without what differs by nature: counts, and durnb's mark in the metadata."""
    kept = []
    for output in result.outputs:
        plain = {key: value for key, value in output.items() if key not in ("execution_count", "metadata")}
        if "text" in plain:
            plain["text"] = plain["text"].replace("\r\n", "\n")  # as every front end shows it
        plain["metadata"] = {key: value for key, value in output.get("metadata", {}).items() if key != "durnb"}
        kept.append(plain)
    return kept


def twice(nb: Notebook, cell: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What a step shows when it runs, and when it is reused by the next kernel."""
    first = nb.ok(f"%%durable one\nran('one')\n{cell}")
    again = nb.open().ok(f"%%durable one\nran('one')\n{cell}")
    assert again.replayed
    assert nb.executions == {"one": 1}
    return shown(first), shown(again)


@pytest.mark.parametrize(
    "cell",
    [
        "print('one'); print('two')",
        "import sys; print('out'); print('err', file=sys.stderr); print('out again')",
        "'value'",
        "print('text'); [1, 2]",
        "from IPython.display import HTML, display; display(HTML('<b>x</b>')); HTML('<i>y</i>')",
        "from IPython.display import display; display({'text/plain': 'p', 'text/markdown': '*m*'}, raw=True, metadata={'k': 1})",
        "from IPython.display import display; h = display('a', display_id='d'); h.update('b'); del h",
        "from IPython.display import clear_output; print('gone'); clear_output(); print('kept')",
        "from IPython.display import clear_output; print('gone'); clear_output(wait=True); print('kept')",
        "from IPython.display import clear_output\nfor i in range(3):\n    clear_output(wait=True); print(i)",
        "import warnings; warnings.warn('careful')",
        "import logging; logging.warning('logged')",
        "from IPython.display import Javascript; Javascript('1')",
        "from IPython.display import Image; Image(data=b'\\x89PNG\\r\\n\\x1a\\n' + b'0' * 50, format='png')",
        "for i in range(500): print(i)",
        "print('no newline', end='')",
        "print('ünïcödé 💾 \\x1b[31mred\\x1b[0m')",
    ],
)
def test_an_output_is_shown_again_as_it_was(nb: Notebook, cell: str) -> None:
    first, again = twice(nb, cell)
    assert first
    assert again == first


def test_progress_on_one_line_is_shown_again_as_it_ended(nb: Notebook) -> None:
    _, again = twice(nb, "for i in range(3): print(f'\\r{i}/2', end='')")
    text = "".join(output["text"] for output in again)
    assert text.rsplit("\r", 1)[-1] == "2/2"


@pytest.mark.parametrize(
    "cell",
    [
        "import subprocess; subprocess.run(['echo', 'sub'], check=True); None",
        "import os; os.system('echo sys'); None",
        "import os; os.write(1, b'raw\\n'); None",
        "!echo bang",
        "import threading\nt = threading.Thread(target=print, args=('thread',)); t.start(); t.join(); del t",
        "import os\npid = os.fork()\nif pid == 0:\n    print('child', flush=True); os._exit(0)\nos.waitpid(pid, 0)\ndel pid",
    ],
)
def test_output_from_beside_the_cell_is_recorded(nb: Notebook, cell: str) -> None:
    first, again = twice(nb, cell)
    assert [output.get("text", "").strip() for output in first] != []
    assert again == first


def test_output_of_many_commands_is_recorded_whole(nb: Notebook) -> None:
    first, again = twice(nb, "import os\nfor i in range(30): os.system(f'echo line {i}')\nNone")
    assert "".join(output["text"] for output in again).split("\n") == [*(f"line {i}" for i in range(30)), ""]
    assert again == first


def test_a_table_is_shown_again(data_nb: Notebook) -> None:
    first, again = twice(data_nb, "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\ndf")
    assert "text/html" in first[0]["data"]
    assert again == first


def test_a_plot_is_shown_again_with_and_without_show(data_nb: Notebook) -> None:
    pytest.importorskip("matplotlib")
    first, again = twice(data_nb, "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()\nplt.plot([2, 1]);")
    images = [base64.b64decode(output["data"]["image/png"]) for output in again if "image/png" in output.get("data", {})]
    assert len(images) == 2
    assert all(image.startswith(b"\x89PNG") for image in images)
    assert again == first


def test_outputs_above_the_limit_are_capped_with_a_note(nb: Notebook) -> None:
    nb.open(DURNB_MAX_OUTPUT="10 kB")
    nb.ok("%%durable one\nfor i in range(2000): print('x' * 50)")
    nb.open(DURNB_MAX_OUTPUT="10 kB")
    again = nb.ok("%%durable one\nfor i in range(2000): print('x' * 50)")
    assert 1000 < len(again.text) < 30_000
    assert any(word in again.text + again.stderr + again.badge for word in ("left out", "capped", "omitted", "not kept", "cut"))


def test_the_first_run_s_output_is_shown_live_in_full(nb: Notebook) -> None:
    nb.open(DURNB_MAX_OUTPUT="10 kB")
    assert len(nb.ok("%%durable one\nfor i in range(2000): print('x' * 50)").text) > 100_000


def test_output_is_shown_while_the_step_runs(nb: Notebook) -> None:
    result = nb.begin("%%durable one\nprint('started', flush=True)\nimport time\nwhile True: time.sleep(0.01)")
    nb.until(lambda: "started" in result.text, what="output of a running step")
    nb.interrupt()
    assert nb.finish(result).ename == "KeyboardInterrupt"


def test_a_display_of_an_earlier_cell_that_a_step_updates_is_updated_again(nb: Notebook) -> None:
    made = nb.ok("from IPython.display import display, update_display\ndisplay('a', display_id='shared');")
    nb.ok("%%durable one\nupdate_display('b', display_id='shared')")
    assert made.text == "'b'"
    nb.open()
    made = nb.ok("from IPython.display import display, update_display\ndisplay('a', display_id='shared');")
    nb.ok("%%durable one\nupdate_display('b', display_id='shared')")
    assert made.text == "'b'"


def test_each_durable_cell_shows_one_badge(nb: Notebook) -> None:
    first = nb.ok("%%durable one\nprint('x')")
    again = nb.ok("%%durable one\nprint('x')")
    assert [len(first.badges), len(again.badges)] == [1, 1]
    assert "one" in first.badge
    assert "from checkpoint" in again.badge
    assert "%durable rerun one" in again.badge


def test_a_plain_cell_shows_no_badge(nb: Notebook) -> None:
    assert nb.ok("1").badges == []


def test_badges_can_be_turned_off(nb: Notebook) -> None:
    nb.open(DURNB_BADGE="false")
    assert nb.ok("%%durable one\nprint('x')").badges == []


def test_the_outputs_of_a_failed_attempt_are_not_replayed(nb: Notebook) -> None:
    (nb.place.folder / "fail").touch()
    cell = "%%durable one\nimport os\nprint('attempt')\nif os.path.exists('fail'):\n    raise ValueError('no')\nprint('done')"
    nb.run(cell)
    (nb.place.folder / "fail").unlink()
    nb.open()
    assert nb.ok(cell).text == "attempt\ndone\n"
    nb.open()
    assert nb.ok(cell).text == "attempt\ndone\n"
