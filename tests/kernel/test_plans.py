"""What ``%durable plan`` and the line at a kernel's first durable cell say of what Run All would do: never more than is known."""

from __future__ import annotations

import json

from kernel.conftest import Notebook

LOAD = "%%durable load\nran('load')\nrows = [1, 2]"
FIRST = "from tally import ran"


def write(nb: Notebook, *cells: str) -> None:
    nb.place.write([("x", "%load_ext durnb"), ("t", FIRST), *((f"c{number}", cell) for number, cell in enumerate(cells))])


def planned(nb: Notebook) -> dict[str, str]:
    """Each step's action and why."""
    return {step["step"]: f"{step['action']}: {step['reason']}" for step in json.loads(nb.ok("%durable plan --json").text)["steps"]}


def test_a_plain_value_is_looked_at_where_running_its_cell_again_would_make_it_anew(nb: Notebook) -> None:
    cells = ["n = int('3')", "def twice(x): return 2 * x", "%%durable s\nran('s')\nm = twice(n)", "%%durable t\nk = m"]
    write(nb, *cells)
    nb.ok(*cells)
    assert planned(nb) == {"s": "reuse: finished", "t": "reuse: finished"}
    cells[0] = "n = int('4')"
    write(nb, *cells)
    assert planned(nb)["s"] == "maybe: it depends on `n`, which a plain cell defines"
    nb.ok(cells[0])
    assert planned(nb) == {"s": "run: its input `n` changed", "t": "maybe: runs if 's' gives another `m`"}
    nb.ok("n = int('3')")  # typed elsewhere: Run All defines it as the notebook has it
    assert planned(nb)["s"] == "maybe: it depends on `n`, which a plain cell defines"
    nb.ok(cells[0], cells[2], "def twice(x): return x + x")
    assert planned(nb)["s"] == "reuse: finished"  # Run All defines it as the notebook has it
    twice, cells[1] = cells[1], "def twice(x): return x + x"
    write(nb, *cells)
    assert planned(nb)["s"] == "run: its input `twice` changed"
    cells[1] = twice
    write(nb, *cells)
    nb.open()
    assert planned(nb)["s"] == "maybe: it depends on `n`, which a plain cell defines"
    said = nb.ok(*cells[:2], cells[2]).announcement
    assert "2 of 2 steps are finished" in said
    assert "nothing is left" not in said


def test_a_plan_says_that_a_step_will_ask(nb: Notebook) -> None:
    cells = ["%config Durable.ask_over = '1ms'", "k = 1", "%%durable one\nimport time\ntime.sleep(0.05)\ny = k"]
    write(nb, *cells)
    nb.ok(*cells)
    cells[1] = "k = 2"
    write(nb, *cells)
    nb.ok(cells[1])
    nb.refused(cells[2])
    assert planned(nb)["one"].startswith("ask: it ran 0 s and is stale only because its input `k` changed; %durable resolve one retry")
    nb.ok("%durable resolve one keep")
    assert planned(nb)["one"].startswith("reuse: kept")
    nb.ok(cells[2])
    assert planned(nb)["one"] == "reuse: finished"


def test_options_and_files_of_the_project_are_looked_at(nb: Notebook) -> None:
    helpers = nb.place.folder / "helpers.py"
    helpers.write_text("def f(): return 1")
    cells = ["import os", "os.environ['MODE'] = 'a'", "%%durable s\nimport helpers\nx = helpers.f()", "%%durable t\ny = 1"]
    write(nb, *cells)
    nb.ok(*cells)
    assert planned(nb) == {"s": "reuse: finished", "t": "reuse: finished"}
    helpers.write_text("def f(): return 22")
    assert planned(nb)["s"] == "reuse: finished"  # by what is loaded, as Run All will find
    assert "reload helpers" in nb.ok(cells[2]).badge
    reload = "__import__('importlib').reload(__import__('helpers'))"
    nb.ok(reload)
    assert planned(nb)["s"] == "run: the file helpers.py changed"
    helpers.write_text("def f(): return 1")
    nb.ok(reload)
    cells[1] = "os.environ['MODE'] = 'b'"
    write(nb, *cells)
    assert planned(nb)["t"] == "maybe: it depends on the setting environ:MODE, which a plain cell sets"
    nb.ok(cells[1])
    assert planned(nb)["t"] == "run: the setting environ:MODE changed"
