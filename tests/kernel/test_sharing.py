"""Steps whose inputs share state with one another, or with names that they do not read: edits above them that change it, and nothing else."""

from __future__ import annotations

import pytest

from kernel.conftest import Notebook

MAKE = "%%durable make\nx = {'l': [1]}"
TAKE = "%%durable take\ny = x['l']"
CHANGE = "%%durable change\ny.append(2)\nprint(y)"
READ = "%%durable read\nprint(x['l'])"


def shown(nb: Notebook, *cells: str) -> list[str]:
    return [nb.ok(cell).text.strip() for cell in cells]


@pytest.mark.parametrize("killed", [False, True])
def test_a_copy_in_the_place_of_an_alias_runs_the_steps_that_change_it(nb: Notebook, killed: bool) -> None:
    assert shown(nb, MAKE, TAKE, CHANGE, READ) == ["", "", "[1, 2]", "[1, 2]"]
    assert shown(nb, MAKE, TAKE, CHANGE, READ) == ["", "", "[1, 2]", "[1, 2]"]
    nb = nb.open() if killed else nb
    copied = TAKE.replace("x['l']", "list(x['l'])")
    assert shown(nb, MAKE, copied, CHANGE, READ) == ["", "", "[1, 2]", "[1]"]
    assert shown(nb.open(), MAKE, copied, CHANGE, READ) == ["", "", "[1, 2]", "[1]"]
    assert all(nb.ok(cell).replayed for cell in (MAKE, copied, CHANGE, READ))
    assert shown(nb, MAKE, TAKE, CHANGE, READ) == ["", "", "[1, 2]", "[1, 2]"]


def test_the_reason_says_so_and_a_name_that_a_step_below_bound_is_none(nb: Notebook) -> None:
    both = "%%durable both\npair = (x, y)\nprint(pair)"
    below = "%%durable below\nheld = {'x': x, 'y': y}"
    nb.ok(MAKE, TAKE, both, below)
    assert all(nb.ok(cell).replayed for cell in (MAKE, TAKE, both, below))
    nb.ok(MAKE, TAKE.replace("x['l']", "x['l'][:]"))
    assert "its inputs share state with one another in another way" in nb.ok(both).badge


def test_a_step_that_changes_a_class_brings_back_no_instance_of_before_an_edit(nb: Notebook) -> None:
    kind = "class Model:\n    made = 0\n    def __init__(self, rows): self.rows = rows"
    build = "%%durable build\nrows = [1]\nmodel = Model(rows)\nkept = {'rows': rows}"
    count = "%%durable count\nran('count')\nModel.made += 1\nprint(Model.made)"
    read = "%%durable read\nprint(model.rows, kept, model.rows is kept['rows'])"
    for _ in "12":
        assert shown(nb, kind, build, count, read) == ["", "", "1", "[1] {'rows': [1]} True"]
    edited = build.replace("[1]", "[2]")
    for _ in "12":
        assert shown(nb, kind, edited, count, read) == ["", "", "1", "[2] {'rows': [2]} True"]
    assert shown(nb.open(), kind, edited, count, read) == ["", "", "1", "[2] {'rows': [2]} True"]
    assert nb.executions["count"] == 2


def test_what_came_to_share_state_with_what_a_step_holds_along_is_not_parted_from_it(nb: Notebook) -> None:
    hold = "%%durable hold\nd = {'x': x}"
    plain = "x['l'].append(3)\nprint(y, d)"
    assert shown(nb, MAKE, "%%durable take\ny = []", hold, plain) == ["", "", "", "[] {'x': {'l': [1, 3]}}"]
    for _ in range(2):
        nb.open()
        assert shown(nb, MAKE, "%%durable take\ny = [x]", hold, plain) == ["", "", "", "[{'l': [1, 3]}] {'x': {'l': [1, 3]}}"]


def test_a_step_run_by_hand_that_changes_a_class_keeps_nothing_of_what_steps_below_did_to_its_instances(nb: Notebook) -> None:
    kind = "class Model:\n    made = 0\n    def __init__(self, rows): self.rows = rows"
    build, read = "%%durable build\nmodel = Model([1])", "%%durable read\nprint(model.made, model.rows)"
    count, change = "%%durable count\nModel.made += 1", "%%durable change\nmodel.rows.append(2)\nprint(model.rows)"
    assert shown(nb, kind, build, count, read, change) == ["", "", "", "1 [1]", "[1, 2]"]
    edited = count.replace("1", "5")
    assert shown(nb, edited, read, change) == ["", "5 [1]", "[1, 2]"]
    assert shown(nb.open(), kind, build, edited, read, change) == ["", "", "", "5 [1]", "[1, 2]"]
    assert all(nb.ok(cell).replayed for cell in (edited, read, change))


def test_a_step_reused_on_top_of_another_version_and_edited_by_hand_does_not_lose_what_a_plain_cell_changed(nb: Notebook) -> None:
    make, plain, use, below = "%%durable make\nc = [2]", "c.append(75)", "%%durable use\nprint(c)", "%%durable below\nc.append(0)"
    nb.ok(make, plain, use, below)
    nb.ok(make.replace("2", "1 + 1"), plain, use, below)
    edited = use.replace("c)", "[*c, 'edited'])")
    assert "run the cells above again" in nb.refused(edited).evalue
    assert shown(nb, make.replace("2", "1 + 1"), plain, edited) == ["", "", "[2, 75, 'edited']"]


@pytest.mark.parametrize(
    ("count", "views"),
    [
        (300_000, "half = big[1:1000]\nbig = big[1:]"),  # mapped from its pack
        (3000, "big = {'a': big}\nhalf = [big['a'][2:]]"),
        (3000, "big = bytearray(big.tobytes())\nhalf = np.frombuffer(big, dtype='f8')"),
    ],
)
def test_views_share_what_they_shared_wherever_a_kernel_has_their_memory(nb: Notebook, count: int, views: str) -> None:
    above = ["import numpy as np", f"%%durable make\nbig = np.arange({count}, dtype='f8')\n{views}"]
    one = "%%durable one\nran('one')\ntext = str(half)[:100]"
    both = "%%durable both\nran('both')\ntexts = str((half, big))[:100]"
    change = "%%durable change\nran('change')\nhalf *= 2"
    nb.ok(*above, one, both, change)
    for _ in range(2):
        nb.open().ok(*above, one, both, change)
    assert nb.executions == {"one": 1, "both": 1, "change": 1}
    nb.open().ok(*above)
    edited = [cell + "\nelse_ = 1" for cell in (one, both, change)]  # run on what was put back
    for _ in range(2):
        nb.open().ok(*above, *edited)
    assert nb.executions == {"one": 2, "both": 2, "change": 2}
