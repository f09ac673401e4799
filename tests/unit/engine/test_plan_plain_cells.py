"""What plain cells define and change, as a plan without a kernel reads it in their texts."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy
import pandas

from durnb.engine.cells import NotebookCell
from durnb.engine.plan import plan
from durnb.fingerprint import content, written
from unit.engine.plan_story import LOAD, TRAIN, actions, both_ran, in_cells, ran
from unit.engine.run_story import Story, made, reads


def test_what_a_plain_cell_defines_is_told_only_where_its_text_tells_it() -> None:
    story = Story()
    use = "%%durable use\ny = 1"
    ran(story, use, [reads("n", content(3).digest), reads("pd", content(pandas).digest), reads("maybe", "", kind="absent")])
    assert in_cells(story, "import pandas as pd", "n = 3", use, folder=Path()) == {"use": "reuse: finished"}
    assert in_cells(story, "import pandas as pd\nn = 4", use, folder=Path()) == {"use": "run: its input `n` changed"}
    for unknown in ("n = f()", "n = 3\nn += 1", "n = 3\nexec(text)", "for n in [3]: pass"):
        assert in_cells(story, "import pandas as pd", unknown, use, folder=Path())["use"].startswith("maybe: it depends on `n`"), unknown
    twice = in_cells(story, "from a import b as pd", "n = 3", "maybe = f()", use, folder=Path())
    assert twice == {"use": "maybe: it depends on `pd`, `maybe`, which a plain cell defines"}
    assert in_cells(story, "import pandas as pd, os", "n = 3", "os.environ['A'] = 'b'", use, folder=Path()) == {
        "use": "maybe: it depends on the options that a plain cell above it sets"
    }


def test_a_name_that_plain_cells_bind_again_or_change_is_left_open() -> None:
    story = Story()
    use = "%%durable use\ny = cols, f, n, np"
    plain = ["cols = ['a']", "def f(x): return x", "n = 1", "import numpy as np"]
    values: dict[str, Any] = {"cols": ["a"], "n": 1, "np": numpy}
    told = dict(written(ast.parse(plain[1]).body[0]))
    ran(story, use, [*(reads(name, content(value).digest) for name, value in values.items()), reads("f", told["f"].digest)])
    assert in_cells(story, *plain, use, folder=Path()) == {"use": "reuse: finished"}
    for harmless in ("m = 2", "def g(): cols.append(f)", "print(n)", "f(n)", "import numpy as np, os"):
        assert in_cells(story, *plain, harmless, use, folder=Path()) == {"use": "reuse: finished"}, harmless
    for change, name in (
        ("cols.append('b')", "cols"),
        ("def g(): cols.append('b')\ng()", "cols"),
        ("other = cols\nother.append('b')", "cols"),
        ("f.more = 1", "f"),
        ("register(f)", "f"),
        ("for n in (1, 2): pass", "n"),
        ("import torch as np", "np"),
        ("from numpy import linalg as np", "np"),
    ):
        assert in_cells(story, *plain, change, use, folder=Path())["use"].startswith(f"maybe: it depends on `{name}`"), change


def test_a_name_that_the_step_or_a_function_of_it_did_not_find_before_is_left_open() -> None:
    story = Story()
    use, f = "%%durable use\ny = f(), max(1, 2)", "def f(): return sorted([2, 1])"
    told = dict(written(ast.parse(f).body[0]))
    ran(story, use, [reads("f", told["f"].digest)])
    assert in_cells(story, f, use) == {"use": "reuse: finished"}
    assert in_cells(story, f, "max = min", use)["use"] == "maybe: it depends on `max`, which a plain cell defines"
    assert in_cells(story, f, "def sorted(x): return x", use)["use"] == "maybe: it depends on `sorted`, which a plain cell defines"


def test_a_steps_variable_is_left_open_where_a_plain_cell_below_it_may_change_it() -> None:
    harmless = (
        "df.head()",
        "print(df)",
        "other = df.dropna()",
        "def show(df): df['a'] = 1",
        "plt.plot(df['a'])",
        "df['a'] + 1",
    )
    for text in (*harmless, "def show(d): print(d)\nshow(df)", "f'{df}'", "if len(df) > 1: print(df['a'].max())"):
        assert actions(both_ran(), LOAD, text, TRAIN)["train"] == "reuse", text
    for change in (
        *("df['a'] = 1", "df = df + 1", "df.drop('a', inplace=True)", "def add(d): d['a'] = 1\nadd(df)", "del df.a"),
        *("other = df\nother['a'] = 1", "for one in [df]: one['a'] = 1", "list(map(df.append, [1]))", "getattr(df, 'append')(1)"),
        *("def keep(d): return d\nkeep(df)['a'] = 1", "class K:\n    def __init__(self, d): self.d = d\nK(df).d['a'] = 1"),
        *(
            "import functools\nfunctools.partial(df.append, 3)()",
            "kept.append(df)\nkept[0].pop()",
            "df.get('a').append(1)\nx = df.get('a')",
        ),
    ):
        assert actions(both_ran(), LOAD, change, TRAIN)["train"] == "maybe", change
    assert actions(both_ran(), "df['a'] = 1", LOAD, TRAIN)["train"] == "reuse"


def test_a_value_that_an_edited_step_binds_or_changes_is_left_open() -> None:
    story = both_ran()
    use = "%%durable use\nz = n"
    ran(story, use, [reads("n", content(1).digest)])
    assert actions(story, "n = 1", LOAD, TRAIN, use)["use"] == "reuse"
    assert actions(story, "n = 1", LOAD, TRAIN + "\nn = 2", use)["use"] == "maybe"
    assert actions(story, LOAD, TRAIN + "\nn = 2", "n = 1", use)["use"] == "reuse"
    last = "%%durable last\nprint(df)"
    ran(story, last, [made("df", "load")])
    fit = "%%durable train\nmodel = df.mean()"
    assert actions(story, LOAD, fit, last)["last"] == "reuse"
    assert actions(story, LOAD, fit + "\ndf['a'] = 1", last)["last"] == "maybe"
    assert actions(story, LOAD, fit + "\nother = df", last)["last"] == "maybe"


def test_a_value_that_the_runner_gives_is_not_told_by_the_cell_that_it_replaces() -> None:
    story = Story()
    use = "%%durable use\ny = 1"
    ran(story, use, [reads("n", content(5).digest)])
    cells = [NotebookCell(source="n = 3", tags=("parameters",)), NotebookCell(source=use)]
    assert [step.action for step in plan(story.history, cells).steps] == ["maybe"]


def test_what_a_step_that_runs_sets_is_left_open() -> None:
    story = both_ran()
    last = "%%durable last\nz = random.random()"
    ran(story, last, [reads("@random", "seed", kind="ambient", maker="load")])
    assert actions(story, LOAD, TRAIN, last) == {"load": "reuse", "train": "reuse", "last": "reuse"}
    assert in_cells(story, LOAD + " + 1", last)["last"] == "maybe: it depends on what 'load' sets"
    assert in_cells(story, LOAD, TRAIN + "\nshuffle()", last)["last"] == "maybe: it depends on what 'train' sets"
    assert in_cells(story, LOAD, TRAIN + "\nos.environ['A'] = 'b'", last)["last"] == "maybe: it depends on what 'train' sets"
    assert in_cells(story, LOAD, last, TRAIN + "\nos.environ['A'] = 'b'")["last"] == "reuse: finished"


def test_a_plain_value_that_no_cell_defines_any_more_is_told_so() -> None:
    story = Story()
    ran(story, LOAD, [reads("n", content(1).digest)])
    assert in_cells(story, "n = 1", LOAD) == {"load": "reuse: finished"}
    assert in_cells(story, LOAD) == {"load": "maybe: it depends on `n`, which no cell above it makes now"}
