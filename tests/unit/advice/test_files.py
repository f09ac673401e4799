"""Files that steps read and write, and that their headers do not name."""

from __future__ import annotations

import pytest

from durnb.advice import Finding, check
from durnb.engine.cells import NotebookCell
from durnb.engine.unmarked import Blanket, covered


def found(*sources: str, every: bool = False) -> list[Finding]:
    cells = covered([NotebookCell(source=source, id=f"c{n}") for n, source in enumerate(sources)], Blanket() if every else None)
    return [f for f in check(cells) if f.kind.startswith("file-not")]


def cures(*sources: str, every: bool = False) -> list[str]:
    return [f.cure for f in found(*sources, every=every)]


def test_a_file_that_a_step_reads_and_does_not_name_is_a_warning_with_the_header_to_write() -> None:
    (finding,) = found("%%durable load --retries 2\nimport pandas as pd\nd = pd.read_csv('data.csv')")
    assert (finding.severity, finding.kind, finding.where, finding.line) == ("warning", "file-not-in-depends", "step load", 3)
    assert "reads data.csv" in finding.what
    assert finding.cure == "%%durable load --retries 2 --depends data.csv"


@pytest.mark.parametrize(
    "reading",
    [
        "pd.read_parquet(path='a.x')",
        "pl.scan_csv('a.x')",
        "np.load('a.x')",
        "json.load(open('a.x'))",
        "with open('a.x', 'rb') as f: f.read()",
        "gzip.open('a.x', 'rt').read()",
        "Path('a.x').read_text()",
        "(Path('.') / 'a.x').open().read()",
        "torch.load('a.x')",
        "Image.open('a.x')",
        "open(NAMED).read()",
        "load_all()",
    ],
)
def test_files_are_known_however_they_are_read(reading: str) -> None:
    above = "NAMED = 'a.x'\ndef load_all():\n    return load_one()\ndef load_one():\n    return pd.read_csv('a.x')"
    (finding,) = found(above, f"# durable: load\nx = 1\n{reading}")
    assert (finding.kind, finding.cure.replace("./", "")) == ("file-not-in-depends", "# durable: load --depends a.x")


def test_what_only_the_run_knows_of_a_name_is_a_star_and_what_looks_like_one_is_none() -> None:
    assert cures("%%durable a\nfor k in ks: pd.read_csv(f'data/{k}.csv')") == ["%%durable a --depends 'data/*.csv'"]
    assert cures("%%durable a\nfor f in glob.glob('d/*.csv') + list(Path('e').glob('*.x')): ...") == [
        "%%durable a --depends 'd/*.csv' --depends 'e/*.x'"
    ]
    assert cures("%%durable a\nnp.load('z[1].npy')") == ["%%durable a --depends 'z[[]1].npy'"]


def test_a_file_that_a_step_writes_and_does_not_name_is_a_note() -> None:
    (finding,) = found("%%durable a\ndf.to_csv('o.csv')\nopen('p.txt', 'w').write('')\nnp.save('q', x)\nplt.savefig('r.png')")
    assert (finding.severity, finding.kind, finding.line) == ("note", "file-not-in-creates", 2)
    assert finding.cure == "%%durable a --creates o.csv --creates p.txt --creates q.npy --creates r.png"


@pytest.mark.parametrize(
    "cell",
    [
        "%%durable a --depends 'data/*.csv' --depends ./b.csv\npd.read_csv('data/x.csv'), pd.read_csv('b.csv'), pd.read_csv(f'data/{k}.csv')",
        "%%durable a --creates out/ --creates p.txt\ndf.to_csv('./out/x/o.csv')\nopen('p.txt', 'w').write('')",
        "%%durable a --creates o.csv\ndf.to_csv('o.csv')\npd.read_csv('./o.csv')",
        "%%durable a --always\npd.read_csv('data.csv')",
        "%%durable a\npd.read_csv('https://x.org/data.csv'), open('/proc/cpuinfo').read(), pd.read_csv(path), open(f'{x}')",
        "%%durable a\nopen('log.txt', 'a').write('')\ndf.to_json()\nmodel.save()\nstore.save('key')",
        "pd.read_csv('data.csv').to_csv('o.csv')",
    ],
)
def test_what_the_header_names_and_what_is_no_file_is_left_in_peace(cell: str) -> None:
    assert found(cell) == []


def test_where_every_cell_is_a_step_the_cure_is_a_header() -> None:
    assert cures("d = pd.read_csv('data.csv')", every=True) == ["give the cell a header: # durable: NAME --depends data.csv"]


def test_a_name_that_a_parameter_sets_stands_for_no_file() -> None:
    cells = [NotebookCell(source="path = 'a.csv'", tags=("parameters",)), NotebookCell(source="%%durable a\nd = pd.read_csv(path)")]
    assert check(cells) == []


def test_a_loop_that_changes_what_it_does_not_save_is_told() -> None:
    setting = "total, seen, client = 0, 0, connect()\nrows = []"
    loop = "%%durable a\nfor i in tqdm(durnb.loop(items, save=['seen'])):\n    total += i\n    seen = seen + 1\n    rows.append(i)\n    client.update(i)\n    x = i"
    (finding,) = check([NotebookCell(source=setting), NotebookCell(source=loop)])
    assert (finding.severity, finding.kind, finding.line) == ("warning", "loop-not-saved", 2)
    assert "`rows`, `total`" in finding.what
    assert finding.cure.startswith("save=['seen', 'rows', 'total']")
    assert check([NotebookCell(source=setting), NotebookCell(source=loop.replace("['seen']", "('seen', 'rows', 'total')"))]) == []
    assert check([NotebookCell(source=setting), NotebookCell(source=loop.replace("['seen']", "names"))]) == []
