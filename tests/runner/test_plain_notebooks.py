"""The runner on plain notebooks: the kernel's deaths, failures, parameters, signals and the executed notebook."""

from __future__ import annotations

from typing import Any

import pytest
from nbformat.v4 import new_output

# A kernel that kills itself the first time: what a crash leaves behind is the file.
DIE_ONCE = "import os, pathlib\nif not pathlib.Path('died').exists():\n    pathlib.Path('died').touch()\n    os.kill(os.getpid(), 9)\nprint('alive')"


def test_a_plain_notebook_runs_to_its_end_beside_its_source(desk: Any) -> None:
    source = desk.notebook("x = 1", "print(x + 1)").read_bytes()
    done = desk.durnb("run", "etl.ipynb")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(desk.folder / "etl.out.ipynb")
    assert desk.text(1) == "2\n"
    assert (desk.folder / "etl.ipynb").read_bytes() == source
    assert desk.output().metadata.language_info.name == "python"


def test_a_kernel_that_dies_is_started_again_and_all_cells_run(desk: Any) -> None:
    desk.notebook("x = 1", DIE_ONCE, "print(x)")
    done = desk.durnb("run", "etl.ipynb")
    assert done.returncode == 0, done.stderr
    assert "the kernel died in import os, pathlib; starting it again, 1 of at most 5 times" in done.stderr
    assert (desk.text(1), desk.text(2)) == ("alive\n", "1\n")
    assert desk.output().metadata.durnb.deaths == 1


def test_a_kernel_that_always_dies_is_given_up_and_the_notebook_is_written(desk: Any) -> None:
    desk.notebook("print('before')", "import os\nopen('deaths', 'a').write('x\\n')\nos.kill(os.getpid(), 9)", "print('after')")
    done = desk.durnb("run", "etl.ipynb", "--max-restarts", "2")
    assert done.returncode == 4, done.stderr
    assert desk.lines("deaths") == ["x"] * 3
    assert (desk.text(0), desk.text(2)) == ("before\n", "")


def test_no_restarts_means_one_life(desk: Any) -> None:
    desk.notebook("import os\nopen('deaths', 'a').write('x\\n')\nos.kill(os.getpid(), 9)")
    assert desk.durnb("run", "etl.ipynb", "--max-restarts", "0").returncode == 4
    assert desk.lines("deaths") == ["x"]


def test_a_failing_cell_ends_the_run_and_is_shown(desk: Any) -> None:
    desk.notebook("print('before')", "1 / 0", "print('after')")
    done = desk.durnb("run", "etl.ipynb")
    assert done.returncode == 1
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert desk.errors() == [(1, "ZeroDivisionError")]
    assert desk.text(2) == ""


def test_a_cell_tagged_raises_exception_may_fail(desk: Any) -> None:
    desk.notebook({"source": "1 / 0", "metadata": {"tags": ["raises-exception"]}}, "print('after')")
    assert desk.durnb("run", "etl.ipynb").returncode == 0
    assert desk.text(1) == "after\n"


def test_parameters_reach_the_notebook_with_their_types(desk: Any) -> None:
    defaults = {"source": "n, day, on = 1, 'never', None", "metadata": {"tags": ["parameters"]}}
    desk.notebook(defaults, "print(repr((n, day, on, names)))")
    given = ("-p", "n=2.5", "-p", "day=2026-11-20", "-p", "on=True", "-p", 'names=["a", "b"]')
    done = desk.durnb("run", "etl.ipynb", *given, "--output", "o-{day}.ipynb")
    assert done.returncode == 0, done.stderr
    assert desk.text(2, "o-2026-11-20.ipynb") == "(2.5, '2026-11-20', True, ['a', 'b'])\n"
    assert desk.output("o-2026-11-20.ipynb").cells[1].metadata.tags == ["injected-parameters"]


def test_the_executed_notebook_is_whole_and_valid_whenever_a_cell_looks(desk: Any) -> None:
    look = "import nbformat\nnb = nbformat.read('etl.out.ipynb', as_version=4)\nnbformat.validate(nb)\nprint([len(c.outputs) for c in nb.cells])"
    desk.notebook(look, look, look)
    assert desk.durnb("run", "etl.ipynb").returncode == 0
    assert [desk.text(n) for n in range(3)] == ["[0, 0, 0]\n", "[1, 0, 0]\n", "[1, 1, 0]\n"]
    assert sorted(path.name for path in desk.folder.glob("*etl*")) == ["etl.ipynb", "etl.out.ipynb"]


def test_outputs_saved_in_the_source_are_not_taken_for_results(desk: Any) -> None:
    stale = [new_output("stream", text="old")]
    desk.notebook("1 / 0", {"source": "print('new')", "outputs": stale, "execution_count": 7})
    assert desk.durnb("run", "etl.ipynb").returncode == 1
    assert desk.output().cells[1].outputs == []


def test_the_kernel_gets_the_notebooks_folder_path_run_and_cell_ids(desk: Any) -> None:
    (desk.folder / "elsewhere").mkdir()
    path = desk.notebook(
        "import os\nprint(os.getcwd(), os.environ['DURNB_NOTEBOOK'], os.environ['DURNB_RUN'], os.environ['DURNB_RUN_MODE'], sep='\\n')",
        "print(get_ipython().kernel.get_parent('shell')['metadata']['cellId'])",
    )
    done = desk.call("durnb.cli", "run", str(path), "--output", "elsewhere/x.ipynb", "--key", "mine", "--new")
    assert done.returncode == 0, done.stderr
    assert desk.text(0, "elsewhere/x.ipynb").splitlines() == [str(desk.folder), str(path), "mine", "new"]
    assert desk.text(1, "elsewhere/x.ipynb") == "c1\n"


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_interrupts_the_running_cell_and_ends_the_run(desk: Any, name: str, code: int) -> None:
    desk.notebook(
        "print('before')", f"import os, signal, threading\nos.kill(os.getppid(), signal.{name})\nthreading.Event().wait()", "print('after')"
    )
    done = desk.durnb("run", "etl.ipynb", "--drain", "0.1s")
    assert done.returncode == code, done.stderr
    assert desk.errors() == [(1, "KeyboardInterrupt")]
    assert (desk.text(0), desk.text(2)) == ("before\n", "")
    assert "was stopped" in done.stderr


def test_a_second_signal_ends_a_kernel_that_does_not_heed_the_first(desk: Any) -> None:
    stubborn = (
        "import os, signal, threading\n"
        "def again(*_):\n"
        "    os.kill(os.getppid(), signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, again)\n"
        "os.kill(os.getppid(), signal.SIGINT)\n"
        "while True: threading.Event().wait()"
    )
    desk.notebook(stubborn, "print('after')")
    done = desk.durnb("run", "etl.ipynb")
    assert done.returncode == 130, done.stderr
    assert desk.text(1) == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere.ipynb",), "can't be read"),
        (("etl.ipynb", "-p", "n"), "write -p name=value"),
        (("etl.ipynb", "--kernel", "cobol"), "there is no kernel 'cobol'"),
        (("etl.ipynb", "--output", "etl.ipynb"), "choose another --output"),
        (("etl.ipynb", "--output", "no/etl.ipynb"), "can't be written"),
        (("etl.ipynb", "--key", ""), "a key is"),
    ],
)
def test_what_can_not_be_carried_out_is_one_line_and_code_2(desk: Any, arguments: tuple[str, ...], words: str) -> None:
    desk.notebook("open('ran', 'w')")
    done = desk.durnb("run", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert desk.lines("ran") == []
