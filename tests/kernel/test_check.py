"""``%durable check``: what only a live kernel can tell."""

from __future__ import annotations

from kernel.conftest import Notebook

CELLS = [
    ("load", "%%durable load\nimport threading\nrows = list(range(50_000))\nheld = {'deep': [threading.Thread()]}"),
    ("opaque", "box = __import__('ssl').create_default_context()"),
    ("slow", "import time\nend = time.monotonic() + 1.1\nwhile time.monotonic() < end: pass"),
    ("use", "%%durable use\ntotal = len(rows) + len(held) + box.check_hostname"),
    ("left", "%%durable left --ignore worker\nworker = open('worker.txt', 'w')"),
    ("big", "%config Durable.max_prestate = '1 MB'\nbuffer = bytearray(3_000_000)"),
    ("fill", "%%durable fill --retries 1\nbuffer[0] = 1"),
    ("key", "%%durable key\ntoken = __import__('os').environ['MY_API_TOKEN']"),
]


def test_lost_names_sizes_untracked_inputs_and_secrets_are_told_and_nothing_is_kept(nb: Notebook) -> None:
    nb.open(MY_API_TOKEN="q8w7e6r5t4z3").place.write(CELLS)
    for name, source in CELLS:
        nb.ok_with_id(source, name)
    before = nb.status()
    found = nb.command("check --json")
    kinds = {(finding["kind"], finding["cell"]): finding for finding in found["findings"]}
    assert "held['deep'][0]" in kinds["lost", 1]["what"]
    assert (kinds["lost", 1]["severity"], [kind for kind, _ in kinds].count("lost")) == ("warning", 1)
    assert "`box`" in kinds["untracked", 4]["what"]
    assert (kinds["too-big-to-keep", 7]["severity"], "`buffer`, 3 MB" in kinds["too-big-to-keep", 7]["what"]) == ("warning", True)
    assert "MY_API_TOKEN" in kinds["secret-in-variable", 0]["what"]
    assert "q8w7" not in str(found)
    assert [size["names"] for size in found["sizes"]][:2] == [["buffer"], ["rows"]]
    assert found["bytes"] > 100_000
    assert nb.status() == before
    shown = nb.ok("%durable check")
    assert "rows" in shown.text
    assert "cure" in shown.text
    assert nb.executions == {}


def test_a_plain_cell_that_took_long_is_remembered(nb: Notebook) -> None:
    nb.place.write(CELLS[:3])
    nb.ok(CELLS[2][1])
    assert nb.evaluate("[round(s) for s in get_ipython()._durnb_extension.slow.values()]") == [1]


def test_a_notebook_without_anything_is_checked_too(nb: Notebook) -> None:
    assert [finding["kind"] for finding in nb.command("check --json")["findings"]] == ["nothing-durable"]
    assert "--jsno" in nb.refused("%durable check --jsno").evalue
