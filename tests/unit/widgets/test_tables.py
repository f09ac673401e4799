"""Tables of a run: what stands in them, and that nothing in them is taken for HTML."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durnb.engine import overview
from durnb.engine.manifest import LostName, Manifest, StoredAmbient, StoredName
from durnb.engine.plan import Plan, PlannedStep
from durnb.engine.storage import Storage
from durnb.engine.usage import Holding
from durnb.journal import Collected, Removed, RunFiles, RunName, StoreFiles
from durnb_widgets.tables import Table, bytes_text, collected_table, plan_table, status_table, step_text, storage_tables, when
from unit.engine.run_story import Story, made

EVIL = "<script>alert('x')</script>\"&amp;<img src=x onerror=y>"
TAGS = {"table", "caption", "thead", "tbody", "tr", "th", "td", "div"}


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def seen(table: Table) -> _Seen:
    parser = _Seen()
    parser.feed(table._repr_html_())
    parser.close()
    return parser


def harmless(table: Table) -> None:
    for tag, attributes in seen(table).tags:
        assert tag in TAGS
        assert set(attributes) <= {"style", "scope"}


cells = st.text(alphabet="<>&\"'/a b=;", max_size=12)


@given(cells, cells, st.lists(st.tuples(cells, cells), max_size=3), cells)
def test_text_in_any_place_of_a_table_is_shown_as_it_is(title: str, head: str, rows: list[tuple[str, str]], foot: str) -> None:
    table = Table(title, (head, "b"), tuple(rows), foot)
    harmless(table)
    expected = [title, head, "b", *(cell for row in rows for cell in row), foot]
    assert "".join(seen(table).text) == "".join(expected)


def test_a_table_as_text_has_its_columns_one_below_the_other() -> None:
    table = Table("title", ("step", "why"), (("load", "-"), ("a longer one", "it <failed>")), "foot")
    assert repr(table) == "title\nstep          why\nload          -\na longer one  it <failed>\nfoot"


def test_a_table_without_rows_and_foot_is_its_title_and_heads() -> None:
    assert repr(Table("title", ("a", "b"), ())) == "title\na  b"
    assert "<div>" not in Table("title", ("a",), ())._repr_html_()


def _evil_story() -> Story:
    story = Story()
    story.starts(EVIL, inputs=[made(EVIL, EVIL)], source=EVIL, options=EVIL)
    story.fails(EVIL, message=EVIL)
    return story


def test_names_and_errors_in_the_status_are_shown_as_text() -> None:
    story = _evil_story()
    table = status_table(story.history, overview.rows(story.history))
    harmless(table)
    assert f"ValueError: {EVIL}" in seen(table).text


def test_reasons_in_a_plan_are_shown_as_text() -> None:
    table = plan_table(EVIL, Plan(steps=(PlannedStep(step=EVIL, action="maybe", reason=EVIL),)))
    harmless(table)
    assert EVIL in seen(table).text


def test_all_about_a_step_is_shown_as_text() -> None:
    manifest = Manifest(
        step=EVIL,
        names={EVIL: StoredName(digest="1" * 64, type=EVIL)},
        lost={EVIL: LostName(path=EVIL, reason=EVIL)},
        deleted=(EVIL,),
        dropped=(EVIL,),
        ambient={EVIL: StoredAmbient(digest="2", payload="3", derived="set")},
    )
    harmless(step_text(_evil_story().step(EVIL), manifest))


def test_the_status_of_a_run_is_a_row_for_each_step() -> None:
    story = Story()
    story.runs("load", ran=90.0)
    story.crashes("train", 2)
    table = status_table(story.history, overview.rows(story.history))
    assert table.title == "run interactive.1 of etl.ipynb: open"
    assert [(row[0], row[1], row[3], row[4]) for row in table.rows] == [
        ("load", "finished", "1 min 30 s", "1"),
        ("train", "died", "-", "2"),
    ]
    assert table.rows[1][-1] == "attempt 2 died with the kernel"
    assert status_table(Story().history, []).foot == "no step has run yet"


def test_lost_names_are_in_the_status() -> None:
    one = overview.StepRow(
        step="a", status="finished", reason="", at=None, ran=None, attempts=1, executions=1, size=None, names=(), lost=("client", "pool")
    )
    assert status_table(Story().history, [one]).rows == (("a", "finished", "-", "-", "1", "-", "lost: client, pool"),)


def test_a_plan_says_what_each_step_would_do() -> None:
    steps = tuple(PlannedStep(step=a, action=a, reason="r", ran=2.0) for a in ("reuse", "run", "maybe", "ask", "refuse"))  # type: ignore[arg-type]
    assert [row[1] for row in plan_table("r", Plan(steps=steps)).rows] == ["reuse", "run", "run or reuse", "ask", "refuse"]
    assert plan_table("r", Plan(steps=())).foot == "the notebook has no durable cells"


def test_a_step_tells_its_attempts_inputs_variables_and_source() -> None:
    story = Story()
    story.starts("train", inputs=[made("df", "load", "d" * 64)], source="model = fit(df)\n", options="train --retries 1")
    story.fails("train", message="no", retry_in=1.0)
    story.resumes("train")
    story.succeeds("train")
    manifest = Manifest(step="train", names={"model": StoredName(digest="e" * 64, type="Model")}, deleted=("tmp",))
    rows = dict(step_text(story.step("train"), manifest).rows)
    assert rows["options"] == "train --retries 1"
    assert rows["execution 1, attempt 1"].startswith("exception, ")
    assert rows["execution 1, attempt 1"].endswith("ValueError: no")
    assert rows["execution 1, attempt 2"].startswith("succeeded, ")
    assert rows["input df"] == f"durable by load, {'d' * 12}"
    assert rows["variable model"] == f"Model, {'e' * 12}"
    assert "deleted tmp" in rows
    assert rows["source"] == "model = fit(df)"


def test_a_step_without_a_checkpoint_can_be_shown() -> None:
    story = Story()
    story.crashes("train", 1)
    assert step_text(story.step("train"), None).title == "step train: crashed"


def test_a_time_of_today_is_without_its_date() -> None:
    now = datetime.now(UTC)
    # at midnight the day may turn between the two looks at the clock
    assert re.fullmatch(r"\d\d:\d\d:\d\d", when(now)) or now.astimezone().date() != datetime.now().astimezone().date()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", when(now - timedelta(days=2)))
    assert when(None) == "-"


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (None, "-"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (84_000_000, "84 MB"),
        (2_500_000_000, "2.5 GB"),
        (3 * 10**12, "3.0 TB"),
        (10**16, "10000.0 TB"),
    ],
)
def test_a_size_is_told_in_decimal_units(size: int | None, words: str) -> None:
    assert bytes_text(size) == words


def test_a_size_just_below_a_step_is_told_beyond_it() -> None:
    assert bytes_text(999_999) == "1.0 MB"


RUN = RunName(f"day={EVIL}", 2)


def storage(*holdings: Holding, owner: int | None = None) -> Storage:
    files = RunFiles(run=RUN, owner=owner, state="open", journal=4_100_000, packs=9_000_000, shared=1_000_000)
    store = StoreFiles(runs=(files,), total=14_100_000, unlisted=1_000_000, half_written=0)
    return Storage(run=RUN, files=store, holdings=holdings if owner is None else None, unreferred=4096)


def test_what_takes_the_room_stands_in_two_tables() -> None:
    held = Holding(step="load", what="df, view", types=EVIL, bytes=8_000_000, shared=3_000_000, names=("df", "view"))
    tables = storage_tables(storage(held))
    for part in tables.parts:
        harmless(part)
    text = repr(tables)
    for word in ("5.0 MB", "8.0 MB", "3.0 MB", "df, view", "counted with the first", "14 MB", "belong to no run", "%durable gc"):
        assert word in text
    assert EVIL in "".join(seen(tables.parts[0]).text)
    assert tables._repr_html_().count("<table>") == 2


def test_of_a_run_that_another_process_has_only_its_files_are_told() -> None:
    text = repr(storage_tables(storage(owner=4711)))
    assert "process 4711" in text
    assert "%durable du in that kernel" in text


def test_a_collection_says_what_went_and_what_could_not() -> None:
    removed = (
        Removed(what="run", count=1, bytes=10, run="default.1"),
        Removed(what="checkpoints", count=3, bytes=0, run="interactive.1", step=EVIL),
        Removed(what="packs", count=2, bytes=5_000_000),
    )
    done = Collected(removed=removed, owned={RUN: 4711}, left={RunName("default", 3): "it is damaged"})
    table = collected_table(done, dry_run=False)
    harmless(table)
    text = repr(table)
    assert text.startswith("removed 5.0 MB")
    assert all(
        word in text
        for word in ("default.1", "packs of big values", "process 4711: it was asked", "default.3 was left as it is: it is damaged")
    )
    assert repr(collected_table(done, dry_run=True)).startswith("this would remove 5.0 MB; nothing was changed")
    assert repr(collected_table(Collected(owned={}, left={}), dry_run=True)) == "there is nothing to remove"
