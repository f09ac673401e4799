"""What a check of a notebook's cells finds, and what it leaves in peace."""

from __future__ import annotations

import pytest

from crash.long_books import NOTEBOOKS, cells_of
from durnb.advice import Finding, check, exit_code, in_order
from durnb.cli.demo import tour_notebook
from durnb.engine.cells import NotebookCell
from durnb.engine.unmarked import Blanket, covered
from durnb.runner.cells import notebook_cells
from durnb.runner.executed import read_notebook

STEP = "%%durable load\ndf = load()"


def found(*sources: str, every: bool = False, **more: object) -> list[tuple[str, str, int]]:
    """Severity, kind and line of each finding, but for the note that nothing is durable, and for files (test_files)."""
    cells = covered([NotebookCell(source=source, id=f"c{n}") for n, source in enumerate(sources)], Blanket() if every else None)
    return [(f.severity, f.kind, f.line) for f in check(cells, **more) if f.kind != "nothing-durable" and "file-not" not in f.kind]  # type: ignore[arg-type]  # passed on


def only(*sources: str, every: bool = False) -> Finding:
    cells = covered([NotebookCell(source=source, id=f"c{n}") for n, source in enumerate(sources)], Blanket() if every else None)
    (finding,) = [f for f in check(cells) if "file-not" not in f.kind]
    return finding


@pytest.mark.parametrize("every", [False, True])
def test_the_tour_and_realistic_notebooks_raise_no_alarm(every: bool) -> None:
    start = Blanket() if every else None
    books = [notebook_cells(read_notebook(tour_notebook())), *(cells_of(path) for path in sorted(NOTEBOOKS.glob("*.py")))]
    found = [f for book in books for f in check(covered(book, start)) if f.severity != "note"]
    assert [(f.kind, f.what.split()[2]) for f in found] == [
        ("file-not-in-depends", path)
        for path in ("out/weights.csv,", "out/scenario.csv,")
        if every  # each made by one step, read by another
    ]


def test_a_header_that_cannot_be_read_is_an_error() -> None:
    assert found("%%durable a --nonsense\nx = 1") == [("error", "header", 0)]
    assert found("%durable all --once") == [("error", "header", 0)]


def test_a_name_that_is_given_twice_is_an_error_that_names_both_cells() -> None:
    finding = only(STEP, "import os", STEP)
    assert (finding.severity, finding.kind, finding.cell) == ("error", "name-given-twice", 3)
    assert "cell 1" in finding.what


@pytest.mark.parametrize("binding", ["from gzip import open", "exit = 1", "def quit(): ..."])
def test_a_name_of_ipython_that_a_step_binds_is_told(binding: str) -> None:
    assert found(f"%%durable load\n{binding}") == [("warning", "lost-on-resume", 0)]
    assert found(binding, "%%durable load\nwith open('x') as f: data = f.read()") == []


def test_a_file_with_two_makers_is_told() -> None:
    assert found("%%durable a --creates x.csv\nmake()", "%%durable b --creates x.csv\nadd()") == [("warning", "file-made-twice", 0)]


@pytest.mark.parametrize(
    "change", ["df['x'] = 1", "df.x = 1", "df.loc[0, 'a'] += 1", "df.dropna(inplace=True)", "df['x'].update(a)", "if a:\n    df.sort()"]
)
def test_a_plain_cell_that_changes_what_a_step_made_is_told(change: str) -> None:
    assert [kind for _, kind, _ in found(STEP, change)] == ["plain-change"]
    assert found(change, STEP) == []


@pytest.mark.parametrize("harmless", ["df.head()", "x = df.dropna()", "df = df.dropna()", "def f():\n    df['x'] = 1", "other.append(df)"])
def test_a_plain_cell_that_looks_or_makes_a_new_value_is_not(harmless: str) -> None:
    assert found(STEP, harmless) == []


@pytest.mark.parametrize("source", ["datetime.now()", "pd.Timestamp.now()", "uuid.uuid4()", "str(date.today())", "np.random.rand(3)"])
def test_a_plain_value_that_differs_each_time_and_that_a_step_reads_is_told(source: str) -> None:
    assert ("warning", "volatile-input", 2) in found(f"import x\nstamp = {source}", "%%durable use\nprint(stamp)")
    assert found(f"stamp = {source}", "%%durable use\nprint(1)") == []


def test_with_a_seed_random_numbers_are_no_alarm() -> None:
    assert found("np.random.seed(1)\nx = np.random.rand()", "%%durable use\nprint(x, np.random.rand())") == []
    assert found("%%durable use\nx = np.random.default_rng(3).normal()") == []


