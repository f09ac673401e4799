"""``--creates``: a step is reused only while the files that it made are as it left them."""

from __future__ import annotations

from kernel.conftest import Notebook

CLEAN = "%%durable clean --creates clean.txt --creates 'out/'\nran('clean')\nimport pathlib\npathlib.Path('clean.txt').write_text('data')\npathlib.Path('out/deep').mkdir(parents=True, exist_ok=True)\npathlib.Path('out/deep/part').write_text('part')"
USE = "%%durable use --depends clean.txt\nran('use')\ntext = open('clean.txt').read()"


def test_a_step_is_reused_in_the_next_kernel_while_its_files_are_there(nb: Notebook) -> None:
    nb.ok(CLEAN, USE)
    assert nb.open().ok(CLEAN).replayed
    assert nb.ok(USE).replayed
    assert nb.executions == {"clean": 1, "use": 1}


def test_a_file_that_is_gone_or_changed_is_told_and_made_again_and_who_reads_it_stays_fresh(nb: Notebook) -> None:
    nb.ok(CLEAN, USE)
    nb.place.write([("a", CLEAN), ("b", USE)])
    (nb.place.folder / "out/deep/part").unlink()
    (step, _) = nb.command("plan --json")["steps"]
    assert (step["action"], step["reason"]) == ("run", "its file out/deep/part is gone")
    assert "its file out/deep/part is gone" in nb.open().ok("%durable restore").text
    assert "its file out/deep/part is gone" in nb.ok(CLEAN).badge
    (nb.place.folder / "clean.txt").write_text("DATA")  # of the same size
    assert "its file clean.txt was changed since" in nb.ok(CLEAN).badge
    assert nb.ok(USE).replayed
    assert nb.executions == {"clean": 3, "use": 1}
    assert "out/deep/part" in str(nb.ok("%durable show clean"))


def test_what_to_do_is_asked_where_the_header_says_so_and_the_answer_holds(nb: Notebook) -> None:
    asking = CLEAN.replace("--creates clean.txt", "--creates clean.txt --on-change ask")
    nb.ok(asking)
    (nb.place.folder / "clean.txt").write_text("mine")
    assert nb.refused(asking).ename == "StepAsks"
    nb.ok("%durable resolve clean keep", asking)
    assert nb.open().ok(asking).replayed
    assert nb.executions == {"clean": 1}
    assert (nb.place.folder / "clean.txt").read_text() == "mine"


def test_a_step_that_did_not_make_its_file_is_done_and_says_that_it_will_run_again(nb: Notebook) -> None:
    cell = "%%durable make --creates nothing.txt\nran('make')\nx = 1"
    assert "there is no such file" in nb.ok(cell).badge
    assert "it left no file nothing.txt" in nb.ok(cell).badge
    assert nb.executions == {"make": 2}


def test_paths_count_from_where_the_step_began(nb: Notebook) -> None:
    cell = "%%durable go --creates made.txt\nran('go')\nimport os\nopen('made.txt', 'w').close()\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')"
    nb.ok(cell)
    assert nb.open().ok(cell).replayed
    assert nb.executions == {"go": 1}
