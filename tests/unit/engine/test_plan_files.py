"""Files that steps depend upon, as a plan finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from durnb.engine.dependencies import inputs_of
from durnb.engine.manifest import Manifest, StoredAmbient
from unit.engine.plan_story import code_of, in_cells, ran
from unit.engine.run_story import Story


def reading(folder: Path, option: str = "sales.csv") -> tuple[Story, str]:
    """A step that read the files of `option`, and its cell."""
    story, cell = Story(), f"%%durable load --depends '{option}'\ndf = 1"
    (folder / "sales.csv").write_text("1")
    ran(story, cell, inputs_of(option, folder, None), df="1")
    return story, cell


def test_a_file_is_compared_with_what_the_step_read(tmp_path: Path) -> None:
    story, cell = reading(tmp_path)
    assert in_cells(story, cell, folder=tmp_path) == {"load": "reuse: finished"}
    assert in_cells(story, cell)["load"] == "maybe: it depends on the file sales.csv, which is looked at when its turn comes"
    assert in_cells(story, cell, folder=tmp_path, largest=0)["load"].startswith("maybe: it depends on the file sales.csv")
    (tmp_path / "sales.csv").write_text("2")
    assert in_cells(story, cell, folder=tmp_path) == {"load": "run: the file sales.csv changed"}
    (tmp_path / "sales.csv").unlink()
    assert in_cells(story, cell, folder=tmp_path) == {"load": "run: the file sales.csv changed"}


def test_files_that_come_and_go_and_headers_that_name_others_are_seen(tmp_path: Path) -> None:
    story, cell = reading(tmp_path, "*.csv")
    (tmp_path / "more.csv").write_text("2")
    assert in_cells(story, cell, folder=tmp_path) == {"load": "run: the file more.csv is new"}
    (tmp_path / "more.csv").rename(tmp_path / "more.txt")
    assert in_cells(story, cell, folder=tmp_path) == {"load": "reuse: finished"}
    assert in_cells(story, cell.replace("*.csv", "*.txt"), folder=tmp_path) == {
        "load": "run: the file sales.csv is gone; the file more.txt is new"
    }


@pytest.mark.parametrize(
    "text",
    [
        "open('sales.csv', 'w').write('2')",
        "export('sales.csv')",
        "df.to_csv(path)",
        "PATH = 'sales.csv'\nexport(PATH)",
        "!wget https://example.org/sales.csv",
        "%%writefile sales.csv\n1",
        "%%bash\ncurl -O example.org/sales.csv",
        "def get():\n    shutil.copy(a, b)\nget()",
        "exec(text)",
        "made.rename(Path('sales').with_suffix('.csv'))",
        "os.chdir('d')",
        "%cd d",
    ],
)
def test_a_plain_cell_that_may_write_a_file_or_changes_the_folder_leaves_it_open(tmp_path: Path, text: str) -> None:
    story, cell = reading(tmp_path)
    assert in_cells(story, text, cell, folder=tmp_path)["load"].startswith("maybe: it depends on the file sales.csv, "), text
    assert in_cells(story, cell, text, folder=tmp_path) == {"load": "reuse: finished"}


@pytest.mark.parametrize(
    "text",
    [
        "open('notes.txt', 'w').write('2')",
        "pd.read_csv('sales.csv').head()",
        "PATH = 'sales.csv'",
        "print(df.to_html())",
        "def get(): shutil.copy(a, b)",
        "!pip install pandas",
        "%time df.head()",
    ],
)
def test_a_plain_cell_that_only_reads_or_writes_elsewhere_does_not(tmp_path: Path, text: str) -> None:
    story, cell = reading(tmp_path)
    assert in_cells(story, text, cell, folder=tmp_path) == {"load": "reuse: finished"}, text


def test_what_a_step_that_runs_may_write_is_left_open(tmp_path: Path) -> None:
    story, load = reading(tmp_path)
    for first, writes in (
        ("%%durable first --creates sales.csv\nmake()", True),
        ("%%durable first --creates 'out/*.csv'\nmake()", False),
        ("%%durable first\nframe.to_csv('sales.csv')", True),
        ("%%durable first\nframe.to_csv('other.csv')", False),
        ("%%durable first\nframe.to_csv(path)", True),
        ("%%durable first\nx = pd.read_csv('sales.csv')", False),
    ):
        planned = in_cells(story, first, load, folder=tmp_path)
        assert planned["load"] == ("maybe: it depends on what 'first' writes to sales.csv" if writes else "reuse: finished"), first
        assert in_cells(story, load, first, folder=tmp_path)["load"] == "reuse: finished"


def test_in_a_folder_that_a_step_changed_a_file_is_left_open(tmp_path: Path) -> None:
    story, load = reading(tmp_path)
    move = "%%durable move\nos.chdir('d')"
    story.starts("move", code_of(move), source=move)
    ambient = {"@cwd": StoredAmbient(digest="d", payload="", derived="set")}
    story.succeeds("move", holds=Manifest(step="move", ambient=ambient).encode())
    planned = in_cells(story, move, load, folder=tmp_path)
    assert planned == {
        "move": "reuse: finished",
        "load": "maybe: it depends on the file sales.csv, in a folder that a cell above may change",
    }