def test_steps_that_draw_without_a_seed_are_one_note() -> None:
    notes = found("%%durable a\nx = np.random.rand()", "%%durable b\ny = random.choice(x)", "%%durable c\nz = np.random.default_rng()")
    assert notes == [("note", "no-seed", 2)]


def test_a_step_that_looks_at_the_clock_is_a_note() -> None:
    assert found("%%durable a\nnow = datetime.now()") == [("note", "clock-in-a-step", 2)]
    assert found("%%durable a\nbegan = time.time()\nrun()\nprint(time.time() - began)") == []


@pytest.mark.parametrize(
    "made",
    [
        "psycopg.connect(url)",
        "open('a.txt', 'w')",
        "sqlite3.connect(':memory:')",
        "boto3.client('s3')",
        "ThreadPoolExecutor(4)",
        "(x for x in y)",
    ],
)
def test_what_is_known_not_to_be_stored_is_told_where_a_later_cell_reads_it(made: str) -> None:
    assert found(f"%%durable a\nthing = {made}", "%%durable b\nuse(thing)") == [("warning", "lost-on-resume", 2)]
    assert found(f"%%durable a\nthing = {made}") == []
    assert found(f"thing = {made}", "%%durable b\nuse(thing)") == []
    assert found(f"%%durable a --ignore thing\nthing = {made}", "%%durable b\nuse(thing)") == []


@pytest.mark.parametrize(
    "made", ["sqlite3.connect('a.db')", "open('a.txt')", "gzip.open('a.gz', mode='rt')", "OpenAI()", "create_engine(url)"]
)
def test_what_is_opened_or_made_again_is_not(made: str) -> None:
    assert found(f"%%durable a\nthing = {made}", "%%durable b\nuse(thing)") == []


def test_what_a_step_closes_itself_is_not() -> None:
    assert found("%%durable a\nf = open('a', 'w')\nf.write(x)\nf.close()", "%%durable b\nuse(f)") == []
    assert found("%%durable a\nwith open('a') as f:\n    x = f.read()", "%%durable b\nuse(f)") == []


def test_where_every_cell_is_a_step_a_connection_is_made_again_and_what_stands_somewhere_is_not() -> None:
    assert found("conn = psycopg.connect(url)", "use(conn)", every=True) == []
    assert found("conn = sqlite3.connect('a.db')\npool = ThreadPoolExecutor()", "use(pool)", every=True) == []
    assert found("conn = sqlite3.connect(':memory:')", "use(conn)", every=True) == [("warning", "lost-on-resume", 1)]
    assert found("conn = psycopg.connect(url)\nrows = conn.read()", "use(conn)", every=True) == [("warning", "lost-on-resume", 1)]
    finding = only("f = open('a', 'w')", "use(f)", every=True)
    assert "# durable: off" in finding.cure


def test_a_command_that_may_fail_in_silence_is_told() -> None:
    assert found("%%durable a\n!make data") == [("warning", "unchecked-command", 2)]
    assert found("%%durable a\n!make data\nassert _exit_code == 0") == []
    assert found("%%durable a\n!ls -l\n!nvidia-smi\n!python --version") == []
    assert found("!make data") == []


@pytest.mark.parametrize("option", ["torch.backends.cudnn.benchmark = True", "tqdm.pandas()", "%load_ext autoreload"])
def test_an_option_of_a_library_that_is_set_where_a_step_works_is_told(option: str) -> None:
    assert found(f"%%durable a\n{option}\nmodel = fit()") == [("warning", "option-in-a-step", 2)]


@pytest.mark.parametrize(
    "kept",
    ["plt.rcParams['figure.dpi'] = 90", "pd.set_option('display.width', 90)", "%matplotlib inline", "np.set_printoptions(precision=3)"],
)
def test_options_that_a_checkpoint_has_are_not(kept: str) -> None:
    assert found(f"%%durable a\n{kept}\nmodel = fit()") == []


def test_rows_that_a_step_writes_and_does_not_commit_are_told() -> None:
    connect = "conn = sqlite3.connect('a.db')"
    assert found(connect, "%%durable a\nconn.execute('insert into t values (1)')") == [("warning", "uncommitted", 2)]
    assert found(connect, "%%durable a\nconn.executemany(f'INSERT INTO {t} values (?)', rows)\nconn.commit()") == []
    assert found(connect, "%%durable a\nwith conn:\n    conn.execute('delete from t')") == []
    assert found(connect, "%%durable a\nconn.execute('select * from t')") == []
    assert found("%%durable a\nclient.execute('update t')") == []


