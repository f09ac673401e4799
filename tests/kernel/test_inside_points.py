"""What is inside a step, killed at each of its named points: every effect once, or once more where the kill came between effect and record."""

from __future__ import annotations

import pytest

from kernel.conftest import Notebook

START = "import durnb\nfrom durnb import aio\ndef work(x):\n    ran(f'work{x}')\n    return x * x\nasync def awork(x): return work(x)"
CELL = """%%durable all
key = durnb.idempotency_key()
when = durnb.now()
one = durnb.call(work)(1)
many = durnb.map(work, [2, 3, 4], concurrency=1)
tasks = await aio.map(awork, [5, 6], concurrency=1)
paid = durnb.call(work, once='seven')(7)
durnb.sleep('10ms')
total = 0
for n in durnb.loop([10, 20, 30], save='total', every=0): total += n
late = durnb.wait_for('never', timeout='1ms', default=-1)
(one, many, tasks, paid, total, late)
"""
BEFORE = ("call-returned@2", "call-returned@2", "call-returned@2", "call-returned@2", "call-started@1")
AFTER = (
    *("call-recorded@2", "call-recorded@2", "call-recorded@2", "call-recorded@2"),
    *("wait-started@1", "loop-saved@1", "loop-saved@2", "wait-started@1"),
)


@pytest.mark.parametrize(("points", "twice"), [(BEFORE, {1, 2, 3, 4}), (AFTER, set())], ids=["before the record", "after it"])
def test_a_step_killed_at_the_points_inside_it_ends_right(points: tuple[str, ...], twice: set[int], nb: Notebook) -> None:
    for point in points:
        where, _, count = point.partition("@")
        nb.open(DURNB_FAULTS=f"{where}=kill@{count}").ok(START)
        assert nb.run(CELL).status == "died", point
    nb.open().ok(START)
    if points is BEFORE:  # a call that is to happen once had been started
        assert "did it happen" in nb.refused(CELL).evalue
        nb.ok("%durable resolve all/seven retry")
    result = nb.ok(CELL)
    assert result.text == "(1, [4, 9, 16], [25, 36], 49, 60, -1)"
    assert nb.executions == {f"work{n}": 1 + (n in twice) for n in range(1, 8)}