def test_what_may_be_sent_twice_is_a_note() -> None:
    assert found("%%durable a\nrequests.post(url)") == [("note", "may-happen-twice", 2)]
    assert found("%%durable a --once\nrequests.post(url)") == []
    assert found("%%durable a\nrequests.get(url)") == []


@pytest.mark.parametrize(
    "secret",
    [
        "key = 'sk-abcdefghijklmnopqrstuvwxyz'",
        "boto3.client('s3', aws_access_key_id='AKIAABCDEFGHIJKLMNOP')",
        "# ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "DB = 'postgresql://me:hunter22@db/x'",
        "API_TOKEN = 'a8f7s9d8f7a'",
        "os.environ['DB_PASSWORD'] = 'hunter2hunter2'",
        "client.secret_key = 'q8w7e6r5t4'",
    ],
)
def test_a_secret_in_the_text_is_told_and_never_shown(secret: str) -> None:
    finding = next(f for f in check([NotebookCell(source=secret)]) if f.kind != "nothing-durable")
    assert (finding.severity, finding.kind, finding.where) == ("warning", "secret-in-source", "cell 1")
    assert not any(word in f"{finding.what}{finding.cure}" for word in ("hunter", "sk-abc", "AKIAA", "a8f7s9", "q8w7"))


@pytest.mark.parametrize(
    "harmless",
    [
        "KEY = 'customer_id1'",
        "TOKENIZER = 'bert-base-uncased1'",
        "API_TOKEN = ''",
        "PASSWORD = 'your-password-1'",
        "password = '<insert 1 here>'",
        "token_count = '12345678a'",
        "url = 'https://example.org/a:b@c'",
        "secret = load_secret('vault1/path')",
        "tokens = 'a1 b2 c3 d4'",
        "SECRET_PATH = '/run/secrets/db1'",
    ],
)
def test_what_only_sounds_secret_is_not(harmless: str) -> None:
    assert found(harmless) == []


def test_a_secret_that_a_step_looks_up_is_told() -> None:
    for lookup in ("os.environ['MY_API_KEY']", "os.getenv('DB_PASSWORD')", "os.environ.get('TOKEN', '')", "getpass.getpass()"):
        assert found(f"%%durable a\nkey = {lookup}\nuse(key)") == [("warning", "secret-in-a-step", 2)]
    assert found("%%durable a\nhome = os.environ['HOME']") == []
    assert found("key = os.environ['MY_API_KEY']", every=True) == []


def test_a_secret_in_a_saved_output_is_told() -> None:
    assert found(STEP, outputs={1: "it is sk-abcdefghijklmnopqrstuvwxyz"}) == [("warning", "secret-in-output", 0)]


def test_a_plain_cell_that_took_long_is_told() -> None:
    assert found(STEP, "df2 = slow(df)", seconds={1: 100.0, 2: 61.0}) == [("warning", "long-plain-cell", 0)]
    assert found(STEP, "df2 = slow(df)", seconds={2: 4.0}) == []


def test_lines_are_those_of_the_cell_as_typed() -> None:
    assert found("%%durable a\n# a comment\n\n%%time\nx = 1\n!make") == [("warning", "unchecked-command", 6)]


def test_a_notebook_without_steps_is_told_how_it_gets_them() -> None:
    (finding,) = check([NotebookCell(source="x = 1")])
    assert (finding.severity, finding.kind) == ("note", "nothing-durable")
    assert "%durable all" in finding.cure


def test_findings_are_in_order_and_give_the_exit_code() -> None:
    kinds: list[tuple[str, int, int]] = [("note", 1, 0), ("warning", 2, 1), ("error", 9, 0), ("warning", 1, 5)]
    findings = [Finding(severity=s, kind="k", where="w", what="", cure="", cell=c, line=n) for s, c, n in kinds]  # type: ignore[arg-type]  # one of the three
    assert [(f.severity, f.cell) for f in in_order(findings)] == [("error", 9), ("warning", 1), ("warning", 2), ("note", 1)]
    assert [exit_code([f for f in findings if f.severity in wanted]) for wanted in (("note",), ("note", "warning"), ("error",))] == [
        0,
        1,
        2,
    ]


def test_a_cell_that_cannot_be_parsed_is_passed_over() -> None:
    assert found("%%durable a\nthis is no Python", "%%bash\nmake") == []
